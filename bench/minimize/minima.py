"""Local minima of the test problems that have no closed form, by SciPy's solvers from the standard start and around it, each
polished by Newton's method until the gradient is at rounding level and looked at through the eigenvalues of the Hessian.

    python bench/minimize/minima.py NAME …       prints name, n, value, ‖∇f‖∞, least eigenvalue, how often it was reached
"""

import collections
import sys
import warnings

import numpy as np
import scipy.optimize

import served

warnings.filterwarnings("ignore")


def polish(p, x):
    f, g = p.both(x)
    for _ in range(60):
        h = p.hessian(x)
        if not (np.all(np.isfinite(h)) and np.isfinite(f)):
            return x, f, g
        w, q = np.linalg.eigh(h)
        step = -q @ ((q.T @ g) / np.maximum(np.abs(w), 1e-14 * np.abs(w).max() + 1e-300))
        for _ in range(40):
            ft, gt = p.both(x + step)
            if np.isfinite(ft) and (ft < f or (ft <= f + 1e-14 * abs(f) and np.abs(gt).max() < np.abs(g).max())):
                break
            step = step / 2
        else:
            return x, f, g
        x, f, g = x + step, ft, gt
    return x, f, g


def descend(p, x, method):
    options = {"maxiter": 3000}
    if method == "L-BFGS-B":
        options |= {"maxfun": 20000, "ftol": 0, "gtol": 1e-9}
    derivatives = {"hess": p.hessian} if method.startswith("trust") else {}
    return scipy.optimize.minimize(p.both, x, jac=True, method=method, options=options, **derivatives).x


def minima(p, starts):
    rng = np.random.default_rng(0)
    found = collections.Counter()
    facts = {}
    for k in range(starts):
        x = p.start if k == 0 else p.start + 0.1 * k / starts * rng.standard_normal(p.n) * np.maximum(np.abs(p.start), 0.1)
        for method in ("L-BFGS-B", "trust-exact"):
            try:
                end, f, g = polish(p, descend(p, x, method))
            except (np.linalg.LinAlgError, ValueError, OverflowError):
                continue
            if not np.isfinite(f):
                continue
            value = float(f"{f:.10g}")
            found[value] += 1
            if value not in facts or np.abs(g).max() < facts[value][1]:
                facts[value] = (f, np.abs(g).max(), np.linalg.eigvalsh(p.hessian(end))[0], end)
    return found, facts


if __name__ == "__main__":
    server = served.Server()
    for word in sys.argv[1:]:
        name, _, dim = word.partition("@")
        p = server.problem(name, int(dim or 0))
        found, facts = minima(p, 6)
        for value, times in sorted(found.items())[:8]:
            f, g, least, end = facts[value]
            where = np.array2string(end, precision=15) if p.n <= 6 else ""
            print(f"{name:24} {p.n:5d} {f:.17g}  |g| {g:.1e}  λ {least:.2e}  ×{times}  listed {p.minima[:4]} {where}", flush=True)
