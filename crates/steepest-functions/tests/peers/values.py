"""Values of the test problems computed by others: CUTEst's functions by sif2jax (PyPI), Moré and Wild's by optimagic (PyPI), those
of global optimization by the benchmark functions of SciPy's repository (its directory `benchmarks`, given as the first argument).

    python values.py SCIPY/benchmarks > values.csv

A line is `problem,dimension,point,value`. Point 0 is the standard start, by the peer where the peer has it; point k = 1, 2 is
xᵢ = startᵢ + 0.1·k·sin(i + k)·max(|startᵢ|, 0.1), i from 1. Where a peer defines a function otherwise than its source
does (sif2jax drops the scales of some groups and starts some problems elsewhere; SciPy's Levy03 and Colville are variants), the
formula is written out in PLAIN, from the source.
"""

import importlib
import math
import os
import pathlib
import sys

os.environ["JAX_ENABLE_X64"] = "1"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "bench" / "minimize"))

import jax  # noqa: E402
import numpy as np  # noqa: E402

import served  # noqa: E402

jax.config.update("jax_enable_x64", True)

SIF = {name: name for name in """
    arwhead bdqrtic broydn7d chainwoo chnrosnb cosine cragglvy curly10 curly20 dixmaanb dixmaanc dixmaand dixmaanf dixmaang
    dixmaanh dixmaanj dixmaank dixmaanl dixmaann dixmaano dixmaanp dixon3dq dqdrtic dqrtic edensch eg2 eigenals engval1 engval2
    errinros fletcbv2 fminsurf freuroth genrose hilbertb liarwhd noncvxu2 nondquar penalty3 schmvett sparsine sparsqur tointgss
    woods allinitu cliff cube denschna denschnb denschnc denschnd denschne denschnf himmelbf himmelbg s308 zangwil2 bard beale
    gulf watson
    """.split()}
SIF |= {
    "dixmaana": "dixmaana1", "dixmaane": "dixmaane1", "dixmaani": "dixmaani1", "dixmaanm": "dixmaanm1",
    "rosenbrock": "rosenbr", "freudenstein-roth": "freurone", "brown-badly-scaled": "brownbs", "jennrich-sampson": "jensmp",
    "helical-valley": "helix", "gaussian": "gaussian", "box-3d": "box3", "kowalik-osborne": "kowosb",
    "brown-dennis": "brownden", "osborne-1": "osbornea", "osborne-2": "osborneb", "biggs-exp6": "biggs6",
    
    "discrete-boundary-value": "morebv",
    "broyden-tridiagonal": "broydn3dls",
}

GLOBAL = {
    "ackley": "Ackley01", "alpine-1": "Alpine01", "bartels-conn": "BartelsConn", "bird": "Bird", "bohachevsky-1": "Bohachevsky1",
    "booth": "Booth", "branin": "Branin01", "bukin-6": "Bukin06", "cosine-mixture": "CosineMixture", "cross-in-tray": "CrossInTray",
    "dixon-price": "DixonPrice", "drop-wave": "DropWave", "egg-crate": "EggCrate", "eggholder": "EggHolder",
    "exponential": "Exponential", "goldstein-price": "GoldsteinPrice", "griewank": "Griewank", "hartmann-3": "Hartmann3",
    "hartmann-6": "Hartmann6", "himmelblau": "HimmelBlau", "holder-table": "HolderTable", "levy": "Levy03", "levy-13": "Levy13",
    "matyas": "Matyas", "mccormick": "McCormick", "michalewicz": "Michalewicz", "qing": "Qing", "quintic": "Quintic",
    "rastrigin": "Rastrigin", "salomon": "Salomon", "schaffer-2": "Schaffer02", "schaffer-4": "Schaffer04",
    "schwefel": "Schwefel26", "schwefel-1-2": "Schwefel02", "shekel-5": "Shekel05", "shekel-7": "Shekel07",
    "shekel-10": "Shekel10", "shubert": "Shubert01", "shubert-sum": "Shubert03", "six-hump-camel": "SixHumpCamel",
    "sphere": "Sphere", "styblinski-tang": "StyblinskiTang", "three-hump-camel": "ThreeHumpCamel", "trefethen": "Trefethen",
    "trid": "Trid", "wood": "Colville", "zakharov": "Zakharov",
}

MORE_WILD = {
    "helical-valley": "helical_valley_good_start", "powell-singular": "powell_singular_good_start",
    "bard": "bard_good_start", "kowalik-osborne": "kowalik_osborne", "meyer": "meyer", "watson": "watson_6_good_start",
    "box-3d": "box_3d", "brown-dennis": "brown_dennis_good_start", "chebyquad": "chebyquad_8",
    "brown-almost-linear": "brown_almost_linear", "osborne-1": "osborne_one", "osborne-2": "osborne_two_good_start",
}


def index(x):
    return np.arange(1, len(x) + 1)


def chained(f, width, step=1):
    return lambda x: sum(f(*x[k:k + width]) for k in range(0, len(x) - width + 1, step))


def penalty_2(x):
    n, a = len(x), 1e-5
    e, i = np.exp(x / 10), index(x)
    y = np.exp(i[1:] / 10) + np.exp(i[:-1] / 10)
    first = np.sum((e[1:] + e[:-1] - y) ** 2) + np.sum((e[1:] - np.exp(-0.1)) ** 2)
    return (x[0] - 0.2) ** 2 + a * first + (np.sum((n - i + 1) * x**2) - 1) ** 2


def integral_equation(x):
    n = len(x)
    h = 1 / (n + 1)
    t = h * index(x)
    cube = (x + t + 1) ** 3
    kernel = np.where(t[None, :] <= t[:, None], (1 - t[:, None]) * t[None, :], t[:, None] * (1 - t[None, :]))
    return np.sum((x + h / 2 * kernel @ cube) ** 2)


def banded(x):
    n, total = len(x), 0.0
    for i in range(n):
        band = [j for j in range(max(0, i - 5), min(n - 1, i + 1) + 1) if j != i]
        total += (x[i] * (2 + 5 * x[i] ** 2) + 1 - sum(x[j] * (1 + x[j]) for j in band)) ** 2
    return total


def mancino(x):
    n, total = len(x), 0.0
    for i in range(1, n + 1):
        v = [math.sqrt(x[i - 1] ** 2 + i / j) for j in range(1, n + 1) if j != i]
        wave = sum(v * (math.sin(math.log(v)) ** 5 + math.cos(math.log(v)) ** 5) for v in v)
        total += (14 * n * x[i - 1] + (i - n / 2) ** 3 + wave) ** 2
    return total


def ncb20b(x):
    n = len(x)
    window = lambda v, i: np.sum(v[i:i + 20])  # noqa: E731
    bent = x / (1 + x**2)
    bands = sum(10 / (i + 1) * window(bent, i) ** 2 - 0.2 * window(x, i) for i in range(n - 19))
    return 2 * n + bands + 100 * np.sum(x**4)


def levy(x):
    w = 1 + (x - 1) / 4
    middle = np.sum((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2))
    return np.sin(np.pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)


def wood(a, b, c, d):
    first = 100 * (b - a**2) ** 2 + (1 - a) ** 2 + 90 * (d - c**2) ** 2 + (1 - c) ** 2
    return first + 10 * (b + d - 2) ** 2 + 0.1 * (b - d) ** 2


def brown_trigonometric(x):
    return np.sum((len(x) - np.sum(np.cos(x)) + index(x) * (1 - np.cos(x)) - np.sin(x)) ** 2)


PLAIN = {
    "rosenbrock": chained(lambda a, b: 100 * (b - a * a) ** 2 + (1 - a) ** 2, 2),
    "powell-badly-scaled": lambda x: (1e4 * x[0] * x[1] - 1) ** 2 + (np.exp(-x[0]) + np.exp(-x[1]) - 1.0001) ** 2,
    "wood": lambda x: wood(*x),
    "extended-rosenbrock": chained(lambda a, b: 100 * (b - a * a) ** 2 + (1 - a) ** 2, 2, 2),
    "extended-powell": chained(
        lambda a, b, c, d: (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4, 4, 4),
    "penalty-1": lambda x: 1e-5 * np.sum((x - 1) ** 2) + (np.sum(x**2) - 0.25) ** 2,
    "penalty-2": penalty_2,
    "variably-dimensioned": lambda x: (
        np.sum((x - 1) ** 2) + np.sum(index(x) * (x - 1)) ** 2 + np.sum(index(x) * (x - 1)) ** 4),
    "trigonometric": brown_trigonometric,
    "discrete-integral-equation": integral_equation,
    "broyden-banded": banded,
    "linear-full-rank": lambda x: np.sum((x - np.sum(x) / len(x) - 1) ** 2) + len(x) * (np.sum(x) / len(x) + 1) ** 2,
    "linear-rank-1": lambda x: np.sum((np.arange(1, 2 * len(x) + 1) * np.sum(index(x) * x) - 1) ** 2),
    "linear-rank-1-zero": lambda x: 2 + np.sum(
        (np.arange(1, 2 * len(x) - 1) * np.sum((index(x) * x)[1:-1]) - 1) ** 2),
    "engval1": chained(lambda a, b: (a * a + b * b) ** 2 - 4 * a + 3, 2),
    "tointgss": lambda x: sum(
        (10 / (len(x) - 2) + c * c) * (2 - math.exp(-((a - b) ** 2) / (0.1 + c * c))) for a, b, c in zip(x, x[1:], x[2:])),
    "sinquad": lambda x: (x[0] - 1) ** 4 + (x[-1] ** 2 - x[0] ** 2) ** 2 + np.sum(
        (np.sin(x[1:-1] - x[-1]) - x[0] ** 2 + x[1:-1] ** 2) ** 2),
    "tquartic": lambda x: (x[0] - 1) ** 2 + np.sum((x[0] ** 2 - x[1:] ** 2) ** 2),
    "tridia": lambda x: (x[0] - 1) ** 2 + np.sum(index(x)[1:] * (2 * x[1:] - x[:-1]) ** 2),
    "power": lambda x: np.sum((index(x) * x) ** 2),
    "testquad": lambda x: np.sum(index(x) * x**2),
    "extrosnb": lambda x: (x[0] - 1) ** 2 + 100 * np.sum((x[1:] - x[:-1] ** 2) ** 2),
    "nondia": lambda x: (x[0] - 1) ** 2 + 100 * np.sum((x[0] - x[:-1] ** 2) ** 2),
    "fletchcr": chained(lambda a, b: 100 * (b - a + 1 - a * a) ** 2, 2),
    "chainwoo": lambda x: 1 + chained(wood, 4, 2)(x),
    "woods": chained(wood, 4, 4),
    "mancino": mancino,
    "ncb20b": ncb20b,
    "mexhat": lambda x: -2 * (x[0] - 1) ** 2 + 1e4 * (
        -0.02 + (x[1] - x[0] ** 2) ** 2 / 1e-4 + (x[0] - 1) ** 2) ** 2,
    "sineval": lambda x: 1e4 * (x[1] - np.sin(x[0])) ** 2 + x[0] ** 2 / 4,
    "sisser": lambda x: 3 * x[0] ** 4 - 2 * (x[0] * x[1]) ** 2 + 3 * x[1] ** 4,
    "brkmcc": lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2 + 1 / (25 * (1 - x[0] ** 2 / 4 - x[1] ** 2)) + 5 * (
        x[0] - 2 * x[1] + 1) ** 2,
    "booth": lambda x: (x[0] + 2 * x[1] - 7) ** 2 + (2 * x[0] + x[1] - 5) ** 2,
    "easom": lambda x: -np.cos(x[0]) * np.cos(x[1]) * np.exp(-((x[0] - np.pi) ** 2) - (x[1] - np.pi) ** 2),
    "levy": levy,
    "zakharov": lambda x: np.sum(x**2) + np.sum(index(x) * x / 2) ** 2 + np.sum(index(x) * x / 2) ** 4,
    "maxq": lambda x: np.max(x**2),
    "mxhilb": lambda x: np.max(np.abs((1 / (index(x)[:, None] + index(x)[None, :] - 1)) @ x)),
    "chained-lq": chained(lambda a, b: max(-a - b, -a - b + a * a + b * b - 1), 2),
    "chained-cb3-1": chained(lambda a, b: max(a**4 + b * b, (2 - a) ** 2 + (2 - b) ** 2, 2 * math.exp(b - a)), 2),
    "chained-mifflin-2": chained(lambda a, b: -a + 2 * (a * a + b * b - 1) + 1.75 * abs(a * a + b * b - 1), 2),
    "nesterov-worst": lambda x: 0.125 * (x[0] ** 2 + np.sum((x[:-1] - x[1:]) ** 2) + x[-1] ** 2) - x[0] / 4,
}



def sif(name, n):
    """The peer's problem in n variables: the dimension is a field of some name, or there is none."""
    import sif2jax.cutest as cutest

    module = importlib.import_module(f"sif2jax.cutest._unconstrained_minimisation.{name}")
    cls = getattr(module, name.upper())
    try:
        problem = cls(n=n)
    except TypeError:
        problem = cls()
    if np.size(problem.y0) != n:
        # The dimension is a field of another name.
        fields = {"n": n, "_n": n, "N": n, "ns": n // 2 - 1 if name == "chainwoo" else n // 4, "m": n // 2 - 1, "p": math.isqrt(n)}
        for field, value in fields.items():
            if hasattr(problem, field) and not (field == "m" and name != "cragglvy") and not (field == "p" and name != "fminsurf"):
                object.__setattr__(problem, field, value)
        if name == "eigenals":
            object.__setattr__(problem, "n", math.isqrt(n))
    assert np.size(problem.y0) == n, f"{name}: {np.size(problem.y0)} variables, not {n}"
    return np.asarray(problem.y0, dtype=float), lambda x: float(problem.objective(jax.numpy.asarray(x), problem.args))


def more_wild(name):
    from optimagic.benchmarking.more_wild import MORE_WILD_PROBLEMS

    problem = MORE_WILD_PROBLEMS[name]
    return np.asarray(problem["start_x"], dtype=float), lambda x: float(np.sum(np.asarray(problem["fun"](x)) ** 2))


def scipy_function(module, name, n):
    cls = getattr(module, name)
    function = cls(n) if "dimensions" in cls.__init__.__code__.co_varnames else cls()
    return None, lambda x: float(function.fun(np.asarray(x, dtype=float)))


def points(start):
    i = np.arange(1, len(start) + 1)
    yield start
    for k in (1, 2):
        yield start + 0.1 * k * np.sin(i + k) * np.maximum(np.abs(start), 0.1)


def main():
    sys.path.insert(0, sys.argv[1])
    from benchmarks import go_benchmark_functions as go

    server = served.Server()
    print("problem,dimension,point,value")
    for name in server.names():
        ours = server.problem(name)
        try:
            if name in PLAIN:
                start, f = None, PLAIN[name]
            elif name in MORE_WILD:
                start, f = more_wild(MORE_WILD[name])
            elif name in SIF:
                start, f = sif(SIF[name], ours.n)
            elif name in GLOBAL:
                start, f = scipy_function(go, GLOBAL[name], ours.n)
            else:
                continue
        except (AssertionError, AttributeError, ImportError, KeyError, TypeError, ValueError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        if start is not None and not np.allclose(start, ours.start, rtol=1e-12, atol=0):
            print(f"{name}: another start", file=sys.stderr)
        for k, x in enumerate(points(ours.start)):
            value, mine = float(f(x)), float(ours.value(x))
            if not abs(value - mine) <= 1e-9 * abs(mine) + 1e-13:
                print(f"{name} {ours.n} at {k}: {value!r}, ours {mine!r}", file=sys.stderr)
            print(f"{name},{ours.n},{k},{value!r}")


main()
