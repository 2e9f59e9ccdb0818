"""Minimax coefficients of the polynomials in src/math, by the Remez exchange in 60 digits.

    python3 minimax.py            prints every polynomial as Rust constants with its weighted error

Each entry approximates g(z) by a polynomial of the given degree on [a, b] so that max |w(z) (g(z) - p(z))| is smallest;
w turns the error of p into the relative error of the function that is built on it. Needs mpmath only.
"""

import struct
import sys

from mpmath import mp, mpf, atanh, cos, erf, erfc, exp, lu_solve, matrix, pi, polyval, sin, sqrt, log, expm1

mp.dps = 60


def remez(g, w, a, b, degree, rounds=12, grid=1500):
    """Coefficients from the constant upwards, and the weighted error."""
    a, b = mpf(a), mpf(b)
    n = degree + 2
    points = [(a + b) / 2 - (b - a) / 2 * cos(pi * k / (n - 1)) for k in range(n)]
    fine = [(a + b) / 2 - (b - a) / 2 * cos(pi * k / grid) for k in range(grid + 1)]
    values = [(z, g(z), w(z)) for z in fine]
    for _ in range(rounds):
        system = matrix(n, n)
        right = matrix(n, 1)
        for i, z in enumerate(points):
            for j in range(degree + 1):
                system[i, j] = z**j
            system[i, degree + 1] = (-1) ** i / w(z)
            right[i] = g(z)
        solution = lu_solve(system, right)
        coefficients = [solution[j] for j in range(degree + 1)]
        errors = [weight * (value - polyval(coefficients[::-1], z)) for z, value, weight in values]
        peaks = []
        for k, e in enumerate(errors):
            if peaks and (e > 0) == (errors[peaks[-1]] > 0):
                if abs(e) > abs(errors[peaks[-1]]):
                    peaks[-1] = k
            else:
                peaks.append(k)
        while len(peaks) > n:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        if len(peaks) < n:
            break
        points = [fine[k] for k in peaks]
        small, large = (f(abs(errors[k]) for k in peaks) for f in (min, max))
        if large - small < large / 1000:
            break
    return coefficients, max(abs(e) for e in errors)


def exp_rest(r):
    """(exp(r) - 1 - r) / r^2."""
    if abs(r) < mpf(10) ** -12:
        return mpf(1) / 2 + r / 6 + r * r / 24
    return (expm1(r) - r) / (r * r)


def atanh_rest(z):
    """(2 atanh(s)/s - 2) / z with z = s^2."""
    if z < mpf(10) ** -16:
        return mpf(2) / 3 + 2 * z / 5
    s = sqrt(z)
    return (2 * atanh(s) / s - 2) / z


def sin_rest(z):
    """(sin(x)/x - 1) / z with z = x^2."""
    if z < mpf(10) ** -16:
        return -mpf(1) / 6 + z / 120
    x = sqrt(z)
    return (sin(x) / x - 1) / z


def cos_rest(z):
    """(cos(x) - 1 + z/2) / z^2 with z = x^2."""
    if z < mpf(10) ** -10:
        return mpf(1) / 24 - z / 720 + z * z / 40320
    return (cos(sqrt(z)) - 1 + z / 2) / (z * z)


def erf_ratio(z):
    """erf(x)/x - 1 with z = x^2."""
    if z < mpf(10) ** -20:
        return 2 / sqrt(pi) * (1 - z / 3) - 1
    x = sqrt(z)
    return erf(x) / x - 1


half_ln2 = log(2) / 2 * mpf("1.0001")
s_max = (sqrt(2) - 1) / (sqrt(2) + 1) * mpf("1.0001")
quarter = pi / 4 * mpf("1.0001")

# name, g, w, a, b, degree, single precision
TABLE = [
    ("EXP64", exp_rest, lambda r: abs(r) + mpf(10) ** -9, -half_ln2, half_ln2, 10, False),
    ("EXP32", exp_rest, lambda r: abs(r) + mpf(10) ** -9, -half_ln2, half_ln2, 5, True),
    ("LOG64", atanh_rest, lambda z: z / 2 + mpf(10) ** -9, 0, s_max**2, 6, False),
    ("LOG32", atanh_rest, lambda z: z / 2 + mpf(10) ** -9, 0, s_max**2, 2, True),
    ("SIN64", sin_rest, lambda z: z + mpf(10) ** -9, 0, quarter**2, 5, False),
    ("COS64", cos_rest, lambda z: z * z + mpf(10) ** -9, 0, quarter**2, 5, False),
]
ERF = [
    ("ERF_SMALL64", erf_ratio, lambda z: 1 / (1 + erf_ratio(z)), 0, mpf(1), 12, False),
    ("ERF_SMALL32", erf_ratio, lambda z: 1 / (1 + erf_ratio(z)), 0, mpf(1), 6, True),
    ("ERF_LARGE64", lambda x: log(erfc(x)), lambda x: erfc(x), mpf(1), mpf(6), 17, False),
    ("ERF_LARGE32", lambda x: log(erfc(x)), lambda x: erfc(x), mpf(1), mpf(4), 7, True),
]


def literal(c, single):
    if single:
        value = struct.unpack("f", struct.pack("f", float(c)))[0]
        short = next(t for t in (f"{value:.{d}e}" for d in range(5, 10)) if struct.unpack("f", struct.pack("f", float(t)))[0] == value)
        return short
    return repr(float(c))


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for name, g, w, a, b, degree, single in TABLE + ERF:
        if wanted and not any(name.startswith(x) for x in wanted):
            continue
        coefficients, error = remez(g, w, a, b, degree)
        kind = "f32" if single else "f64"
        print(f"// error {mp.nstr(error, 3)} = 2^{mp.nstr(log(error, 2), 4)}")
        print(f"const {name}: [{kind}; {degree + 1}] = [")
        for c in coefficients:
            print(f"    {literal(c, single)},")
        print("];")
