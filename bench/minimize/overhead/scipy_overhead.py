"""SciPy on the function of crates/steepest-solvers/examples/overhead.rs: scipy_overhead.py SOLVER STEPS DIM…

Prints the lines that program prints: peer, solver, dimension, steps, gradients, seconds of the runs, seconds of the
function alone.
"""

import sys
import time

import numpy as np
from scipy.optimize import minimize


def pairs(x):
    a, b = x[0::2], x[1::2]
    r = b - a * a
    g = np.empty_like(x)
    g[0::2] = -400.0 * r * a - 2.0 * (1.0 - a)
    g[1::2] = 200.0 * r
    return float(100.0 * (r @ r) + ((1.0 - a) @ (1.0 - a))), g


METHODS = {
    "lbfgs": ("L-BFGS-B", {"maxcor": 10, "gtol": 0.0, "ftol": 0.0, "maxfun": 10**9}),
    "cg": ("CG", {"gtol": 0.0}),
    "bfgs": ("BFGS", {"gtol": 0.0}),
}


def main():
    solver, steps = sys.argv[1], int(sys.argv[2])
    method, options = METHODS[solver]
    for dim in map(int, sys.argv[3:]):
        repeats = min(max(20_000 // (dim * steps), 1), 50)
        i = np.arange(dim)
        best, alone = None, np.inf
        for _ in range(3):
            total, made, evals = 0.0, 0, 0
            for repeat in range(repeats):
                x = np.where(i % 2 == 0, -1.2 - 1e-3 * ((i + repeat) % 97), 1.0 + 1e-3 * (i % 89))
                clock = time.perf_counter()
                found = minimize(pairs, x, jac=True, method=method, options={**options, "maxiter": steps})
                total += time.perf_counter() - clock
                made, evals = made + found.nit, evals + found.nfev
            if best is None or total < best[0]:
                best = (total, made, evals)
            x = np.full(dim, 0.5)
            clock = time.perf_counter()
            for _ in range(best[2]):
                pairs(x)
            alone = min(alone, time.perf_counter() - clock)
        print(f"scipy,{solver},{dim},{best[1]},{best[2]},{best[0]:e},{alone:e}")


main()
