"""SciPy's solvers on the list of test problems: what each reaches, and after how many evaluations.

    python bench/minimize/scipy_profiles.py [METHOD …] > bench/minimize/results/scipy.csv
    python bench/minimize/scipy_profiles.py --times [METHOD …] > bench/minimize/results/times/scipy.csv

A problem counts as solved when f ≤ f* + 1e-6·(f₀ − f*) at the end, for the lowest known minimum f* or another that is listed;
the evaluations counted are those up to the first point that meets it. Tolerances are set so that a run ends only when it cannot
go on; at most 20,000 evaluations or 5 seconds.

With --times every run that scipy.csv counts as solved is made again up to the value that solved it, three times, and the seconds
that SciPy itself takes are written: the time inside the functions is left out, because they come here through a pipe, and is
added by profiles.py at what they take in the program itself.
"""

import csv
import pathlib
import sys
import time
import warnings

import numpy as np
import scipy.optimize

import served

warnings.filterwarnings("ignore")

METHODS = {
    "cg": ("CG", {"gtol": 1e-12, "maxiter": 20000}, ""),
    "bfgs": ("BFGS", {"gtol": 1e-12, "maxiter": 20000}, ""),
    "l-bfgs-b": ("L-BFGS-B", {"gtol": 1e-12, "ftol": 0, "maxiter": 20000, "maxfun": 20000}, ""),
    "tnc": ("TNC", {"gtol": 1e-12, "ftol": 0, "xtol": 0, "maxfun": 20000}, ""),
    "slsqp": ("SLSQP", {"ftol": 1e-18, "maxiter": 20000}, ""),
    "newton-cg": ("Newton-CG", {"xtol": 1e-12, "maxiter": 20000}, "hessp"),
    "trust-ncg": ("trust-ncg", {"gtol": 1e-12, "maxiter": 20000}, "hessp"),
    "trust-krylov": ("trust-krylov", {"gtol": 1e-12, "maxiter": 20000}, "hessp"),
    "trust-exact": ("trust-exact", {"gtol": 1e-12, "maxiter": 20000}, "hess"),
    "dogleg": ("dogleg", {"gtol": 1e-12, "maxiter": 20000}, "hess"),
}
LIMIT, SECONDS = 20000, 5.0


class Enough(Exception):
    pass


def run(problem, method, options, second):
    history, best, began = [], [np.inf, None], time.perf_counter()

    def both(x):
        f, g = problem.both(x)
        history.append(f)
        if f < best[0]:
            best[:] = [f, x.copy()]
        if len(history) >= LIMIT or time.perf_counter() - began > SECONDS:
            raise Enough
        return f, g

    derivatives = {"hessp": problem.hvp} if second == "hessp" else {"hess": problem.hessian} if second else {}
    try:
        end = scipy.optimize.minimize(both, problem.start, jac=True, method=method, options=options, **derivatives)
        value = float(end.fun)
    except (Enough, np.linalg.LinAlgError, ValueError, OverflowError, FloatingPointError):
        value = best[0]
    return np.array(history), value


def target(problem, value, first):
    """The minimum the end counts for: the lowest if it is met, else the listed one beside it."""
    if value <= problem.best + 1e-6 * (first - problem.best):
        return problem.best
    near = problem.minima[np.argmin(np.abs(problem.minima - value))]
    return near if abs(value - near) <= 1e-6 * (first - near) else None


def own_seconds(problem, method, options, second, bar):
    """Seconds outside the functions until a value is at most `bar`, and the calls of each kind until then."""
    began, inside = time.perf_counter(), [0.0]

    def timed(function):
        def call(*arguments):
            clock = time.perf_counter()
            answer = function(*arguments)
            inside[0] += time.perf_counter() - clock
            return answer
        return call

    both, product, hessian = timed(problem.both), timed(problem.hvp), timed(problem.hessian)

    def watched(x):
        f, g = both(x)
        if f <= bar or time.perf_counter() - began > SECONDS:
            raise Enough
        return f, g

    derivatives = {"hessp": product} if second == "hessp" else {"hess": hessian} if second else {}
    try:
        scipy.optimize.minimize(watched, problem.start, jac=True, method=method, options=options, **derivatives)
    except (Enough, np.linalg.LinAlgError, ValueError, OverflowError, FloatingPointError):
        pass
    return time.perf_counter() - began - inside[0]


def times(wanted):
    server = served.Server()
    with open(pathlib.Path(__file__).parent / "results" / "scipy.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["solved"] == "1" and row["solver"][6:] in wanted]
    print("problem,solver,own_seconds,gradients,hvps,hessians")
    for row in rows:
        problem, key = server.problem(row["problem"]), row["solver"][6:]
        first = problem.value(problem.start)
        goal = target(problem, float(row["value"]), first)
        least = float("inf")
        for _ in range(3):
            problem.counts.update(f=0, g=0, p=0, h=0)
            least = min(least, own_seconds(problem, *METHODS[key], goal + 1e-6 * (first - goal)))
        counts = problem.counts
        print(f"{row['problem']},{row['solver']},{least!r},{counts['g']},{counts['p']},{counts['h']}", flush=True)


def main():
    if "--times" in sys.argv:
        sys.argv.remove("--times")
        return times(sys.argv[1:] or list(METHODS))
    server = served.Server()
    wanted = sys.argv[1:] or list(METHODS)
    print("problem,n,collection,solver,solved,gradients,values,hvps,hessians,total_gradients,value")
    for name in server.names():
        problem = server.problem(name)
        if problem.collection not in ("more-garbow-hillstrom", "cutest"):
            continue
        first = problem.value(problem.start)
        for key in wanted:
            problem.counts.update(f=0, g=0, p=0, h=0)
            history, value = run(problem, *METHODS[key])
            goal = target(problem, value, first) if np.isfinite(value) else None
            used = len(history)
            if goal is not None:
                used = 1 + int(np.argmax(history <= goal + 1e-6 * (first - goal)))
            counts = f"{used},{used},{problem.counts['p']},{problem.counts['h']},{len(history)}"
            print(f"{name},{problem.n},{problem.collection},scipy:{key},{int(goal is not None)},{counts},{float(value)!r}", flush=True)


main()
