"""Dolan and Moré's profiles from the files of `scipy_profiles.py` and of the example `profiles`.

    python bench/minimize/profiles.py > bench/minimize/results/profiles.md        also writes results/profiles.svg

E. D. Dolan and J. J. Moré, "Benchmarking optimization software with performance profiles", Mathematical Programming 91, 2002,
doi:10.1007/s101070100263. ρ(τ) is the share of problems a solver solves within τ times the cost of the best of the table.

By work, a gradient with its value costs 1, a Hessian-vector product 1, a Hessian or Jacobian n; values without a gradient count
too where the solver asks for them alone. By time, ours is what the clock says from building the solver to the value that solves the
problem; SciPy's is its own time outside the functions (`scipy_profiles.py --times`) and the functions as often as it called
them at what they take in Rust (`profiles --costs`), so that nothing is charged for the way to Python.
"""

import csv
import math
import pathlib
import statistics

FOLDER = pathlib.Path(__file__).parent / "results"
RATIOS = (1, 2, 4, 10)
PAIRS = [("lbfgs", "scipy:l-bfgs-b"), ("bfgs", "scipy:bfgs"), ("cg", "scipy:cg"), ("trust-region", "scipy:trust-ncg"),
         ("trust-region", "scipy:trust-exact"), ("newton", "scipy:trust-exact"), ("newton-cg", "scipy:newton-cg")]
# Colours that stay apart for the colour-blind (Okabe and Ito), ours solid, SciPy's dashed.
DRAWN = [("lbfgs", "#0072B2", ""), ("bfgs", "#E69F00", ""), ("trust-region", "#009E73", ""), ("newton-cg", "#CC79A7", ""),
         ("scipy:l-bfgs-b", "#0072B2", "6 4"), ("scipy:bfgs", "#E69F00", "6 4"), ("scipy:trust-exact", "#009E73", "6 4"),
         ("scipy:newton-cg", "#CC79A7", "6 4")]


def table(name):
    path = FOLDER / name
    if not path.exists():
        return []
    with open(path) as file:
        return list(csv.DictReader(file))


class Runs:
    def __init__(self):
        self.runs = {}
        for row in table("ours.csv") + table("scipy.csv"):
            self.runs.setdefault(row["solver"], {})[row["problem"]] = row
        # Calls and seconds of SciPy's until the problem was solved.
        self.until = {(r["solver"], r["problem"]): r for r in table("times/scipy.csv")}
        self.costs = {r["problem"]: r for r in table("costs.csv")}
        self.problems = sorted(set.union(*(set(r) for r in self.runs.values())))

    def solved(self, solver, problem):
        row = self.runs[solver].get(problem)
        return row is not None and row["solved"] == "1"

    def gradients(self, solver, problem):
        return int(self.runs[solver][problem]["gradients"]) if self.solved(solver, problem) else math.inf

    def work(self, solver, problem):
        if not self.solved(solver, problem):
            return math.inf
        row = self.runs[solver][problem]
        second = self.until.get((solver, problem), row)
        return max(int(row["gradients"]), int(row["values"])) + int(second["hvps"]) + int(second["hessians"]) * int(row["n"])

    def seconds(self, solver, problem):
        if not self.solved(solver, problem):
            return math.inf
        if not solver.startswith("scipy:"):
            return float(self.runs[solver][problem]["seconds"])
        spent, cost = self.until.get((solver, problem)), self.costs[problem]
        if spent is None:
            return math.inf
        calls = sum(int(spent[kind + "s"]) * float(cost[kind]) for kind in ("gradient", "hvp", "hessian"))
        return float(spent["own_seconds"]) + calls


def shares(runs, cost, ratios):
    """ρ of every solver at the ratios."""
    best = {p: min(cost(s, p) for s in runs.runs) for p in runs.problems}
    return {s: [sum(cost(s, p) <= t * best[p] < math.inf for p in runs.problems) / len(runs.problems) for t in ratios]
            for s in runs.runs}


def panel(runs, cost, title, left, steps):
    """One set of axes with log₂ τ from 0 to `steps`."""
    width, height, top = 360, 300, 50
    grid = [k / 16 for k in range(16 * steps + 1)]
    rho = shares(runs, cost, [2 ** k for k in grid])
    place = lambda k, share: (left + width * k / steps, top + height * (1 - share))
    out = [f'<text x="{left + width / 2}" y="{top - 14}" text-anchor="middle" font-weight="bold">{title}</text>',
           f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="currentColor"/>']
    for k in range(0, steps + 1, max(1, steps // 6)):
        x, y = place(k, 0)
        out.append(f'<path d="M{x:.1f} {y} v5" stroke="currentColor"/><text x="{x:.1f}" y="{y + 19}" text-anchor="middle">{2 ** k:,}</text>')
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = place(0, share)
        out.append(f'<path d="M{x} {y} h{width}" stroke="currentColor" stroke-opacity=".15"/>'
                   f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{share:g}</text>')
    out.append(f'<text x="{left + width / 2}" y="{top + height + 38}" text-anchor="middle">τ, times the best</text>')
    for solver, colour, dash in DRAWN:
        points = " ".join("{:.1f},{:.1f}".format(*place(k, share)) for k, share in zip(grid, rho[solver]))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
    return out


def figure(runs):
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 420" font-family="sans-serif" font-size="12" color="#222">',
           '<title>Performance profiles of steepest and SciPy</title><rect width="1000" height="420" fill="#fff"/>']
    out += panel(runs, runs.work, "share solved within τ × the least work", 60, 6)
    out += panel(runs, runs.seconds, "share solved within τ × the least time", 480, 12)
    for row, (solver, colour, dash) in enumerate(DRAWN):
        y = 70 + 22 * row
        name = "SciPy " + solver[6:] if solver.startswith("scipy:") else solver
        out.append(f'<path d="M858 {y} h26" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
                   f'<text x="890" y="{y + 4}">{name}</text>')
    (FOLDER / "profiles.svg").write_text("\n".join(out + ["</svg>\n"]))


def main():
    runs = Runs()
    problems = runs.problems
    print(f"# Solvers on {len(problems)} problems: Moré, Garbow and Hillstrom's 35 and CUTEst's\n")
    print("Solved: f ≤ f* + 10⁻⁶(f₀ − f*), or as near to another listed minimum. Median: gradients until then, over all problems")
    print("(an unsolved one counts as ∞; a Jacobian is a gradient). ρ(τ): share of problems solved within τ times the work of the")
    print("best solver, where a value or a gradient with it costs 1, a Hessian-vector product 1, a Hessian or a Jacobian n; and")
    print("within τ times its time. Median µs: until solved. SciPy's time is its own outside the functions, which are charged at")
    print("what they take in Rust. The machine had other work while the times were taken, each the best of three. `auto` takes `lm` for")
    print("sums of squares and `trust-region` for the rest; where it misses, it ends at a strict local minimum that is not listed")
    print("(errinros 40.4045, least eigenvalue 5.7e-4; nondia 0.989897 in all variables that take part).\n")
    print("![profiles by work and by time](profiles.svg)\n")
    print("| solver | solved | of 35 | median gradients | " + " | ".join(f"ρ({t})" for t in RATIOS)
          + " | median µs | " + " | ".join(f"ρ({t}) by time" for t in (1, 4, 100)) + " |")
    print("|---|---|---|---|" + "---|" * (len(RATIOS) + 4))
    work, time = shares(runs, runs.work, RATIOS), shares(runs, runs.seconds, (1, 4, 100))
    for solver in sorted(runs.runs, key=lambda s: -sum(runs.solved(s, p) for p in problems)):
        good = [p for p in problems if runs.solved(solver, p)]
        classic = sum(runs.runs[solver][p]["collection"] == "more-garbow-hillstrom" for p in good)
        median = statistics.median(runs.gradients(solver, p) for p in problems)
        micro = 1e6 * statistics.median(runs.seconds(solver, p) for p in problems)
        print(f"| {solver} | {len(good)} ({len(good) / len(problems):.1%}) | {classic} | {median:g} | "
              + " | ".join(f"{share:.2f}" for share in work[solver]) + f" | {micro:.3g} | "
              + " | ".join(f"{share:.2f}" for share in time[solver]) + " |")
    print("\n## Gradients and time, solver by solver\n")
    print("| ours | SciPy's | both solve | median of ours / SciPy's | ours fewer | equal | more | median time of SciPy's / ours |")
    print("|---|---|---|---|---|---|---|---|")
    for ours, theirs in PAIRS:
        both = [p for p in problems if runs.solved(ours, p) and runs.solved(theirs, p)]
        ratios = [runs.gradients(ours, p) / runs.gradients(theirs, p) for p in both]
        counts = [sum(r < 1 for r in ratios), sum(r == 1 for r in ratios), sum(r > 1 for r in ratios)]
        faster = statistics.median(runs.seconds(theirs, p) / runs.seconds(ours, p) for p in both)
        print(f"| {ours} | {theirs[6:]} | {len(both)} | {statistics.median(ratios):.2f} | " + " | ".join(map(str, counts))
              + f" | {faster:.3g} |")
    print("\n## Not solved\n")
    for solver in sorted(runs.runs):
        row = lambda p: f"{p} ({float(runs.runs[solver][p]['value']):.4g})" if p in runs.runs[solver] else p
        missing = [p for p in problems if not runs.solved(solver, p)]
        if missing:
            print(f"- {solver}: " + ", ".join(map(row, missing)))
    figure(runs)


main()
