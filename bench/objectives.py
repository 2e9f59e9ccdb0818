"""Shows 3: the minimum of the objective as the peers find it, and our program beside it.

    python bench/objectives.py             # runs the peers, writes bench/peers/objectives.json
    python bench/objectives.py --compare   # our program against that file (needs only numpy)

Every peer runs at its tightest tolerance; the objective is evaluated by one function in f64 (problems.py).
The reference is the lowest value found. Ours must lie within 1e-8 relative of it, above or below.
"""

import argparse
import json
import sys
import time

import ours
import problems
import record
from rivals import RIVALS

FILE = record.ROOT / "bench" / "peers" / "objectives.json"
SETS = ("a9a.gz", "heart_scale", "agaricus.txt.train", "rcv1_small.svm.gz")
ALLOWED = 1e-8


def cases():
    """Every (set, loss, intercept) of the comparison."""
    for file in SETS:
        loaded = problems.svmlight(file, problems.SVMLIGHT_FEATURES[file])
        if loaded is None:
            continue
        X, y, _ = loaded
        for loss in ("logistic", "hinge", "squared_hinge"):
            yield problems.from_svmlight(file, loss)
        yield problems.from_svmlight(file, "logistic", intercept=True)
        for intercept in (False, True):
            ridge = problems.from_svmlight(file, "squared", intercept=intercept)
            ridge.name = ridge.name.replace("squared", "ridge")
            yield ridge
            l1 = 0.01 * problems.l1_max(X, y)
            lasso = problems.from_svmlight(file, "squared", 0.0, l1, intercept)
            lasso.name = lasso.name.replace("squared", "lasso")
            yield lasso


def peers(problem):
    """The converged objective of every peer that takes the problem, and the seconds it took."""
    found = {}
    for name, rival in RIVALS.items():
        if "f32" in name or not rival.takes(problem):
            continue
        try:
            run = rival.prepare(problem)
            start = time.perf_counter()
            w, b = run(rival.tolerances[-1])
            seconds = time.perf_counter() - start
            found[name] = {
                "objective": problem.objective(w, b),
                "tolerance": rival.tolerances[-1],
                "seconds": round(seconds, 3),
            }
        except Exception as error:  # a peer that cannot do it is told, not hidden
            found[name] = {"failed": f"{type(error).__name__}: {str(error)[:200]}"}
    return found


def label(problem):
    return problem.name + (" with intercept" if problem.intercept else "")


def measure():
    results = {}
    used = {"scikit-learn", "numpy", "scipy"}
    for problem in cases():
        found = peers(problem)
        values = {k: v["objective"] for k, v in found.items() if "objective" in v}
        best = min(values, key=values.get)
        second = sorted(values.values())[min(1, len(values) - 1)]
        results[label(problem)] = {
            "loss": problem.loss,
            "rows": problem.rows,
            "features": problem.X.shape[1],
            "l2": problem.l2,
            "l1": problem.l1,
            "intercept": problem.intercept,
            "objective": values[best],
            "best": best,
            "second_best_above_by": second / values[best] - 1.0,
            "peers": found,
        }
        for name in found:
            used.update(RIVALS[name].packages)
        print(f"{label(problem):45} {values[best]:.15g}  {best}, next {second / values[best] - 1:.1e}", flush=True)
    record.write(
        FILE,
        {
            "what": "mean loss + (l2/2)|w|^2 + l1|w|_1 at the peers' minimum; intercept without penalty",
            "machine": record.machine(),
            "versions": record.versions(*sorted(used)),
            "problems": results,
        },
    )


def compare():
    """Our objective and certificate against the file; exit 1 when one is out of bounds."""
    if ours.binary() is None:
        sys.exit("build first: cargo build --release, or name the program in STEEPEST")
    reference = json.loads(FILE.read_text())["problems"]
    rows, bad = [], 0
    for problem in cases():
        theirs = reference[label(problem)]["objective"]
        try:
            got = ours.fit(*problem.arguments(), "--gap", "1e-9")
        except ours.Failed as failed:
            rows.append((label(problem), f"{theirs:.12g}", "failed", failed.message.strip()[-200:], "", "**no**"))
            bad += 1
            continue
        relative = got["objective"] / theirs - 1.0
        certificate = got.get("certificate") or {}
        gap = certificate.get("gap")
        above = got["objective"] - theirs
        holds = gap is None or gap >= above - 1e-12 * abs(theirs)
        fine = abs(relative) <= ALLOWED and holds
        bad += not fine
        rows.append(
            (
                label(problem),
                f"{theirs:.12g}",
                f"{relative:+.1e}",
                "none" if gap is None else f"{gap:.1e}",
                got["solver"] if isinstance(got["solver"], str) else json.dumps(got["solver"]),
                "yes" if fine else "**no**",
            )
        )
    print(record.table(("problem", "peers' minimum", "ours, relative", "gap", "solver", "holds"), rows))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compare", action="store_true", help="run our program against the file")
    compare() if parser.parse_args().compare else measure()
