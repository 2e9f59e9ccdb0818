"""Runs the program under test: `target/release/steepest`, or what the variable STEEPEST names."""

import json
import os
import pathlib
import subprocess
import tempfile

from record import ROOT


def binary():
    """The program's path, or None where it is not built."""
    path = pathlib.Path(os.environ.get("STEEPEST", ROOT / "target" / "release" / "steepest"))
    return path if path.exists() else None


class Failed(Exception):
    """The program ended with an exit code that is not 0."""

    def __init__(self, command, code, message):
        super().__init__(f"exit {code}: {' '.join(command)}\n{message}")
        self.code = code
        self.message = message


def run(*arguments, env=None, cwd=None, timeout=600):
    """Output of one call of the program."""
    command = [str(binary()), *map(str, arguments)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **(env or {})},
    )
    if done.returncode != 0:
        raise Failed(["steepest", *map(str, arguments)], done.returncode, done.stderr[-2000:])
    return done.stdout


def fit(*arguments, keep=None, **options):
    """The object printed by `fit … --json`; the run goes to `keep`, or to a directory thrown away."""
    if keep is not None:
        return json.loads(run("fit", *arguments, "--json", "--out", keep, **options))
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "run"
        return json.loads(run("fit", *arguments, "--json", "--out", out, **options))


def version():
    return run("--version").strip() if binary() else "absent"
