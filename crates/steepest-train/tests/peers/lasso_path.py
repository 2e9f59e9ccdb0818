"""Makes lasso_path.json: scikit-learn's lasso and ridge on data/diabetes.csv at a grid of penalties.

Run: python lasso_path.py > lasso_path.json   (needs numpy and scikit-learn)

Features are centred and scaled by their population standard deviation; every fourth row is held out. scikit-learn's lasso
minimizes |y - Xw|^2/(2n) + alpha |w|_1, its ridge |y - Xw|^2 + alpha |w|^2, so that lambda_2 = alpha/n.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import Ridge, lasso_path

table = np.loadtxt(pathlib.Path(__file__).parents[4] / "data" / "diabetes.csv", delimiter=",", skiprows=1)
rows = np.arange(len(table))
train, held = table[rows % 4 != 3], table[rows % 4 == 3]
mean, scale = train[:, :-1].mean(axis=0), train[:, :-1].std(axis=0)
x, y = (train[:, :-1] - mean) / scale, train[:, -1]
xv, yv = (held[:, :-1] - mean) / scale, held[:, -1]
n = len(y)
centre = y.mean()

alphas, weights, _ = lasso_path(x, y - centre, alphas=20, eps=1e-4, tol=1e-12, max_iter=1_000_000)
lasso = {
    "lambda_max": float(np.abs(x.T @ (y - centre)).max() / n),
    "lambda": alphas.tolist(),
    "weights": weights.T.tolist(),
    "objective": [float(((y - centre - x @ w) ** 2).mean() / 2 + a * np.abs(w).sum()) for a, w in zip(alphas, weights.T)],
    "valid": [float(((yv - centre - xv @ w) ** 2).mean() / 2) for w in weights.T],
}

top = float((x**2).sum() / n)
ridge_lambdas = top * (1e-8) ** (np.arange(20) / 19)
ridge_weights = [Ridge(alpha=a * n, tol=1e-14).fit(x, y).coef_ for a in ridge_lambdas]
ridge = {"lambda": ridge_lambdas.tolist(), "weights": [w.tolist() for w in ridge_weights]}

print(json.dumps({"scikit-learn": sklearn.__version__, "lasso": lasso, "ridge": ridge}))
