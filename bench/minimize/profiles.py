"""Dolan and Moré's profiles from the files of `scipy_profiles.py` and of the example `profiles`.

    python bench/minimize/profiles.py > bench/minimize/results/profiles.md

E. D. Dolan and J. J. Moré, "Benchmarking optimization software with performance profiles", Mathematical Programming 91, 2002,
doi:10.1007/s101070100263. ρ(τ) is the share of problems a solver solves within τ times the evaluations of the best of the table.
An evaluation is a gradient with its value, or a Hessian-vector product; a Hessian counts as n of them, capped at what the
problem has variables. Values without a gradient count too where the solver asks for them alone.
"""

import csv
import math
import pathlib
import statistics

FOLDER = pathlib.Path(__file__).parent / "results"
RATIOS = (1, 2, 4, 10)


def rows():
    for path in sorted(FOLDER.glob("*.csv")):
        with open(path) as file:
            yield from csv.DictReader(file)


def main():
    runs = {}
    for row in rows():
        runs.setdefault(row["solver"], {})[row["problem"]] = row
    problems = sorted(set.union(*(set(r) for r in runs.values())))

    def solved(solver, problem):
        row = runs[solver].get(problem)
        return row is not None and row["solved"] == "1"

    def gradients(solver, problem):
        return int(runs[solver][problem]["gradients"]) if solved(solver, problem) else math.inf

    def work(solver, problem):
        if not solved(solver, problem):
            return math.inf
        row = runs[solver][problem]
        products = int(row["hvps"]) + int(row["hessians"]) * int(row["n"])
        return max(int(row["gradients"]), int(row["values"])) + products

    print(f"# Solvers on {len(problems)} problems: Moré, Garbow and Hillstrom's 35 and CUTEst's\n")
    print("Solved: f ≤ f* + 10⁻⁶(f₀ − f*), or as near to another listed minimum. Median: gradients until then, over all problems")
    print("(an unsolved one counts as ∞). ρ(τ): share of problems solved within τ times the work of the best solver, where a value")
    print("or a gradient with it costs 1, a Hessian-vector product 1, a Hessian n.\n")
    print("| solver | solved | of 35 | median gradients | " + " | ".join(f"ρ({t})" for t in RATIOS) + " |")
    print("|---|---|---|---|" + "---|" * len(RATIOS))
    best = {p: min(work(s, p) for s in runs) for p in problems}
    for solver in sorted(runs, key=lambda s: -sum(solved(s, p) for p in problems)):
        good = [p for p in problems if solved(solver, p)]
        classic = sum(runs[solver][p]["collection"] == "more-garbow-hillstrom" for p in good)
        shares = [sum(work(solver, p) <= t * best[p] for p in good) / len(problems) for t in RATIOS]
        median = statistics.median(gradients(solver, p) for p in problems)
        print(f"| {solver} | {len(good)} ({len(good) / len(problems):.1%}) | {classic} | {median:g} | "
              + " | ".join(f"{share:.2f}" for share in shares) + " |")
    print("\n## Gradients, solver by solver\n")
    pairs = [("lbfgs", "scipy:l-bfgs-b"), ("bfgs", "scipy:bfgs"), ("cg", "scipy:cg"), ("trust-region", "scipy:trust-ncg"),
             ("trust-region", "scipy:trust-exact"), ("newton", "scipy:trust-exact"), ("newton-cg", "scipy:newton-cg")]
    print("| ours | SciPy's | both solve | median of ours / SciPy's | ours fewer | equal | more |")
    print("|---|---|---|---|---|---|---|")
    for ours, theirs in pairs:
        if ours not in runs or theirs not in runs:
            continue
        both = [p for p in problems if solved(ours, p) and solved(theirs, p)]
        ratios = [gradients(ours, p) / gradients(theirs, p) for p in both]
        counts = [sum(r < 1 for r in ratios), sum(r == 1 for r in ratios), sum(r > 1 for r in ratios)]
        print(f"| {ours} | {theirs[6:]} | {len(both)} | {statistics.median(ratios):.2f} | " + " | ".join(map(str, counts)) + " |")
    print("\n## Not solved\n")
    for solver in sorted(runs):
        missing = [p for p in problems if not solved(solver, p)]
        if missing:
            print(f"- {solver}: " + ", ".join(f"{p} ({float(runs[solver][p]['value']):.4g})" if p in runs[solver] else p
                                              for p in missing))


main()
