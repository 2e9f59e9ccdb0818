"""Every update rule on the adult census data, with what the program chooses for it.

    python bench/optimizers/adult.py [--steepest target/release/steepest] [--data …/adult.data.gz] [NAME …]

Logistic regression with the default penalty; Newton's method gives the certified minimum. Each rule then runs through
`steepest fit --solver NAME` with nothing else said: the program takes the batch, the number of epochs, the schedule and, where
the rule's default does not hold for all data, the learning rate. Writes bench/optimizers/results.adult.md; exits 1 if a rule
ends more than 1 % above the minimum.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = """sgd sgd:momentum=0.9 sgd:momentum=0.9,nesterov=true nesterov adagrad rmsprop adadelta adam amsgrad adamw:weight_decay=0
adamax nadam radam lion signsgd adan ademamix adopt yogi adabelief sophia:weight_decay=0 rprop lars lamb schedule_free_sgd
schedule_free_adamw prodigy dadapt_sgd dadapt_adam dog ftrl muon:weight_decay=0 shampoo soap:weight_decay=0 adafactor""".split()


def fit(program, data, folder, solver, *more):
    out = pathlib.Path(folder) / "run"
    shutil.rmtree(out, ignore_errors=True)
    command = [program, "fit", data, "--target", "15", "--test", "0", "--out", str(out), "--solver", solver]
    done = subprocess.run([*command, *more], capture_output=True, text=True)
    if done.returncode == 2:
        return None, done.stderr.strip()
    summary = json.loads((out / "summary.json").read_text())
    choices = {c["what"]: c["value"] for c in summary["choices"]}
    return summary, choices


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rules", nargs="*", default=RULES)
    parser.add_argument("--steepest", default=str(ROOT / "target" / "release" / "steepest"))
    parser.add_argument("--data", default=str(ROOT.parent / "shared" / "data" / "tabular" / "adult" / "adult.data.gz"))
    parser.add_argument("--allowed", type=float, default=1.0, help="percent above the minimum")
    args = parser.parse_args()
    lines, worst = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        best, _ = fit(args.steepest, args.data, folder, "newton", "--gap", "1e-9")
        minimum = best["objective"] - best["certificate"]["gap"]
        for rule in args.rules:
            summary, choices = fit(args.steepest, args.data, folder, rule)
            if summary is None:
                lines.append((rule, "refused", choices, "", ""))
                worst = float("inf")
            else:
                above = 100.0 * (summary["objective"] / minimum - 1.0)
                worst = max(worst, above)
                schedule = choices.get("solver.schedule", "the rule's default")
                lines.append((rule, f"{above:.3f}", schedule, choices.get("solver.batch", ""), summary["steps"]))
            print(*lines[-1], sep="  ", flush=True)
    table = [
        "# adult: how far above the certified minimum every update rule ends",
        "",
        f"Logistic regression, {best['rows']['train']:,} rows, {best['features']['encoded']} features; certified minimum {minimum:.9f}.",
        "",
        "| rule | % above | schedule chosen | batch | steps |",
        "|---|---|---|---|---|",
        *(f"| `{rule}` | {above} | {schedule} | {batch} | {steps} |" for rule, above, schedule, batch, steps in lines),
    ]
    if args.rules == RULES:
        (ROOT / "bench" / "optimizers" / "results.adult.md").write_text("\n".join(table) + "\n")
    print(f"worst: {worst:.3f} %")
    sys.exit(worst > args.allowed)


if __name__ == "__main__":
    main()
