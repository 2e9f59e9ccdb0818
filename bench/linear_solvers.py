"""Solve time at equal suboptimality: the linear family against scikit-learn, LIBLINEAR, celer and skglm.

    python bench/linear_solvers.py                    # every group
    python bench/linear_solvers.py logistic hinge     # some of: logistic hinge lasso softmax
    python bench/linear_solvers.py --peers-only       # without our program: the peers' half
    python bench/linear_solvers.py --rounds 15

    python bench/linear_solvers.py --sweep-only       # only the peers' sweeps, which need no quiet machine

Every contender is swept over its tolerances first (the peers' sweeps are kept in .bench/sweeps until the next --sweep); for each target of (f − f*)/f* its loosest sufficient tolerance is
kept, and those are raced in turn for the given number of rounds. f* is the lowest objective anyone reached. Peers run
twice, with the system's allocator as it is and with one that keeps its memory; the faster setting counts.
The protocol is in bench/README.md; results go to bench/peers/linear-GROUP.json and bench/results/linear-GROUP.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import ours
import problems
import record
from rivals import RIVALS

TARGETS = (1e-4, 1e-6, 1e-8)
SOFTMAX_TARGETS = (1e-1, 1e-2, 1e-4)  # where the peers need a minute for a hundredth
LONG = 20.0  # seconds: a contender slower than this is not swept further nor raced again
OUR_GAPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)
OUR_THREADS = (1, 2)


def logistic():
    yield problems.from_svmlight("a9a.gz", "logistic")
    yield problems.from_svmlight("movie_reviews_bow.svm.gz", "logistic")
    yield problems.from_svmlight("rcv1_small.svm.gz", "logistic")


def dense():
    yield problems.dense_million()


def hinge():
    for file in ("a9a.gz", "rcv1_small.svm.gz", "movie_reviews_bow.svm.gz"):
        for loss in ("squared_hinge", "hinge"):
            yield problems.from_svmlight(file, loss)


def lasso():
    yield from problems.lasso_problems()


def softmax():
    yield problems.images("mnist")
    yield problems.images("fashion-mnist")


GROUPS = {"logistic": logistic, "dense": dense, "hinge": hinge, "lasso": lasso, "softmax": softmax}


def select(group, index):
    return [p for p in GROUPS[group]() if p is not None][index]


# -- the worker: one process a problem and allocator setting, so that a setting covers all of a peer's memory


def work(group, index):
    """Answers lines of [rival, tolerance] with {seconds, objective}; prepares each rival once."""
    problem = select(group, index)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what peers print does not belong to the answers
    prepared = {}
    for line in sys.stdin:
        name, tolerance, evaluate = json.loads(line)
        try:
            if name not in prepared:
                prepared[name] = RIVALS[name].prepare(problem)
            start = time.perf_counter()
            w, b = prepared[name](tolerance)
            answer = {"seconds": time.perf_counter() - start}
            if evaluate:
                answer["objective"] = problem.objective(w, b)
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {str(error)[:200]}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


class Worker:
    def __init__(self, group, index, roomy):
        self.command = [sys.executable, __file__, "--worker", group, str(index)]
        self.env = {**os.environ, **(record.ROOMY_MALLOC if roomy else {})}
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.env,
        )

    def ask(self, name, tolerance, evaluate=False):
        """One answer; a rival that takes its process down is told of, and the next one gets a new process."""
        if self.process is None:
            self.start()
        self.process.stdin.write(json.dumps([name, tolerance, evaluate]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        code = self.process.wait()
        self.process = None
        return {"failed": f"the process ended with {code}"}

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()


# -- one problem


def our_run(problem, gap, threads):
    got = ours.fit(*problem.arguments(), "--gap", repr(gap), "--threads", str(threads))
    seconds = got["seconds"]
    return {
        "seconds": seconds["solve"],
        "setup": seconds["setup"],
        "objective": got["objective"],
        "solver": got["solver"],
        "steps": got["steps"],
        "gap": (got.get("certificate") or {}).get("relative"),
    }


def sweep_peers(problem, workers):
    """rival → setting → list of (tolerance, seconds, objective), loose to tight; what failed and why; the minimum."""
    curves, failures = {}, {}
    for name, rival in RIVALS.items():
        if not rival.takes(problem) or name == "clarabel":
            continue
        for setting, worker in workers.items():
            worker.ask(name, rival.tolerances[0])  # first call: imports, compilation, caches
            points = []
            for tolerance in rival.tolerances:
                got = worker.ask(name, tolerance, evaluate=True)
                if "failed" in got:
                    failures[name] = got["failed"]
                    break
                points.append((tolerance, got["seconds"], got["objective"]))
                if got["seconds"] > LONG:
                    break
            curves.setdefault(name, {})[setting] = points
    values = [o for settings in curves.values() for points in settings.values() for _, _, o in points]
    return {"curves": curves, "failures": failures, "best": min(values + references(problem))}


def peers_sweep(problem, group, index, workers, again):
    """The sweep of the peers, from .bench/sweeps where it is known."""
    place = record.SCRATCH / "sweeps" / f"{group}-{index}.json"
    if again or not place.exists():
        record.write(place, sweep_peers(problem, workers))
    return json.loads(place.read_text())


def sweep_ours(problem):
    """threads → list of (gap asked, seconds, objective), and what failed."""
    curves, failures = {}, {}
    for threads in OUR_THREADS:
        points = curves.setdefault(threads, [])
        for gap in OUR_GAPS:
            try:
                got = our_run(problem, gap, threads)
            except ours.Failed as failed:
                failures[f"steepest, {threads}"] = failed.message.strip()[-300:]
                break
            points.append((gap, got["seconds"], got["objective"]))
    return {"steepest": curves}, failures


def targets(problem):
    return SOFTMAX_TARGETS if problem.loss == "softmax" else TARGETS


def references(problem):
    """Minimum by a solver that is too slow to race, where the racers cannot be trusted to reach 1e-8."""
    rival = RIVALS["clarabel"]
    if not rival.takes(problem):
        return []
    return [problem.objective(*rival.prepare(problem)(rival.tolerances[-1]))]


def chosen(points, best, target):
    """The loosest tolerance from which on the target is met, with its sweep time; or None."""
    for tolerance, seconds, objective in points:
        if objective - best <= target * abs(best):
            return tolerance, seconds
    return None


def race(problem, group, index, args, peers_only):
    workers = {"default": Worker(group, index, False), "roomy": Worker(group, index, True)}
    try:
        return measured(problem, group, index, workers, args, peers_only)
    finally:
        for worker in workers.values():
            worker.close()


def measured(problem, group, index, workers, args, peers_only):
    """Sweeps, then rounds; None where only the sweep was asked for."""
    theirs = peers_sweep(problem, group, index, workers, args.sweep)
    curves, failures, best = theirs["curves"], theirs["failures"], theirs["best"]
    if args.sweep_only:
        return None
    if not peers_only:
        mine, failed = sweep_ours(problem)
        curves, failures = curves | mine, failures | failed
        best = min([best, *(o for points in mine["steepest"].values() for _, _, o in points)])
    flat = {(who, setting): points for who, c in curves.items() for setting, points in c.items()}
    out = {
        "rows": problem.rows,
        "features": problem.X.shape[1],
        "l2": problem.l2,
        "l1": problem.l1,
        "best_objective": best,
        "curves": {
            " ".join(map(str, key)): [
                {"tolerance": t, "seconds": record.rounded(s), "above": record.rounded(o / best - 1, 3)}
                for t, s, o in points
            ]
            for key, points in flat.items()
        },
        "failures": failures,
        "targets": {},
    }
    for target in targets(problem):
        runners = {key: chosen(points, best, target) for key, points in flat.items()}
        runners = {key: pick for key, pick in runners.items() if pick is not None}
        out["targets"][repr(target)] = summary(runners, rounds_of(problem, runners, workers, args))
    return out


def rounds_of(problem, runners, workers, args):
    """Seconds of every runner in every round, the runners in turn; the peers' first calls are not counted."""
    times = {key: [] for key in runners}
    started = time.perf_counter()
    for turn in range(args.rounds + 1):
        for (who, setting), (tolerance, seen) in runners.items():
            slow = seen > LONG / 4
            if slow and turn > 1 or turn == 0 and (slow or who == "steepest"):
                continue
            if who == "steepest":
                got = our_run(problem, tolerance, setting)
            else:
                got = workers[setting].ask(who, tolerance)
            if turn > 0:
                times[who, setting].append(got["seconds"])
        if turn > 0 and time.perf_counter() - started > args.budget:
            break
    return times


def summary(runners, times):
    """Medians, each peer at its faster setting, and our ratio to every one of them."""
    contenders = {}
    for (who, setting), taken in times.items():
        entry = {
            "tolerance": runners[who, setting][0],
            "median": statistics.median(taken),
            "fastest": min(taken),
            "rounds": len(taken),
        }
        if who == "steepest":
            contenders[f"steepest, {setting} thread{'s' * (setting > 1)}"] = entry
        elif who not in contenders or entry["median"] < contenders[who]["median"]:
            contenders[who] = {**entry, "allocator": setting, "threads": RIVALS[who].threads}
    ratios = {}
    for threads in OUR_THREADS:
        mine = times.get(("steepest", threads))
        if not mine:
            continue
        for who, entry in contenders.items():
            if not who.startswith("steepest"):
                theirs = times[who, entry["allocator"]]
                ratios[f"{who} / steepest, {threads}"] = record.ratio_interval(theirs, mine)
    out = {"contenders": record.rounded(contenders)}
    if ratios:
        out["ratios"] = record.rounded(ratios)
    return out


def show(name, result):
    print(f"\n{name}: {result['rows']} × {result['features']}, f* {result['best_objective']:.12g}")
    names = sorted({c for t in result["targets"].values() for c in t["contenders"]})
    rows = []
    for contender in names:
        cells = []
        for target in result["targets"].values():
            entry = target["contenders"].get(contender)
            cells.append(f"{1e3 * entry['median']:.4g}" if entry else "–")
        rows.append((contender, *cells))
    print(record.table(("median ms to", *(f"{float(t):g}" for t in result["targets"])), rows))
    for who, why in result["failures"].items():
        print(f"{who} failed: {why}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", help="default: all")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of rounds a target")
    parser.add_argument("--peers-only", action="store_true")
    parser.add_argument("--sweep", action="store_true", help="sweep the peers again")
    parser.add_argument("--sweep-only", action="store_true")
    parser.add_argument("--only", help="problems whose name contains this")
    parser.add_argument("--worker", nargs=2, metavar=("GROUP", "INDEX"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return work(args.worker[0], int(args.worker[1]))
    peers_only = args.peers_only or ours.binary() is None
    if peers_only and not args.peers_only:
        print("our program is not built: peers only (cargo build --release, or name it in STEEPEST)")
    packages = ("scikit-learn", "numpy", "scipy", "liblinear-official", "celer", "skglm", "numba")
    for group in args.groups or GROUPS:
        place = record.ROOT / "bench" / ("peers" if peers_only else "results") / f"linear-{group}.json"
        results = json.loads(place.read_text())["problems"] if args.only and place.exists() else {}
        for index, problem in enumerate(p for p in GROUPS[group]() if p is not None):
            if args.only and args.only not in problem.name:
                continue
            result = race(problem, group, index, args, peers_only)
            if result is None:
                continue
            results[problem.name] = result
            show(problem.name, result)
            record.write(
                place,
                {
                    "what": "seconds to a relative suboptimality, medians of interleaved rounds",
                    "machine": record.machine(),
                    "versions": {**record.versions(*packages), "steepest": ours.version()},
                    "problems": results,
                },
            )


if __name__ == "__main__":
    main()
