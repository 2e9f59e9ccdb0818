"""Reading: a9a.gz against load_svmlight_file, a 200 MB CSV against polars; peak memory of each.

    python bench/reading.py [--rounds 7] [--peers-only] [--megabytes 200]

Each contender runs in its own process, in turn; the seconds are those inside the process (`seconds.read` of ours; the call
alone for the peers, imports apart), the memory is the process's peak (ru_maxrss), for the peers also with
what their imports take subtracted. Ours fits a ridge regression after reading, so its memory holds more than
the table; `matrix_mb` is the encoded matrix of its training rows, and the memory promised is 64 MB and three times that. polars reads into columns; what it does with strings and missing values is the same as ours needs.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

import ours
import record

COLUMNS = 20


def big_csv(megabytes):
    """Numbers of several kinds, two text columns, some empty fields, a target; made once, the same bytes every time."""
    record.SCRATCH.mkdir(exist_ok=True)
    path = record.SCRATCH / f"big-{megabytes}.csv"
    if path.exists():
        return path
    rng = np.random.default_rng(0)
    names = [f"n{j}" for j in range(COLUMNS)] + ["colour", "town", "target"]
    colours, towns = ["red", "green", "blue", "black"], [f"town {k}" for k in range(200)]
    partial = path.with_suffix(".partial")
    with open(partial, "w") as out:
        out.write(",".join(names) + "\n")
        while out.tell() < megabytes * 1_000_000:
            n = 5000
            floats = rng.standard_normal((n, COLUMNS // 2)) * 10.0 ** rng.integers(-2, 4, COLUMNS // 2)
            whole = rng.integers(0, 100_000, (n, COLUMNS // 2))
            empty = rng.random((n, COLUMNS)) < 0.01
            target = floats[:, 0] + 0.001 * whole[:, 0] + rng.standard_normal(n)
            pick = rng.integers(0, 4, n), rng.integers(0, 200, n)
            for i in range(n):
                fields = [f"{v:.6g}" for v in floats[i]] + [str(v) for v in whole[i].tolist()]
                fields = ["" if e else f for f, e in zip(fields, empty[i])]
                fields += [colours[pick[0][i]], towns[pick[1][i]], f"{target[i]:.5f}"]
                out.write(",".join(fields) + "\n")
    partial.replace(path)
    return path


# -- one reading in this process; prints {seconds, memory}


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_sklearn(path):
    from sklearn.datasets import load_svmlight_file

    before = peak_mb()
    start = time.perf_counter()
    load_svmlight_file(path)
    return time.perf_counter() - start, before


def read_polars(path, rows):
    import polars

    before = peak_mb()
    start = time.perf_counter()
    frame = polars.read_csv(path, infer_schema_length=rows)
    seconds = time.perf_counter() - start
    assert frame.width == COLUMNS + 3
    return seconds, before


def read_pandas(path):
    import pandas

    before = peak_mb()
    start = time.perf_counter()
    pandas.read_csv(path)
    return time.perf_counter() - start, before


READERS = {
    "load_svmlight_file": read_sklearn,
    "polars, 100 rows inferred": lambda path: read_polars(path, 100),
    "polars, whole file inferred": lambda path: read_polars(path, None),
    "pandas": read_pandas,
}


def child(name, path):
    seconds, before = READERS[name](path)
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb(), "imports_mb": before}))


def peer(name, path, roomy):
    extra = record.ROOMY_MALLOC if roomy else {}
    done = subprocess.run(
        [sys.executable, __file__, "--child", name, str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, **extra},
    )
    if done.returncode != 0:
        return None
    return json.loads(done.stdout)


def our_read(path, target):
    """`seconds.read` and the peak memory of the whole process: read and one ridge fit."""
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        command = [str(ours.binary()), "fit", str(path), *target, "--json", "--out", f"{scratch}/run"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        return None
    got = json.loads(out)
    return {
        "seconds": got["seconds"]["read"],
        "total": got["seconds"]["total"],
        "peak_mb": usage.ru_maxrss / 1024,
        "matrix_mb": got["features"]["bytes"] / 2**20,
    }


def race(path, names, target, rounds, peers_only):
    """Every contender in turn; peers with both allocator settings, the faster counts."""
    runs = {(name, roomy): [] for name in names for roomy in (False, True)}
    mine, failed = [], []
    for turn in range(rounds + 1):  # the first round warms the file cache
        for (name, roomy), list_ in runs.items():
            got = peer(name, path, roomy)
            if got is None and name not in failed:
                failed.append(name)
            if turn and got:
                list_.append(got)
        if not peers_only:
            got = our_read(path, target)
            if got is None and "steepest" not in failed:
                failed.append("steepest")
            if turn and got:
                mine.append(got)
    out = {"megabytes": os.path.getsize(path) / 1e6, "failed": failed, "contenders": {}}
    for (name, roomy), taken in runs.items():
        if not taken:
            continue
        seconds = statistics.median(t["seconds"] for t in taken)
        if name in out["contenders"] and out["contenders"][name]["median"] <= seconds:
            continue
        out["contenders"][name] = {
            "median": seconds,
            "peak_mb": statistics.median(t["peak_mb"] for t in taken),
            "imports_mb": statistics.median(t["imports_mb"] for t in taken),
            "allocator": "roomy" if roomy else "default",
        }
        if mine:
            pair = [t["seconds"] for t in taken], [t["seconds"] for t in mine]
            out["contenders"][name]["ratio"] = record.ratio_interval(*pair)
    if mine:
        out["contenders"]["steepest"] = {
            "median": statistics.median(t["seconds"] for t in mine),
            "total": statistics.median(t["total"] for t in mine),
            "peak_mb": statistics.median(t["peak_mb"] for t in mine),
            "matrix_mb": mine[0]["matrix_mb"],
        }
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--peers-only", action="store_true")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return child(*args.child)
    peers_only = args.peers_only or ours.binary() is None
    results = {}
    a9a = record.shared("libsvm", "a9a.gz")
    if a9a is not None:
        results["a9a.gz"] = race(str(a9a), ["load_svmlight_file"], [], args.rounds, peers_only)
    names = [n for n in READERS if n != "load_svmlight_file"]
    big = big_csv(args.megabytes)
    results[big.name] = race(str(big), names, ["--target", "target"], args.rounds, peers_only)
    for name, result in results.items():
        print(f"\n{name}, {result['megabytes']:.1f} MB")
        rows = []
        for who, e in result["contenders"].items():
            ratio = e.get("ratio")
            text = f"{ratio['ratio']:.2f} ({ratio['low']:.2f} … {ratio['high']:.2f})" if ratio else ""
            rows.append((who, f"{1e3 * e['median']:.4g}", f"{e['peak_mb']:.0f}", text))
        print(record.table(("reader", "median ms", "peak MB", "its time / ours"), rows))
        for who in result["failed"]:
            print(f"{who} failed")
    record.write(
        record.ROOT / "bench" / ("peers" if peers_only else "results") / "reading.json",
        {
            "what": "seconds to read a file into memory, peak memory of the process",
            "machine": record.machine(),
            "versions": {
                **record.versions("scikit-learn", "polars", "pandas"),
                "steepest": ours.version(),
            },
            "files": record.rounded(results),
        },
    )


if __name__ == "__main__":
    main()
