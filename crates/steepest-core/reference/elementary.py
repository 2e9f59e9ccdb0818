"""Reference values of the elementary functions; writes elementary.txt beside itself.

    python3 elementary.py

A line is: function, argument, value, rest, with value + rest the exact result to 100 bits. Arguments are single-precision
numbers, so that one table serves both precisions; they are spread over powers of two and evenly over [-8, 8].
"""

import pathlib
import random
import struct

from mpmath import mp, mpf

from ulp import EXACT

mp.dps = 60
RANGES = {
    "exp": (-30, 6.4),
    "exp_m1": (-30, 6.4),
    "ln": (-100, 100),
    "ln_1p": (-40, 60),
    "log1p_exp": (-30, 6.4),
    "sigmoid": (-30, 6.4),
    "tanh": (-30, 5),
    "erf": (-30, 2.6),
}


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


random.seed(1)
lines = []
for name, (low, high) in RANGES.items():
    for k in range(100):
        size = 2 ** random.uniform(low, high) if k % 2 else random.uniform(0, 8)
        x = single(size if name == "ln" or k % 4 < 2 else -size)
        if name == "ln_1p" and x <= -1:
            x = -x / 10
            x = single(x)
        exact = EXACT[name](mpf(x))
        value = float(exact)
        lines.append(f"{name} {x!r} {value!r} {float(exact - mpf(value))!r}")
pathlib.Path(__file__).with_name("elementary.txt").write_text("\n".join(lines) + "\n")
