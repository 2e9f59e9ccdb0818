"""Shows 2: `fit` with nothing but --target on every tabular and svmlight set, against scikit-learn's linear models.

    python bench/defaults.py                 # every set; writes bench/results/defaults.json and prints the table
    python bench/defaults.py adult iris      # some sets
    python bench/defaults.py --peers-only    # fills the cache of scikit-learn's losses in .bench/defaults

Train and test rows are the same for both: the official test file where there is one, else a fifth of the rows drawn at
random; where that leaves fewer than 400 test rows, each of the five fifths in turn, so that every row is predicted once by
a model that has not seen it (30 rows of iris say more about the draw than about the model). Which rows are dealt into a
fifth together says much, too: such a set is dealt ten times, and the losses of a row averaged over the deals are compared beside those
of the first deal. Our program is told
`--test 0`, so that it trains on the rows the peer trains on. Files keep their form (separators, missing header, missing values, gaps). The peer is the best of several
pipelines **on the test rows**, a choice our program does not get. Losses a row are compared by a paired
bootstrap (10,000 draws): a set counts as worse where the 95 % interval of (ours − theirs) lies above zero.

Classification: log loss, accuracy beside it. Regression: root of the mean squared error. Where our program takes a target
of few whole numbers for classes, scikit-learn gets the same task.
"""

import argparse
import csv
import dataclasses
import gzip
import io
import json
import pathlib
import sys
import tempfile
import time
import warnings

import numpy as np

import ours
import record

warnings.filterwarnings("ignore")

CACHE = record.SCRATCH / "defaults"
# Test rows below which each fifth of the rows is the test set in turn, and how often the rows are then dealt into fifths.
FEW = 400
DEALS = 10


@dataclasses.dataclass
class Set:
    name: str
    train: tuple  # path below ../shared/data
    target: str | None = None  # as our program is told
    test: tuple | None = None
    header: bool = True
    separator: str = ","
    dropped: tuple = ()  # columns taken out of the files: parts of the target
    svmlight: bool = False
    features: int | None = None


TABULAR = "tabular"
SETS = [
    Set("adult", (TABULAR, "adult", "adult.data.gz"), "last", (TABULAR, "adult", "adult.test.gz"), header=False),
    Set("california-housing", (TABULAR, "california-housing", "housing.csv.gz"), "median_house_value"),
    Set("wine-red", (TABULAR, "wine-quality", "winequality-red.csv"), "quality", separator=";"),
    Set("wine-white", (TABULAR, "wine-quality", "winequality-white.csv"), "quality", separator=";"),
    Set("bike-hour", (TABULAR, "bike-sharing", "hour.csv"), "cnt", dropped=("casual", "registered")),
    Set("bike-day", (TABULAR, "bike-sharing", "day.csv"), "cnt", dropped=("casual", "registered")),
    Set("diamonds", (TABULAR, "diamonds", "diamonds.csv.gz"), "price"),
    Set("abalone", (TABULAR, "abalone", "abalone.csv"), "last", header=False),
    Set("iris", (TABULAR, "iris", "iris.csv"), "last", header=False),
    Set("nyc-weather", (TABULAR, "nyc-weather", "weather.csv.gz"), "temp"),
    Set("us-flights", (TABULAR, "us-flights-200k", "flights-200k.csv.gz"), "delay"),
    Set(
        "higgs",
        (TABULAR, "higgs-sample", "higgs.train.tsv"),
        "1",
        (TABULAR, "higgs-sample", "higgs.test.tsv"),
        header=False,
        separator="\t",
    ),
    Set("a9a", ("libsvm", "a9a.gz"), None, ("libsvm", "a9a.t.gz"), svmlight=True, features=123),
    Set("a1a", ("libsvm", "a1a"), None, ("libsvm", "a9a.t.gz"), svmlight=True, features=123),
    Set("heart_scale", ("libsvm", "heart_scale"), svmlight=True, features=13),
    Set(
        "agaricus",
        ("libsvm", "agaricus.txt.train"),
        None,
        ("libsvm", "agaricus.txt.test"),
        svmlight=True,
        features=126,
    ),
    Set(
        "rcv1_small",
        ("libsvm", "rcv1_small.svm.gz"),
        None,
        ("libsvm", "rcv1_small_test.svm.gz"),
        svmlight=True,
        features=47_236,
    ),
    Set("movie_reviews", ("libsvm", "movie_reviews_bow.svm.gz"), svmlight=True, features=50_920),
]


# -- rows


def lines(path):
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    return [line for line in raw.decode("utf-8-sig").splitlines() if line.strip()]


def without_columns(rows, separator, dropped):
    parsed = list(csv.reader(rows, delimiter=separator))
    keep = [j for j, name in enumerate(parsed[0]) if name not in dropped]
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(
        [[row[j] for j in keep] for row in parsed]
    )
    return out.getvalue().splitlines()


def rounds(which):
    """How many fifths of the rows are test rows in turn: one for many rows or a test file, five for few."""
    body = len(lines(record.shared(*which.train))) - (which.header and not which.svmlight)
    return 5 if which.test is None and body // 5 < FEW else 1


def dealt(rows, deal, fifth):
    """The numbers of the rows in a fifth, ascending."""
    order = np.random.default_rng(deal).permutation(rows)
    return np.sort(np.array_split(order, 5)[fifth])


def split(which, folder, deal=0, fifth=0):
    """Writes train and test files in the set's own form, a fifth of the rows for the test; their paths and the test rows' numbers."""
    rows = lines(record.shared(*which.train))
    if which.dropped:
        rows = without_columns(rows, which.separator, which.dropped)
    has_header = which.header and not which.svmlight
    head, body = (rows[:1], rows[1:]) if has_header else ([], rows)
    if which.test is not None:
        test = lines(record.shared(*which.test))
        if which.name == "adult":  # its test labels end in a full stop
            test = [line.removesuffix(".") for line in test]
        numbers = np.arange(len(test))
    else:
        numbers = dealt(len(body), deal, fifth)
        taken = set(numbers.tolist())
        test = [line for i, line in enumerate(body) if i in taken]
        body = [line for i, line in enumerate(body) if i not in taken]
    ending = "svm" if which.svmlight else "csv" if which.separator != "\t" else "tsv"
    paths = folder / f"train.{ending}", folder / f"test.{ending}"
    for path, part in zip(paths, (body, test)):
        path.write_text("\n".join(head + part) + "\n")
    return paths, numbers


def frames(which, paths):
    """(X train, y train, X test, y test) as scikit-learn's user would read them."""
    if which.svmlight:
        from sklearn.datasets import load_svmlight_file

        out = []
        for path in paths:
            X, y = load_svmlight_file(str(path), n_features=which.features, zero_based=False)
            out += [X, y]
        return out
    import pandas

    out = []
    for path in paths:
        frame = pandas.read_csv(
            path,
            sep=which.separator,
            header=0 if which.header else None,
            skipinitialspace=True,
            na_values=["?"],
        )
        at = {"last": frame.columns[-1], "1": frame.columns[0]}.get(which.target, which.target)
        frame = frame[frame[at].notna()].rename(columns=str)
        at = str(at)
        out += [frame.drop(columns=at), frame[at].to_numpy()]
    return out


# -- scikit-learn


def pipeline(X, model, sparse):
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, StandardScaler

    if sparse:
        return make_pipeline(MaxAbsScaler(), model)
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    levels = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=10)
    text = [c for c in X.columns if not np.issubdtype(np.dtype(X[c].to_numpy().dtype), np.number)]
    few = [c for c in text if X[c].nunique() <= 1000]  # dates and names of every row are left out
    numeric = [c for c in X.columns if c not in text]
    return make_pipeline(make_column_transformer((numbers, numeric), (levels, few)), model)


def models(task, y):
    from sklearn import linear_model as m

    if task == "classification":
        yield "LogisticRegression", m.LogisticRegression(max_iter=5000)
        yield "LogisticRegressionCV", m.LogisticRegressionCV(
            Cs=8, cv=5, scoring="neg_log_loss", max_iter=2000, l1_ratios=(0.0,), use_legacy_attributes=False
        )
    else:
        yield "Ridge", m.Ridge()
        yield "RidgeCV", m.RidgeCV(alphas=np.logspace(-3, 4, 15))
        yield "LassoCV", m.LassoCV(cv=5, max_iter=20000)
        yield "HuberRegressor", m.HuberRegressor(max_iter=2000)
        if y.min() >= 0:
            yield "PoissonRegressor", m.PoissonRegressor(alpha=1e-3, max_iter=2000)


def row_losses(task, y, predicted, classes=None):
    """Log loss of every row (and hits), or squared error of every row."""
    if task == "regression":
        return {"loss": (np.asarray(predicted, float) - y.astype(float)) ** 2}
    p = np.clip(predicted, 1e-15, 1.0)
    at = np.searchsorted(classes, y)
    known = (at < len(classes)) & (np.asarray(classes)[np.minimum(at, len(classes) - 1)] == y)
    at = np.where(known, at, 0)
    loss = np.where(known, -np.log(p[np.arange(len(y)), at]), -np.log(1e-15))
    return {"loss": loss, "hit": known & (p.argmax(axis=1) == at)}


def peers(which, task, data, deal, fifth):
    """Row losses of every pipeline, from the cache where they are known."""
    Xtrain, ytrain, Xtest, ytest = data
    out = {}
    for name, model in models(task, ytrain.astype(float) if task == "regression" else ytrain):
        fold = f"{deal}.{fifth}" if deal else fifth
        place = CACHE / f"{which.name}-{fold}-{task}-{name}.npz"
        if not place.exists():
            start = time.perf_counter()
            fitted = pipeline(Xtrain, model, which.svmlight).fit(Xtrain, ytrain)
            seconds = time.perf_counter() - start
            if task == "regression":
                losses = row_losses(task, ytest, fitted.predict(Xtest))
            else:
                losses = row_losses(task, ytest, fitted.predict_proba(Xtest), fitted.classes_)
            CACHE.mkdir(parents=True, exist_ok=True)
            np.savez(place, seconds=seconds, **losses)
        out[name] = dict(np.load(place))
    return out


# -- ours


def our_losses(which, paths, folder, ytest):
    """The program's JSON, the task in one word, and the losses of the test rows."""
    import pandas

    target = ["--target", which.target] if which.target else []
    run = folder / "run"
    got = ours.fit(paths[0], *target, "--test", "0", keep=run)
    table = ours.run("predict", run, paths[1])
    frame = pandas.read_csv(io.StringIO(table), keep_default_na=False)
    if "regression" in got["task"] or got["task"] in ("counts", "count"):
        values = frame["prediction"].astype(float).to_numpy()
        return got, "regression", row_losses("regression", ytest, of_scored(values, ytest))
    classes = sorted(set(ytest.tolist()))
    columns = [probability_column(frame, c) for c in classes]
    p = np.column_stack([frame[c].astype(float).to_numpy() if c else np.zeros(len(frame)) for c in columns])
    if len(classes) == 2 and columns.count(None) == 1:
        given = 0 if columns[0] else 1
        p[:, 1 - given] = 1.0 - p[:, given]
    return got, "classification", row_losses("classification", ytest, of_scored(p, ytest), classes)


def of_scored(values, ytest):
    if len(values) != len(ytest):
        raise SystemExit(f"predict gave {len(values)} rows for {len(ytest)} test rows")
    return values


def probability_column(frame, label):
    """The column with the probability of a class, `p(CLASS)`, the class as written in the file."""
    texts = {str(label)}
    if isinstance(label, (float, np.floating)) and float(label).is_integer():
        texts |= {str(int(label)), f"+{int(label)}"}
    return next((f"p({text})" for text in texts if f"p({text})" in frame.columns), None)


# -- comparison


def metric(task, losses, rows=slice(None)):
    mean = losses["loss"][rows].mean()
    return float(np.sqrt(mean)) if task == "regression" else float(mean)


def together(parts, numbers):
    """The losses of several test sets as one, in the order of the rows' `numbers`; `seconds` added up."""
    order = np.argsort(np.concatenate(numbers))
    out = {key: np.concatenate([p[key] for p in parts])[order] for key in parts[0] if key != "seconds"}
    if "seconds" in parts[0]:
        out["seconds"] = sum(float(p["seconds"]) for p in parts)
    return out


def paired_bootstrap(task, mine, theirs, draws=10_000):
    """95 % interval of ours − theirs; multinomial weights instead of copies of rows, in blocks."""
    rng = np.random.default_rng(0)
    n = len(mine["loss"])
    both = np.column_stack([mine["loss"], theirs["loss"]])
    differences = np.empty(draws)
    for at in range(draws):
        means = both[rng.integers(0, n, n)].mean(axis=0)
        means = np.sqrt(means) if task == "regression" else means
        differences[at] = means[0] - means[1]
    return [float(v) for v in np.quantile(differences, (0.025, 0.975))]


def fold(which, deal, fifth, peers_only):
    """Our JSON, the task, our losses, the peers' and the numbers of the rows; None where only the peers' cache is filled."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        paths, numbers = split(which, folder, deal, fifth)
        data = frames(which, paths)
        if peers_only:
            for task in guessed_tasks(data[1]):
                for name, losses in peers(which, task, data, deal, fifth).items():
                    print(f"{which.name} {deal}.{fifth} {task} {name}: {metric(task, losses):.5g}", flush=True)
            return None
        got, task, losses = our_losses(which, paths, folder, data[3])
    return got, task, losses, peers(which, task, data, deal, fifth), numbers


def judged(task, mine, found):
    """Ours against the best of the peers."""
    best = min(found, key=lambda name: metric(task, found[name]))
    interval = paired_bootstrap(task, mine, found[best])
    return {
        "ours": metric(task, mine),
        "peers": {name: metric(task, losses) for name, losses in found.items()},
        "best_peer": best,
        "difference": metric(task, mine) - metric(task, found[best]),
        "interval": interval,
        "verdict": "worse" if interval[0] > 0 else "better" if interval[1] < 0 else "level",
    }


def averaged(parts):
    """The losses of each row, averaged over deals."""
    return {key: np.mean([p[key] for p in parts], axis=0) for key in parts[0]}


def compare(which, peers_only):
    if record.shared(*which.train) is None:
        return None
    fifths = rounds(which)
    deals = DEALS if fifths > 1 else 1
    ours_by_deal, peers_by_deal, first = [], [], None
    for deal in range(deals):
        try:
            folds = [fold(which, deal, fifth, peers_only) for fifth in range(fifths)]
        except ours.Failed as failed:
            return {"failed": failed.message.strip()[-400:]}
        if peers_only:
            continue
        got, task, _, names, _ = folds[0]
        numbers = [f[4] for f in folds]
        ours_by_deal.append(together([f[2] for f in folds], numbers))
        peers_by_deal.append({name: together([f[3][name] for f in folds], numbers) for name in names})
        first = first or (got, task, folds)
    if peers_only:
        return None
    got, task, folds = first
    out = {
        "task": got["task"],
        "model": got.get("model") or got.get("solver"),
        "rows": got["rows"],
        "seconds": got["seconds"]["total"],
        **judged(task, ours_by_deal[0], peers_by_deal[0]),
        "peers_seconds": {name: float(losses["seconds"]) for name, losses in peers_by_deal[0].items()},
        "termination": got["termination"]["reason"],
    }
    best = out["best_peer"]
    out["differences"] = [metric(task, f[2]) - metric(task, f[3][best]) for f in folds]
    if task == "classification":
        hits = {"ours": ours_by_deal[0], "best peer": peers_by_deal[0][best]}
        out["accuracy"] = {who: float(losses["hit"].mean()) for who, losses in hits.items()}
    if deals > 1:
        means = {name: averaged([p[name] for p in peers_by_deal]) for name in peers_by_deal[0]}
        out["deals"] = {"count": deals, **judged(task, averaged(ours_by_deal), means)}
        out["deals"]["each"] = [
            [metric(task, mine), metric(task, theirs[out["deals"]["best_peer"]])]
            for mine, theirs in zip(ours_by_deal, peers_by_deal)
        ]
    return out


def guessed_tasks(y):
    """What a target may be taken for; whole numbers of few values may be either."""
    if y.dtype == object or not np.issubdtype(y.dtype, np.number):
        return ("classification",)
    few = len(np.unique(y))
    if few == 2:
        return ("classification",)
    return ("classification", "regression") if few <= 10 else ("regression",)


def show(results):
    rows = []
    for name, r in results.items():
        if "failed" in r:
            rows.append((name, "", "failed", "", "", r["failed"][:80], "**failed**"))
            continue
        deals = r.get("deals")
        for label, judged in ((name, r), (f"{name}, {DEALS} deals", deals)):
            if judged is None:
                continue
            low, high = judged["interval"]
            peer = judged["best_peer"]
            rows.append(
                (
                    label,
                    r["task"],
                    f"{judged['ours']:.5g}",
                    f"{judged['peers'][peer]:.5g} {peer}",
                    f"{low:+.2g} … {high:+.2g}",
                    f"{r['seconds']:.2f}",
                    "**worse**" if judged["verdict"] == "worse" else judged["verdict"],
                )
            )
    print(record.table(("set", "task", "ours", "best peer", "95 % of the difference", "seconds", ""), rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", help=", ".join(s.name for s in SETS))
    parser.add_argument("--peers-only", action="store_true")
    args = parser.parse_args()
    if not args.peers_only and ours.binary() is None:
        sys.exit("build first: cargo build --release, or name the program in STEEPEST")
    results = {}
    for which in SETS:
        if not args.sets or which.name in args.sets:
            result = compare(which, args.peers_only)
            if result is not None:
                results[which.name] = result
    if args.peers_only:
        return
    show(results)
    if not args.sets:
        record.write(
            record.ROOT / "bench" / "results" / "defaults.json",
            {
                "what": "test log loss or root mean squared error with defaults; difference is ours − best peer",
                "machine": record.machine(),
                "versions": {**record.versions("scikit-learn", "numpy", "pandas"), "steepest": ours.version()},
                "sets": record.rounded(results, 6),
            },
        )
    bad = [n for n, r in results.items() if "failed" in r or "worse" in (r["verdict"], r.get("deals", r)["verdict"])]
    sys.exit(f"failed or worse: {', '.join(bad)}" if bad else 0)


if __name__ == "__main__":
    main()
