"""Stochastic gradient descent, one row or a few at a time: rows a second, and seconds to the same loss.

    python bench/sgd_rows.py                # a9a, movie_reviews_bow, dense 200,000 × 100
    python bench/sgd_rows.py --peers-only
    python bench/sgd_rows.py --rounds 9
    python bench/sgd_rows.py --only a9a     # one problem; the others keep what the results file says of them

L2-logistic, λ = 1/n, no intercept. Everybody makes 1, 2, 4, 8, 16 passes with several learning rates chosen beforehand
(the rate is not timed); what counts is (a) rows a second of the whole call and (b) the seconds of the cheapest call that closes
95 % and 99 % of the way from log 2 to the mean log loss at the minimum, and of the cheapest that gets as low as SGDClassifier ever does
in these calls, where that is less than 99 %. The penalty is left out of that measure, since
Vowpal Wabbit's adaptive steps weaken it (its models are larger and fit the rows better). scikit-learn's SGDClassifier starts from arrays in memory, Vowpal Wabbit from
its binary cache (and, apart, from text, which includes parsing); ours from memory (`solve`), and beside Vowpal Wabbit from text
with reading (`read` and `setup` added; a9a and the reviews from their .gz, so that unpacking is in it; the dense rows, which we
read from Parquet, are not compared with text). Vowpal Wabbit parses in a thread beside the one that learns; with reading ours has two
threads as well, else one. Ours takes one row a step, and 64; every peer is compared with both (`ratio`,
`ratio_64`). A rate is constant or falls in a line to 0 over the passes (`linear`).
"""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import statistics
import tempfile
import time

import numpy as np

import ours
import problems
import record

PASSES = (1, 2, 4, 8, 16)
WITHIN = (0.05, 0.01)

# Ours: rule and schedule.
SINGLE = [("sgd", f"linear({rate})") for rate in (0.1, 0.05, 0.02, 0.01, 0.003)]
SINGLE += [("adagrad", schedule) for schedule in ("constant(0.1)", "linear(0.2)", "linear(0.05)")]
# The mean of 64 rows has 64 times less variance than one of them, so that plain descent takes longer steps.
MINI = [("sgd", f"linear({rate})") for rate in (1.0, 0.5, 0.2, 0.1, 0.05, 0.01, 0.003)]
MINI += [("sgd:momentum=0.9", f"linear({rate})") for rate in (0.1, 0.02, 0.002)]
MINI += [("adagrad", schedule) for schedule in ("constant(0.5)", "constant(0.1)", "linear(0.2)")]
MINI += [("adam", schedule) for schedule in ("constant(0.01)", "linear(0.01)")]
# Ours with how many rows a step: the ratios are with each.
OURS = ("steepest 1 row", "steepest 64 rows")


def sgd_problems():
    yield problems.from_svmlight("a9a.gz", "logistic")
    yield problems.from_svmlight("movie_reviews_bow.svm.gz", "logistic")
    yield problems.dense_million(200_000, 100)


def minimum(problem):
    """The log loss at the minimum of the objective, by Newton's method on few columns, else by conjugate gradients."""
    from sklearn.linear_model import LogisticRegression

    few = problem.X.shape[1] <= 2000
    X = problem.X.toarray() if few and problem.is_sparse else problem.X
    model = LogisticRegression(
        C=1.0 / (problem.rows * problem.l2),
        solver="newton-cholesky" if few else "newton-cg",
        tol=1e-10,
        max_iter=1000,
        fit_intercept=False,
    ).fit(X, problem.y)
    return log_loss(problem, model.coef_[0])


def log_loss(problem, w):
    """Mean log loss of the training rows, without the penalty."""
    return dataclasses.replace(problem, l2=0.0).objective(w)


# -- contenders: name → (passes → (seconds, objective))


def sklearn_contenders(problem):
    from sklearn.linear_model import SGDClassifier

    def contender(rate):
        def run(passes):
            model = SGDClassifier(
                loss="log_loss",
                alpha=problem.l2,
                fit_intercept=False,
                max_iter=passes,
                tol=None,
                random_state=0,
                **rate,
            )
            start = time.perf_counter()
            model.fit(problem.X, problem.y)
            seconds = time.perf_counter() - start
            return seconds, log_loss(problem, model.coef_[0])

        return run

    rates = {"optimal": {"learning_rate": "optimal"}}
    rates |= {f"constant {e}": {"learning_rate": "constant", "eta0": e} for e in (0.1, 0.01, 0.001)}
    rates |= {f"invscaling {e}": {"learning_rate": "invscaling", "eta0": e, "power_t": 0.5} for e in (1.0, 0.1)}
    return {f"SGDClassifier {name}": contender(rate) for name, rate in rates.items()}


def vw_text(problem, path):
    """The rows in Vowpal Wabbit's text form; feature numbers are used as they are."""
    with open(path, "w") as out:
        for i in range(problem.rows):
            if problem.is_sparse:
                row = slice(problem.X.indptr[i], problem.X.indptr[i + 1])
                pairs = zip(problem.X.indices[row].tolist(), problem.X.data[row].tolist())
            else:
                pairs = enumerate(problem.X[i].tolist())
            text = " ".join(f"{j}:{v:g}" if v != 1 else str(j) for j, v in pairs)
            out.write(f"{int(problem.y[i])} | {text}\n")


@contextlib.contextmanager
def silence():
    """Vowpal Wabbit writes to the file descriptor itself."""
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def vw_run(arguments):
    import vowpalwabbit

    with silence():
        start = time.perf_counter()
        workspace = vowpalwabbit.Workspace(arg_list=[*arguments, "--quiet"])
        workspace.finish()
        return time.perf_counter() - start


def vw_contenders(problem, folder):
    text, cache, model = folder / "rows.vw", folder / "rows.cache", folder / "model.vw"
    vw_text(problem, text)
    basic = ["--loss_function", "logistic", "--noconstant", "--l2", repr(problem.l2), "--holdout_off", "-b", "18"]
    vw_run(["-d", str(text), "--cache_file", str(cache), "-k", *basic])  # makes the cache

    def loss():
        margins = folder / "margins"
        vw_run(["-t", "-i", str(model), "-d", str(text), "-p", str(margins)])
        return float(np.logaddexp(0.0, -problem.y * np.loadtxt(margins)).mean())

    def contender(rate, source):
        def run(passes):
            arguments = [*basic, "-l", str(rate), "-f", str(model)]
            if source == "cache":
                arguments += ["-d", str(text), "--cache_file", str(cache), "--passes", str(passes)]
            elif passes > 1:
                return None  # text is read once; more passes would use a cache
            else:
                arguments += ["-d", str(text)]
            seconds = vw_run(arguments)
            return seconds, loss()

        return run

    return {
        f"Vowpal Wabbit {source} l={rate}": contender(rate, source)
        for source in ("cache", "text")
        for rate in (0.1, 0.5, 2.0)
    }


def our_contenders(problem):
    def contender(rule, schedule, batch):
        def run(passes, threads=1):
            got = ours.fit(
                *problem.arguments(),
                *("--solver", rule, "--schedule", schedule, "--batch", str(batch), "--epochs", str(passes)),
                *("--threads", str(threads)),
            )
            seconds = got["seconds"]
            loss = got["metrics"]["train"]["log_loss"]
            return seconds["solve"], loss, seconds["read"] + seconds["setup"] + seconds["solve"]

        return run

    out = {f"steepest 1 row {rule} {schedule}": contender(rule, schedule, 1) for rule, schedule in SINGLE}
    return out | {f"steepest 64 rows {rule} {schedule}": contender(rule, schedule, 64) for rule, schedule in MINI}


def family(name):
    """Contender without its learning rate."""
    for start in ("SGDClassifier", "Vowpal Wabbit cache", "Vowpal Wabbit text", "steepest 1 row", "steepest 64 rows"):
        if name.startswith(start):
            return start
    raise ValueError(name)


def race(problem, rounds, peers_only):
    best = minimum(problem)
    failures = {}
    with tempfile.TemporaryDirectory() as scratch:
        contenders = sklearn_contenders(problem) | vw_contenders(problem, pathlib.Path(scratch))
        if not peers_only:
            contenders |= our_contenders(problem)
        curves = {}
        for name, run in contenders.items():
            points = []
            for passes in PASSES:
                try:
                    got = run(passes)
                except ours.Failed as failed:
                    # The reason alone: what follows names places of this machine.
                    failures[name] = failed.message.split("\nrun  ")[0].strip()[-300:]
                    break
                if got is None:
                    break
                points.append((passes, got[0], got[1]))
            curves[name] = points
        picks = picked(curves, best)
        times = {pick: [] for pick in set(picks.values())}
        with_reading = {pick: [] for pick in times}
        for _ in range(rounds):
            for pick in times:
                seconds, *_ = contenders[pick[0]](pick[1])
                times[pick].append(seconds)
                if pick[0].startswith(OURS) and problem.is_sparse:
                    with_reading[pick].append(contenders[pick[0]](pick[1], threads=2)[2])
    out = {"rows": problem.rows, "features": problem.X.shape[1], "minimum": best, "failures": failures}
    for (who, goal), pick in picks.items():
        name, passes = pick
        median = statistics.median(times[pick])
        out.setdefault(goal, {})[who] = {
            "with": name,
            "passes": passes,
            "median": median,
            "rows_per_second": problem.rows * passes / median,
            "above": next(o for p, _, o in curves[name] if p == passes) / best - 1,
        }
        if with_reading[pick]:
            out[goal][who]["median_with_reading"] = statistics.median(with_reading[pick])
        if who.startswith("steepest") or (who == "Vowpal Wabbit text" and not problem.is_sparse):
            continue
        whole = with_reading if who == "Vowpal Wabbit text" else times
        for family_of_ours, key in zip(OURS, ("ratio", "ratio_64")):
            if mine := picks.get((family_of_ours, goal)):
                # Rows a second are compared by the pass.
                per_pass = passes / mine[1] if goal == "rows per second" else 1.0
                out[goal][who][key] = record.ratio_interval(times[pick], [per_pass * t for t in whole[mine]])
    return out


def interval(ratio):
    """A ratio with its interval as text; empty where there is none."""
    return f"{ratio['ratio']:.2f} ({ratio['low']:.2f} … {ratio['high']:.2f})" if ratio else ""


def picked(curves, best):
    """(family, goal) → (contender, passes): the quickest that gets there, and the one with the most rows a second."""
    losses = {f"within {share}": best + share * (np.log(2.0) - best) for share in WITHIN}
    lowest = min(o for name, points in curves.items() if name.startswith("SGDClassifier") for _, _, o in points)
    if lowest > min(losses.values()):
        losses["within SGDClassifier's lowest"] = lowest
    picks = {}
    for goal, loss in (losses | {"rows per second": np.inf}).items():
        for name, points in curves.items():
            for passes, seconds, objective in points:
                if not objective <= loss:
                    continue
                cost = seconds / passes if goal == "rows per second" else seconds
                key = (family(name), goal)
                if key not in picks or cost < picks[key][1]:
                    picks[key] = ((name, passes), cost)
    return {key: pick for key, (pick, _) in picks.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers-only", action="store_true")
    parser.add_argument("--only", help="a part of the name of the problems to race")
    args = parser.parse_args()
    peers_only = args.peers_only or ours.binary() is None
    file = record.ROOT / "bench" / ("peers" if peers_only else "results") / "sgd-rows.json"
    results = json.loads(file.read_text())["problems"] if args.only and file.exists() else {}
    for problem in sgd_problems():
        if problem is None or (args.only and args.only not in problem.name):
            continue
        result = race(problem, args.rounds, peers_only)
        results[problem.name] = result
        print(f"\n{problem.name}: minimum {result['minimum']:.8g}")
        rows = []
        for goal, entries in result.items():
            if goal.startswith(("within", "rows per")):
                for who, e in entries.items():
                    rows.append(
                        (
                            goal,
                            e["with"],
                            e["passes"],
                            f"{1e3 * e['median']:.4g}",
                            f"{e['rows_per_second']:.3g}",
                            f"{e['above']:+.2%}",
                            interval(e.get("ratio")),
                            interval(e.get("ratio_64")),
                        )
                    )
        headers = ("goal", "contender", "passes", "ms", "rows/s", "above", "its time / ours, one row", "64 rows")
        print(record.table(headers, rows), flush=True)
    record.write(
        file,
        {
            "what": "stochastic gradient descent on L2-logistic, l2 = 1/n: seconds, rows a second, relative objective",
            "machine": record.machine(),
            "versions": {
                **record.versions("scikit-learn", "vowpalwabbit", "numpy"),
                "steepest": ours.version(),
            },
            "problems": record.rounded(results),
        },
    )


if __name__ == "__main__":
    main()
