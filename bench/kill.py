"""Kills a run at random moments, resumes it, and compares what comes out with a run that nobody stopped.

The run is adam on adult (32,561 rows) of ../shared/data with a checkpoint every 0.2 s, long enough to take 10 s or more.
Moments are drawn uniformly over the run; a tenth lies before the first checkpoint, a tenth strikes while a file is being
written (a temporary file is there). Each kill is followed by `--resume`; a trial takes `--chain` kills before it may end.
Compared byte for byte: model.safetensors, model.json, evaluation.json, coefficients.csv; and metrics.jsonl without seconds.

    cargo build --release && python3 bench/kill.py --kills 200
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SAME = ["model.safetensors", "model.json", "evaluation.json", "coefficients.csv"]


def records(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        line.pop("seconds", None)
    return lines


def differences(whole, run):
    found = [name for name in SAME if (whole / name).read_bytes() != (run / name).read_bytes()]
    if records(whole) != records(run):
        found.append("metrics.jsonl")
    found += [entry.name for entry in run.iterdir() if entry.name.endswith("tmp")]
    return found


class Killer:
    def __init__(self, program, data, place, epochs, seconds):
        self.program, self.place, self.random = program, place, random.Random(0)
        self.fit = ["fit", str(data), "--target", "last", "--test", "0", "--solver", "adam", "--batch", "64",
                    "--epochs", str(epochs), "--gap", "0", "--checkpoint-every", str(seconds)]
        self.before_checkpoint = self.in_write = 0

    def start(self, args):
        return subprocess.Popen([self.program, *args], cwd=self.place, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def finish(self, args):
        process = self.start(args)
        _, said = process.communicate()
        if process.returncode != 0:
            sys.exit(f"{' '.join(args)} ended with {process.returncode}: {said.decode()}")

    def writing(self, run):
        return run.is_dir() and any(entry.name.endswith("tmp") for entry in run.iterdir())

    def kill(self, args, run, length):
        """Starts, waits, kills; whether the program was still running."""
        kind = self.random.random()
        moment = self.random.uniform(0, 0.25 if kind < 0.1 else length)
        process = self.start(args)
        begun = time.monotonic()
        while process.poll() is None and time.monotonic() - begun < moment:
            time.sleep(0.0005)
        while 0.1 <= kind < 0.2 and process.poll() is None and not self.writing(run):
            pass
        process.kill()
        process.communicate()
        if process.returncode != -9:
            return False
        self.before_checkpoint += not (run / "checkpoint.safetensors").exists()
        self.in_write += self.writing(run)
        return True

    def args(self, run):
        begun = (run / "config.toml").is_file()
        return ["fit", "--out", run.name, "--resume"] if begun else [*self.fit, "--out", run.name]


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--program", default=str(HERE.parent / "target/release/steepest"))
    ask.add_argument("--data", default=str(HERE.parent.parent / "shared/data/tabular/adult/adult.data.gz"))
    ask.add_argument("--kills", type=int, default=200)
    ask.add_argument("--chain", type=int, default=4, help="kills of one trial")
    ask.add_argument("--epochs", type=int, default=5000)
    ask.add_argument("--checkpoint-every", type=float, default=0.2)
    ask = ask.parse_args()
    if not Path(ask.data).is_file():
        sys.exit(f"skipped: {ask.data} is not there")
    place = Path(tempfile.mkdtemp(prefix="steepest-kill-"))
    try:
        killer = Killer(str(Path(ask.program).resolve()), ask.data, place, ask.epochs, ask.checkpoint_every)
        whole = place / "whole"
        begun = time.monotonic()
        killer.finish(killer.args(whole))
        length = time.monotonic() - begun
        steps = json.loads((whole / "summary.json").read_text())["steps"]
        print(f"uninterrupted: {length:.1f} s, {steps} steps")
        kills = trials = wrong = 0
        while kills < ask.kills:
            run = place / f"trial-{trials}"
            trials += 1
            for _ in range(min(ask.chain, ask.kills - kills)):
                # A resumed run has less before it, so that later kills of a chain are drawn from a shorter time.
                kills += killer.kill(killer.args(run), run, length / ask.chain)
            killer.finish(killer.args(run))
            found = differences(whole, run)
            if found:
                wrong += 1
                print(f"trial {trials - 1}: differs in {', '.join(found)}")
            shutil.rmtree(run)
            print(f"\r{kills} kills", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        print(f"{kills} kills in {trials} trials: {killer.before_checkpoint} before the first checkpoint, "
              f"{killer.in_write} inside a write; {wrong} trials ended differently")
        sys.exit(1 if wrong else 0)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
