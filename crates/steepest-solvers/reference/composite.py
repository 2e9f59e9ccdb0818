"""Solutions of small composite problems by scikit-learn and SciPy, written as Rust for the tests of this crate.

python reference/composite.py    (scikit-learn 1.7, SciPy 1.16; any version that agrees to 1e-9 will do)
"""

from pathlib import Path

import numpy as np
from sklearn.linear_model import Lasso

here = Path(__file__).parent

i, j = np.arange(30)[:, None], np.arange(20)[None, :]
A = ((i * 37 + j * 101 + i * j * 13) % 97) / 97.0 - 0.5
b = (np.arange(30) * 29 % 31) / 31.0 - 0.3
lam = 0.2

# scikit-learn divides the squares by the number of rows.
fit = Lasso(alpha=lam / 30, fit_intercept=False, tol=1e-15, max_iter=10**6).fit(A, b)
x = fit.coef_
value = 0.5 * np.sum((A @ x - b) ** 2) + lam * np.abs(x).sum()
g = A.T @ (A @ x - b)
assert np.all(np.abs(g[x == 0]) <= lam) and np.allclose(g[x != 0], -lam * np.sign(x[x != 0]), atol=1e-10)
text = ", ".join(repr(float(v)) for v in x)
(here / "lasso.rs").write_text(
    "/// Minimum and minimizer by scikit-learn; written by `reference/composite.py`.\n"
    f"pub(crate) fn lasso_minimum() -> (f64, [f64; 20]) {{\n    ({float(value)!r}, [{text}])\n}}\n"
)
print(value, np.count_nonzero(x))

# Bounded problems by SciPy's L-BFGS-B (m = 10): minimum, evaluations, and where it ends.
from scipy.optimize import minimize, rosen, rosen_der


def chain(x):
    """The sample problem of the authors' code: 4·(¼(x₁ − 1)² + Σ (xᵢ − xᵢ₋₁²)²)."""
    r = x[1:] - x[:-1] ** 2
    g = np.zeros_like(x)
    g[0] = 2.0 * (x[0] - 1.0)
    g[1:] += 8.0 * r
    g[:-1] -= 16.0 * x[:-1] * r
    return (x[0] - 1.0) ** 2 + 4.0 * np.sum(r**2), g


def bowl(x):
    """½ xᵀHx − bᵀx with H = diag(1…d) + ones, whose minimum is cut by the box."""
    w = np.arange(1, x.size + 1.0)
    hx = w * x + x.sum()
    b = np.cos(w) * w
    return 0.5 * x @ hx - b @ x, hx - b


def wood(x):
    a, b, c, d = x
    f = 100 * (b - a * a) ** 2 + (1 - a) ** 2 + 90 * (d - c * c) ** 2 + (1 - c) ** 2
    f += 10.1 * ((b - 1) ** 2 + (d - 1) ** 2) + 19.8 * (b - 1) * (d - 1)
    g = np.array([
        -400 * a * (b - a * a) - 2 * (1 - a), 200 * (b - a * a) + 20.2 * (b - 1) + 19.8 * (d - 1),
        -360 * c * (d - c * c) - 2 * (1 - c), 180 * (d - c * c) + 20.2 * (d - 1) + 19.8 * (b - 1)])
    return f, g


d = 25
odd = np.arange(d) % 2 == 0
problems = {
    "chain": (chain, np.full(d, 3.0), np.where(odd, 1.0, -100.0), np.full(d, 100.0)),
    "rosenbrock": (lambda x: (rosen(x), rosen_der(x)), np.tile([-1.2, 1.0], 5), np.full(10, -2.0), np.tile([0.8, 2.0], 5)),
    "bowl": (bowl, np.zeros(50), np.full(50, -0.3), np.full(50, 0.5)),
    "wood": (wood, np.array([0.0, -1.0, 0.0, -1.0]), np.full(4, -10.0), np.array([10.0, 0.9, 10.0, 10.0])),
}
rows = []
for name, (fun, x0, lower, upper) in problems.items():
    fit = minimize(fun, np.clip(x0, lower, upper), jac=True, method="L-BFGS-B", bounds=list(zip(lower, upper)),
                   options={"ftol": 0.0, "gtol": 1e-8, "maxcor": 10, "maxfun": 10**5, "maxiter": 10**5})
    active = int(np.sum((fit.x <= lower) | (fit.x >= upper)))
    rows.append(f'    ("{name}", {float(fit.fun)!r}, {fit.nfev}, {active}),\n')
    print(name, fit.fun, fit.nfev, fit.nit, active, fit.message)
(here / "bounded.rs").write_text(
    "/// Problem, minimum, evaluations and active bounds by SciPy's L-BFGS-B; written by `reference/composite.py`.\n"
    f"const SCIPY: [(&str, f64, usize, usize); {len(rows)}] = [\n{''.join(rows)}];\n"
)

# Diagnostics of three chains by ArviZ 0.23.
import arviz

c, k = np.arange(3)[:, None], np.arange(400)[None, :]
wave = np.sin(0.05 * (k * (c + 1))) + ((k * 7919 + c * 104729) % 1009) / 1009.0 + 0.1 * c
found = arviz.ess(wave, method="mean"), arviz.rhat(wave, method="split"), arviz.rhat(wave, method="rank")
(here / "arviz.rs").write_text(
    "/// Effective sample size, split and rank-normalized R̂ by ArviZ; written by `reference/composite.py`.\n"
    f"const ARVIZ: (f64, f64, f64) = ({', '.join(repr(float(v)) for v in found)});\n"
)

# Problem 71 of Hock and Schittkowski by SciPy's SLSQP and trust-constr: minimum, minimizer, and multipliers of 25 − Πx ≤ 0 and
# Σx² − 40 = 0.
from scipy.optimize import NonlinearConstraint

f = lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]
df = lambda x: np.array([x[3] * (2 * x[0] + x[1] + x[2]), x[0] * x[3], x[0] * x[3] + 1.0, x[0] * (x[0] + x[1] + x[2])])
dp = lambda x: np.array([np.prod(np.delete(x, i)) for i in range(4)])
x0, box = [1.0, 5.0, 5.0, 1.0], [(1.0, 5.0)] * 4
slsqp = minimize(f, x0, jac=df, bounds=box, method="SLSQP", options={"ftol": 1e-14}, constraints=[
    {"type": "ineq", "fun": lambda x: np.prod(x) - 25.0, "jac": dp},
    {"type": "eq", "fun": lambda x: x @ x - 40.0, "jac": lambda x: 2 * x}])
trust = minimize(f, x0, jac=df, bounds=box, method="trust-constr", options={"gtol": 1e-10, "xtol": 1e-14, "maxiter": 5000}, constraints=[
    NonlinearConstraint(lambda x: 25.0 - np.prod(x), -np.inf, 0.0, jac=lambda x: -dp(x)),
    NonlinearConstraint(lambda x: x @ x - 40.0, 0.0, 0.0, jac=lambda x: 2 * x)])
print(slsqp.fun, trust.fun, [v[0] for v in trust.v[:2]])
assert abs(slsqp.fun - trust.fun) < 1e-5
(here / "constrained.rs").write_text(
    "/// Minimum, minimizer (SLSQP) and multipliers (trust-constr); written by `reference/composite.py`.\n"
    f"const SCIPY: (f64, [f64; 4], [f64; 2]) = ({float(slsqp.fun)!r}, {[float(v) for v in slsqp.x]}, "
    f"{[float(v[0]) for v in trust.v[:2]]});\n"
)
