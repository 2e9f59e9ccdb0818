"""Shows 4: the same `model.safetensors`, byte for byte, for --threads 1, 2 and 7, for every solver.

    cargo build --release && python3 bench/threads.py
"""

import hashlib
import pathlib
import subprocess
import sys
import tempfile

import ours
import record

WHOLE = [
    (("libsvm", "a9a.gz"), ["--solver", solver])
    for solver in ("newton", "newton-cg", "lbfgs")
] + [
    (("libsvm", "a9a.gz"), ["--loss", "hinge", "--solver", "interior"]),
    (("libsvm", "a9a.gz"), ["--loss", "hinge", "--solver", "semismooth"]),
    (("libsvm", "a9a.gz"), ["--loss", "squared_hinge", "--solver", "semismooth"]),
    (("libsvm", "movie_reviews_bow.svm.gz"), ["--loss", "hinge", "--solver", "semismooth"]),
    (("libsvm", "movie_reviews_bow.svm.gz"), ["--solver", "dual-newton"]),
    (("libsvm", "rcv1_small.svm.gz"), ["--loss", "squared", "--l1", "1e-4", "--solver", "cd"]),
    (("libsvm", "a9a.gz"), ["--loss", "hinge", "--solver", "dual-cd", "--steps", "50"]),
    (("libsvm", "a9a.gz"), ["--loss", "squared_hinge", "--solver", "dual-cd", "--steps", "50"]),
    (("libsvm", "a9a.gz"), ["--l1", "0.001", "--solver", "fista", "--steps", "200"]),
    (("libsvm", "a9a.gz"), ["--l1", "0.001", "--solver", "cd"]),
] + [(("libsvm", "a9a.gz"), ["--solver", solver, "--steps", "20"]) for solver in ("sdca", "saga", "svrg")]
ROWS = [
    (("libsvm", "a9a.gz"), ["--solver", "momentum", "--epochs", "2"]),
    (("libsvm", "a9a.gz"), ["--solver", "sgd", "--batch", "1", "--epochs", "2"]),
    (("libsvm", "a9a.gz"), ["--solver", "adagrad", "--batch", "1", "--epochs", "2"]),
    (("libsvm", "a9a.gz"), ["--solver", "sgd", "--batch", "full", "--epochs", "20"]),
]
DEFAULTS = [
    (("tabular", "adult", "adult.data.gz"), ["--target", "last"]),
    (("tabular", "us-flights-200k", "flights-200k.csv.gz"), ["--target", "delay"]),
    (("tabular", "diamonds", "diamonds.csv.gz"), ["--target", "price"]),
    (("libsvm", "movie_reviews_bow.svm.gz"), []),
]


def update_rules(program):
    """Every update rule that the program lists, over batches."""
    listed = subprocess.run([program, "optimizers"], capture_output=True, text=True, check=True).stdout
    names = [line.split()[0] for line in listed.split("\n\n")[0].splitlines()[1:]]
    return [(("libsvm", "a9a.gz"), ["--solver", name, "--epochs", "2"]) for name in names]


def digest(program, data, flags, threads, folder):
    run = folder / f"threads-{threads}"
    command = [program, "fit", str(data), *flags, "--threads", str(threads), "--out", str(run), "-q"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode > 1:  # 1: the budget ended before the gap was reached
        sys.exit(f"{' '.join(flags)}: {done.stderr}")
    return hashlib.sha256((run / "model.safetensors").read_bytes()).hexdigest()


def main():
    program, different = str(ours.binary()), 0
    for path, flags in WHOLE + update_rules(program) + ROWS + DEFAULTS:
        data = record.shared(*path)
        if data is None:
            print(f"skipped, {'/'.join(path)} is not there")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            found = {digest(program, data, flags, threads, pathlib.Path(scratch)) for threads in (1, 2, 7)}
        different += len(found) > 1
        print(f"{path[-1]} {' '.join(flags)}: {'the same' if len(found) == 1 else 'DIFFERENT'}", flush=True)
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
