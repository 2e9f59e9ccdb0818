"""AdamW in turns with Burn's and Candle's, 67 M parameters in one tensor and in a hundred.

    cargo build --release --manifest-path bench/optimizers/rust_peers/Cargo.toml
    python bench/optimizers/rust_race.py [--rounds 31] [--parameters 67108864] [--threads 2]

The program `rust_peers` holds all contenders in one process and lets each make one step a round. Burn computes on its `flex`
backend, the one that has taken the place of `ndarray`, with threads and SIMD. `steepest on a Burn module` is our rule through the crate
`steepest-burn`: gradients are copied into the flat vector and checked for values that are not finite; the others check nothing.
The ratio is that of the medians, the peer's time to ours, with its 95 % bootstrap interval: above 1 we are faster. The allocator keeps
large arrays in the process, which makes the peers faster. Writes bench/optimizers/results/rust.json and rust.md.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import record  # noqa: E402  the directory above is on the path now

HERE = pathlib.Path(__file__).resolve().parent
CRATES = ("burn", "burn-flex", "candle-core", "candle-nn")


def versions():
    """Of the peers, from the lock file."""
    text = (HERE / "rust_peers" / "Cargo.lock").read_text()
    return {c: re.search(rf'name = "{c}"\nversion = "(.*)"', text).group(1) for c in CRATES}


def race(program, parameters, tensors, rounds, threads):
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads), **record.ROOMY_MALLOC)
    command = [program, str(parameters), str(tensors), str(rounds)]
    lines = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()
    times = {}
    for line in lines:
        name, nanoseconds = line.split("\t")
        times.setdefault(name, []).append(int(nanoseconds) * 1e-9)
    results = {}
    for name, taken in times.items():
        results[name] = {"median": statistics.median(taken), **record.ratio_interval(taken, times["steepest"])}
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--parameters", type=int, default=1 << 26)
    parser.add_argument("--threads", type=int, default=2)
    target = os.environ.get("CARGO_TARGET_DIR", str(HERE / "rust_peers" / "target"))
    parser.add_argument("--program", default=f"{target}/release/rust-peers")
    args = parser.parse_args()
    races, tables = {}, []
    for tensors in (1, 100):
        results = race(args.program, args.parameters, tensors, args.rounds, args.threads)
        races[f"{tensors} tensor{'s' if tensors > 1 else ''}"] = record.rounded(results)
        rows = [
            (name, f"{1e3 * r['median']:.1f}", f"{r['ratio']:.2f}", f"{r['low']:.2f} – {r['high']:.2f}")
            for name, r in results.items()
        ]
        what = f"{tensors} tensor{'s' if tensors > 1 else ''} of {args.parameters // tensors:,}"
        tables.append(record.table((what, "median ms", "times ours", "95 % of the ratio"), rows))
        print(tables[-1])
    record.write(
        HERE / "results" / "rust.json",
        {
            "what": "seconds of one AdamW update, f32",
            "parameters": args.parameters,
            "threads": args.threads,
            "rounds": args.rounds,
            "allocator": "roomy",
            "machine": record.machine(),
            "versions": versions(),
            "races": races,
        },
    )
    machine, peers = record.machine(), ", ".join(f"{name} {version}" for name, version in versions().items())
    title = f"# One AdamW update over {args.parameters:,} f32 parameters, beside Burn and Candle\n"
    setting = (
        f"Written by `bench/optimizers/rust_race.py`, which says what is measured: {args.rounds} rounds in turn, {args.threads} threads, "
        f"{machine['processor']} with {machine['cores']} cores, {peers}.\n"
    )
    (HERE / "results" / "rust.md").write_text("\n".join([title, setting, "\n\n".join(tables), ""]))


if __name__ == "__main__":
    main()
