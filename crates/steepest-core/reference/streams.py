"""The random streams of src/random, written a second time from their description; prints the golden values of the tests.

    python3 streams.py

Integers are exact. Normals and exponentials are computed in 40 digits and rounded, so the tests allow a few ulp there.
"""

from mpmath import cos, floor, log, mp, mpf, pi, sin, sqrt

mp.dps = 40
M32 = 2**32 - 1


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & M32, (p0 >> 32) ^ c[3] ^ k[1], p0 & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


class Stream:
    def __init__(self, seed, purpose, index):
        self.address = seed, purpose, index

    def bits(self, position, attempt=0):
        seed, purpose, index = self.address
        block = position // 2 % 2**40
        counter = [block & M32, block >> 32 | attempt << 8 | purpose << 16, index & M32, index >> 32]
        words = philox(counter, [seed & M32, seed >> 32])
        low = 2 * (position % 2)
        return words[low] | words[low + 1] << 32

    def below(self, position, n):
        for attempt in range(255):
            product = self.bits(position, attempt) * n
            if product % 2**64 >= 2**64 % n:
                break
        return product >> 64

    def normal(self, position):
        even = position - position % 2
        u = mpf((self.bits(even) >> 11) + 1) / 2**53
        v = mpf(self.bits(even + 1) >> 11) / 2**53
        return float(sqrt(-2 * log(u)) * (sin if position % 2 else cos)(2 * pi * v))

    def permutation(self, n):
        items = list(range(n))
        for i in range(n - 1):
            j = i + self.below(i, n - i)
            items[i], items[j] = items[j], items[i]
        return items


def walk(stream, n, position):
    root = int(mp.floor(mp.sqrt(n)))
    a = root if root * root == n else root + 1
    b = -(-n // a)

    def scatter(x, key, m):
        h = (x ^ key) * 0x9E3779B97F4A7C15 % 2**64
        h = (h ^ h >> 32) * 0xD6E8FEB86659FD93 % 2**64
        return (h ^ h >> 32) * m >> 64

    x = position
    while True:
        left, right = divmod(x, b)
        for k in range(0, 24 if n < 4096 else 10, 2):
            left = (left + scatter(right, stream.bits(k), a)) % a
            right = (right + scatter(left, stream.bits(k + 1), b)) % b
        x = left * b + right
        if x < n:
            return x


s = Stream(0x0123456789ABCDEF, 6, 2**40 + 77)
far = 2**41 - 3
print("bits", [hex(s.bits(p)) for p in (0, 1, 2, far)])
print("uniform", [repr((s.bits(p) >> 11) / 2**53) for p in (0, 1, 2, far)])
print("below 10", [s.below(p, 10) for p in range(12)])
wide = 3 * 2**62 + 1
print("below 3 2^62 + 1", [s.below(p, wide) for p in range(6)], "redrawn", [s.bits(p) * wide % 2**64 < 2**64 % wide for p in range(6)])
print("normal", [s.normal(p) for p in (0, 1, 2, 3, far)])
print("exponential", [float(-log(mpf((s.bits(p) >> 11) + 1) / 2**53)) for p in (0, 1, 2)])
print("permutation", s.permutation(12))
print("walk 10", [walk(s, 10, i) for i in range(10)])
print("walk 10^15", [walk(s, 10**15, i) for i in (0, 1, 10**15 - 1)])
print("derived", hex(s.bits(0, 255)))
