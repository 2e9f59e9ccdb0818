"""The project's test problems in Python: the same functions, bit for bit, through the example `problem_server`.

    cargo build --release -p steepest-functions --example problem_server
"""

import os
import pathlib
import subprocess

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def binary():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    for profile in ("release", "debug"):
        path = target / profile / "examples" / "problem_server"
        if path.exists():
            return path
    raise SystemExit("build it first: cargo build --release -p steepest-functions --example problem_server")


class Server:
    def __init__(self):
        self.process = subprocess.Popen([binary()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.open = None

    def line(self, text):
        self.process.stdin.write((text + "\n").encode())
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().strip()

    def names(self):
        self.close()
        return self.line("list").split()

    def doubles(self, n):
        return np.frombuffer(self.process.stdout.read(8 * n), dtype="<f8").copy()

    def problem(self, name, dim=0):
        self.close()
        answer = self.line(f"open {name} {dim}")
        if answer.startswith("error"):
            raise ValueError(answer)
        return Problem(self, name, answer)

    def close(self):
        if self.open is not None:
            self.process.stdin.write(b"c")
            self.process.stdin.flush()
            self.open = None


class Problem:
    """f, its derivatives and what is known of it; every call is counted."""

    def __init__(self, server, name, answer):
        self.server, self.name = server, name
        n, best, self.collection, self.kind = answer.split()
        self.n, self.best = int(n), float(best)
        self.start = server.doubles(self.n)
        self.minima = server.doubles(int(server.doubles(1)[0]))
        self.counts = {"f": 0, "g": 0, "p": 0, "h": 0}
        server.open = self

    def ask(self, command, x, size, extra=b""):
        assert self.server.open is self, "another problem was opened"
        self.counts[command] += 1
        pipe = self.server.process.stdin
        pipe.write(command.encode() + np.ascontiguousarray(x, dtype="<f8").tobytes() + extra)
        pipe.flush()
        return self.server.doubles(size)

    def value(self, x):
        return self.ask("f", x, 1)[0]

    def both(self, x):
        answer = self.ask("g", x, self.n + 1)
        return answer[0], answer[1:]

    def hvp(self, x, v):
        return self.ask("p", x, self.n, np.ascontiguousarray(v, dtype="<f8").tobytes())

    def hessian(self, x):
        return self.ask("h", x, self.n * self.n).reshape(self.n, self.n)

    def solved(self, value, first, tolerance=1e-6):
        if not np.isfinite(value) or np.isnan(self.best):
            return False
        if value <= self.best + tolerance * max(first - self.best, 0.0):
            return True
        return bool(np.any(np.abs(value - self.minima) <= tolerance * np.maximum(first - self.minima, 0.0)))
