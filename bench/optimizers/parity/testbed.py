"""The small problems on which optimizers are compared: constants, starts and gradients, all in f64.

Gradients are written out by hand in NumPy and handed to each library, so that a trajectory tests the update rule
and not somebody's automatic differentiation. The constants come from a small generator of our own and stay the
same whatever a library does to its random numbers.
"""

import dataclasses
from typing import Callable

import numpy as np


@dataclasses.dataclass
class Problem:
    name: str
    segments: dict  # name -> shape, in the order of x
    start: np.ndarray
    constants: dict
    gradient: Callable  # (k, x) -> g of step k
    value: Callable  # (k, x) -> f of step k

    def split(self, x):
        """The flat vector as arrays by segment."""
        out, at = {}, 0
        for name, shape in self.segments.items():
            size = int(np.prod(shape))
            out[name] = x[at : at + size].reshape(shape)
            at += size
        return out

    def join(self, parts):
        return np.concatenate([np.asarray(parts[name], np.float64).ravel() for name in self.segments])


class Stream:
    """Uniform numbers by a 64-bit congruence (Knuth's MMIX constants, upper 53 bits)."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self, *shape):
        out = np.empty(int(np.prod(shape)))
        for i in range(out.size):
            self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
            out[i] = (self.state >> 11) / 2**53
        return out.reshape(shape)

    def spread(self, *shape):
        """Uniform in −1 … 1, rounded to 2⁻¹⁶, so that the constants read the same in every language."""
        return np.round((2 * self.uniform(*shape) - 1) * 65536) / 65536


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def quadratic():
    d = 10
    v = Stream(1).spread(d)
    v /= np.sqrt(v @ v)
    mirror = np.eye(d) - 2.0 * np.outer(v, v)
    A = mirror @ np.diag(10.0 ** np.linspace(-2, 2, d)) @ mirror
    A = (A + A.T) / 2
    c = Stream(2).spread(d)
    start = c + Stream(3).spread(d)
    return Problem(
        "quadratic",
        {"x": (d,)},
        start,
        {"A": A, "c": c},
        lambda k, x: A @ (x - c),
        lambda k, x: 0.5 * (x - c) @ A @ (x - c),
    )


def rosenbrock():
    def gradient(k, x):
        bend = x[1] - x[0] * x[0]
        return np.array([-2.0 * (1.0 - x[0]) - 400.0 * x[0] * bend, 200.0 * bend])

    return Problem(
        "rosenbrock",
        {"x": (2,)},
        np.array([-1.2, 1.0]),
        {},
        gradient,
        lambda k, x: (1.0 - x[0]) ** 2 + 100.0 * (x[1] - x[0] * x[0]) ** 2,
    )


def net():
    stream = Stream(4)
    inputs = stream.spread(8, 2)
    targets = 0.25 + 0.5 * (inputs[:, 0] * inputs[:, 1] > 0)
    segments = {
        "hidden.weight": (3, 2),
        "hidden.bias": (3,),
        "out.weight": (1, 3),
        "out.bias": (1,),
    }
    start = stream.spread(13)

    def forward(x):
        W, b, V, c = x[:6].reshape(3, 2), x[6:9], x[9:12], x[12]
        h = sigmoid(inputs @ W.T + b)
        return h, V, sigmoid(h @ V + c)

    def gradient(k, x):
        h, V, p = forward(x)
        out = (p - targets) * p * (1.0 - p) / 8.0
        hidden = out[:, None] * V * h * (1.0 - h)
        return np.concatenate(
            [(hidden.T @ inputs).ravel(), hidden.sum(axis=0), h.T @ out, [out.sum()]]
        )

    return Problem(
        "net",
        segments,
        start,
        {"inputs": inputs, "targets": targets},
        gradient,
        lambda k, x: 0.5 * np.mean((forward(x)[2] - targets) ** 2),
    )


def logistic():
    stream = Stream(5)
    rows = np.hstack([stream.spread(40, 5), np.ones((40, 1))])
    truth = 4.0 * stream.spread(6)
    labels = np.where(rows @ truth > 0, 1.0, -1.0)
    labels[::5] *= -1.0
    start = stream.spread(6)
    l2 = 0.01

    def batch(k):
        at = (8 * k) % 40
        return rows[at : at + 8], labels[at : at + 8]

    def gradient(k, x):
        A, y = batch(k)
        return A.T @ (-y * sigmoid(-y * (A @ x))) / 8.0 + l2 * x

    def value(k, x):
        A, y = batch(k)
        return np.mean(np.logaddexp(0.0, -y * (A @ x))) + 0.5 * l2 * x @ x

    return Problem(
        "logistic", {"x": (6,)}, start, {"rows": rows, "labels": labels}, gradient, value
    )


def sparse():
    stream = Stream(6)
    rows = np.zeros((16, 12))
    for i in range(16):
        places = [(5 * i) % 12, (5 * i + 3) % 12, (7 * i + 4) % 12]
        if len(set(places)) < 3:
            places[2] = (places[0] + 1) % 12
        rows[i, places] = stream.spread(3)
    targets = stream.spread(16)
    start = stream.spread(12)
    return Problem(
        "sparse",
        {"x": (12,)},
        start,
        {"rows": rows, "targets": targets},
        lambda k, x: rows[k % 16] * (rows[k % 16] @ x - targets[k % 16]),
        lambda k, x: 0.5 * (rows[k % 16] @ x - targets[k % 16]) ** 2,
    )


def matrix():
    stream = Stream(7)
    A, B, start = stream.spread(8, 6), stream.spread(8, 4), stream.spread(24)
    return Problem(
        "matrix",
        {"weight": (6, 4)},
        start,
        {"A": A, "B": B},
        lambda k, x: (A.T @ (A @ x.reshape(6, 4) - B) / 8.0).ravel(),
        lambda k, x: 0.5 * np.sum((A @ x.reshape(6, 4) - B) ** 2) / 8.0,
    )


PROBLEMS = {p.name: p for p in (quadratic(), rosenbrock(), net(), logistic(), sparse(), matrix())}

# What an elementwise rule is tried on; rules that treat matrices apart add `matrix`.
VECTORS = ("quadratic", "rosenbrock", "net", "logistic", "sparse")
EVERYTHING = (*VECTORS, "matrix")
