"""The cost of a step besides the function, in steepest, SciPy and argmin: race.py OURS ARGMIN > results.md

OURS is target/release/examples/overhead, ARGMIN the program built in argmin/. Every program prints, a line a dimension: peer,
solver, dimension, steps, gradients, seconds of the runs, seconds of the function alone. The overhead of a step is the difference of
the two, divided by the steps. Run on an idle machine.
"""

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
STEPS = "60"
DIMS = {"lbfgs": ["2", "10", "100", "1000", "10000", "100000", "1000000"], "cg": ["2", "100", "10000", "1000000"], "bfgs": ["2", "10", "100"]}


def run(command):
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return [line.split(",") for line in lines]


def main():
    ours, argmin = sys.argv[1:3]
    rows = []
    for solver, dims in DIMS.items():
        rows += run([ours, solver, STEPS, *dims])
        rows += run([sys.executable, str(HERE / "scipy_overhead.py"), solver, STEPS, *dims])
        if solver == "lbfgs":
            rows += run([argmin, "lbfgs", STEPS, *dims])
            rows += [["argmin", "lbfgs", *r[2:]] for r in run([argmin, "lbfgs-hz", STEPS, *dims])]
    best = {}
    for peer, solver, dim, steps, grads, whole, alone in rows:
        overhead = (float(whole) - float(alone)) / max(int(steps), 1) * 1e6
        key = (solver, int(dim), peer)
        best[key] = min(best.get(key, (float("inf"), 0)), (overhead, int(grads) / max(int(steps), 1)))
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.processor())
    print(f"Overhead of a step in microseconds (evaluations of the function subtracted), {STEPS} steps of the extended Rosenbrock function")
    print(f"of pairs; {cpu}, SciPy {version('scipy')}, argmin 0.11 (the faster of its Moré–Thuente and Hager–Zhang searches).\n")
    print("| solver | dimension | steepest | SciPy | ratio | argmin | ratio | evaluations a step (steepest, SciPy, argmin) |")
    print("|---|---:|---:|---:|---:|---:|---:|---|")
    for solver, dims in DIMS.items():
        for dim in map(int, dims):
            o, s, a = (best.get((solver, dim, p)) for p in ("steepest", "scipy", "argmin"))
            show = lambda v: f"{v[0]:.3g}" if v else "–"
            ratio = lambda v: f"{v[0] / o[0]:.1f}×" if v else "–"
            evals = ", ".join(f"{v[1]:.2f}" if v else "–" for v in (o, s, a))
            print(f"| {solver} | {dim:,} | {show(o)} | {show(s)} | {ratio(s)} | {show(a)} | {ratio(a)} | {evals} |")
    # L-BFGS with 10 pairs: every pair twice and g with them (42 read, d written), the next pair (4 read, 2 written), its products with
    # the newest y (2), and for each trial x + td (2 read, 1 written) and its slope (2), three norms.
    speed = float(subprocess.run([ours, "bandwidth", "0", "20000000"], check=True, capture_output=True, text=True).stdout)
    vectors = 42 + 1 + 6 + 2 + 3 + 5 * best[("lbfgs", 10**6, "steepest")][1]
    least = 8e6 * vectors / speed * 1e6
    spent = best[("lbfgs", 10**6, "steepest")][0]
    print(f"\nL-BFGS at a million variables reads and writes {vectors:.0f} vectors a step; at the {speed / 1e9:.1f} GB/s that a product of")
    print(f"two long vectors reads here that is {least:.0f} µs, and the step takes {spent / least:.2f} times as long.")


main()
