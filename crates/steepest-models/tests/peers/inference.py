"""Standard errors by statsmodels and by closed forms in NumPy, for tests/linear/inference.rs.

Run: python inference.py > inference.json (numpy, scipy, statsmodels). Deterministic.
"""

import json

import numpy as np
import scipy.optimize
import scipy.stats
import statsmodels
import statsmodels.api as sm

rng = np.random.default_rng(7)
n, d = 60, 3
x = np.round(rng.normal(size=(n, d)) * [1.0, 5.0, 0.2] + [0.0, 40.0, -1.0], 4)
counts = rng.integers(0, 4, size=n)
offset = np.round(rng.normal(size=n) * 0.3, 4)
linear = (x - x.mean(0)) / x.std(0) @ [0.8, -0.5, 0.3]
y = np.round(2.0 + linear + rng.normal(size=n), 4)
label = np.where(rng.random(n) < 1 / (1 + np.exp(-linear)), 1.0, 0.0)
events = rng.poisson(np.exp(0.5 + 0.4 * linear + offset)).astype(float)
scores = np.stack([0 * linear, linear + 0.3, -0.7 * linear + x[:, 0]], axis=1) + rng.gumbel(size=(n, 3))
kind = scores.argmax(1)

# The intercept is last, as in the parameters of a linear problem.
design = np.hstack([x, np.ones((n, 1))])
repeated = np.repeat(np.arange(n), counts)


def numbers(fit):
    interval = np.asarray(fit.conf_int())
    return {
        "point": list(map(float, fit.params)),
        "standard_error": list(map(float, fit.bse)),
        "z": list(map(float, fit.tvalues)),
        "p_value": list(map(float, fit.pvalues)),
        "low": list(map(float, interval[:, 0])),
        "high": list(map(float, interval[:, 1])),
    }


def closed(point, covariance, quantile, tail):
    error = np.sqrt(np.diag(covariance))
    return {
        "point": list(map(float, point)),
        "standard_error": list(map(float, error)),
        "z": list(map(float, point / error)),
        "p_value": [float(2 * tail(abs(v))) for v in point / error],
        "low": list(map(float, point - quantile * error)),
        "high": list(map(float, point + quantile * error)),
    }


def ridge(l2):
    """Linear in y, so that the variance is that of a sum: θ = By, V = σ²BBᵀ; σ² by the expected sum of squares."""
    penalty = n * l2 * np.diag([1.0] * d + [0.0])
    b = np.linalg.solve(design.T @ design + penalty, design.T)
    rest = np.eye(n) - design @ b
    left = np.trace(rest.T @ rest)
    point = b @ y
    variance = ((y - design @ point) ** 2).sum() / left
    t = scipy.stats.t(left)
    return closed(point, variance * b @ b.T, t.ppf(0.975), t.sf) | {"degrees_of_freedom": float(left)}


def logistic_ridge(l2):
    """le Cessie and van Houwelingen, 1992: (I + P)⁻¹ I (I + P)⁻¹."""
    penalty = n * l2 * np.diag([1.0] * d + [0.0])
    point = np.zeros(d + 1)
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ point))
        information = design.T @ (design * (p * (1 - p))[:, None])
        point = point + np.linalg.solve(information + penalty, design.T @ (label - p) - penalty @ point)
    inverse = np.linalg.inv(information + penalty)
    return closed(point, inverse @ information @ inverse, scipy.stats.norm.ppf(0.975), scipy.stats.norm.sf)


def huber(delta):
    """Reweighted least squares to the fixed point, then Huber's sandwich."""
    point = np.linalg.lstsq(design, y, rcond=None)[0]
    for _ in range(2000):
        r = y - design @ point
        w = np.minimum(1.0, delta / np.maximum(abs(r), 1e-300))
        point = np.linalg.solve(design.T @ (design * w[:, None]), design.T @ (w * y))
    r = y - design @ point
    score = np.clip(r, -delta, delta)
    bread = np.linalg.inv(design.T @ (design * (abs(r) <= delta)[:, None]))
    meat = design.T @ (design * (score**2)[:, None])
    covariance = bread @ meat @ bread * n / (n - d - 1)
    return closed(point, covariance, scipy.stats.norm.ppf(0.975), scipy.stats.norm.sf)


def multinomial():
    """Contrasts with class 0: class by class the features, then the constant."""
    fit = sm.MNLogit(kind, design).fit(method="newton", tol=1e-13, maxiter=100, disp=0)
    return {"contrast": fit.params.T.tolist(), "standard_error": np.asarray(fit.bse).T.tolist()}


tight = {"method": "newton", "tol": 1e-13, "maxiter": 100, "disp": 0}
print(
    json.dumps(
        {
            "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
            "x": x.tolist(),
            "y": y.tolist(),
            "label": label.tolist(),
            "events": events.tolist(),
            "kind": kind.tolist(),
            "counts": counts.tolist(),
            "offset": offset.tolist(),
            "ols": numbers(sm.OLS(y, design).fit()),
            "ols_counts": numbers(sm.OLS(y[repeated], design[repeated]).fit()),
            "ols_without_intercept": numbers(sm.OLS(y, x).fit()),
            "logit": numbers(sm.Logit(label, design).fit(**tight)),
            "logit_counts": numbers(sm.Logit(label[repeated], design[repeated]).fit(**tight)),
            "poisson_offset": numbers(sm.Poisson(events, design, offset=offset).fit(**tight)),
            "ridge": ridge(0.07),
            "logistic_ridge": logistic_ridge(0.07),
            "huber": huber(0.8),
            "multinomial": multinomial(),
        },
        indent=1,
    )
)
