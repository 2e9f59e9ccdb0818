"""The largest error of each elementary function in ulp of the exact value, and where it is.

    cargo run --release -p steepest-core --example math_values -- 200000 | python3 ulp.py

The exact value is computed in 40 digits (needs mpmath). Results that overflow, or that are 0 because they underflow, are
checked to be right to half an ulp of the smallest subnormal number.
"""

import struct
import sys

from mpmath import cospi, erf, exp, expm1, inf, isinf, log, log1p, mp, mpf, sinpi, tanh

mp.dps = 40
EXACT = {
    "exp": exp,
    "exp_m1": expm1,
    "ln": log,
    "ln_1p": log1p,
    "log1p_exp": lambda x: max(x, 0) + log1p(exp(-abs(x))),
    "sigmoid": lambda x: 1 / (1 + exp(-x)) if x > 0 else exp(x) / (1 + exp(x)),
    "tanh": tanh,
    "erf": erf,
    "sin_turns": lambda x: sinpi(2 * x),
    "cos_turns": lambda x: cospi(2 * x),
}
KIND = {"f64": ("d", 53, -1074, 1024), "f32": ("f", 24, -149, 128)}

if __name__ == "__main__":
    worst = {}
    for line in sys.stdin:
        name, kind, *bits = line.split()
        code, digits, lowest, top = KIND[kind]
        x, got = (struct.unpack(">" + code, bytes.fromhex(b))[0] for b in bits)
        exact = EXACT[name](mpf(x))
        exponent = max(int(mp.mag(exact)) - digits, lowest) if exact else lowest
        if isinf(mpf(got)):
            error = 0 if abs(exact) >= mpf(2) ** top * (1 - mpf(2) ** -digits) else inf
        else:
            error = abs(mpf(got) - exact) / mpf(2) ** exponent
        key = name, kind
        if error > worst.get(key, (-1,))[0]:
            worst[key] = error, x, got
    for (name, kind), (error, x, got) in worst.items():
        print(f"{name:10} {kind} {mp.nstr(error, 4):>8} ulp at {x!r} gives {got!r}")
