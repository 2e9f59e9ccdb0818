//! Passes over flat vectors: sums in one fixed order, and steps fused with the sums that need their result.
//!
//! A vector is cut into shards by its length alone; a shard is summed in eight interleaved sums, shards in one fixed binary
//! tree. Above [`PARALLEL`] elements the halves of the tree are threads' work, so that the bits do not depend on their number.
//! Nothing here allocates.

use rayon::prelude::*;
use steepest_core::Shards;

/// Elements of a shard: about what fits into the first level of cache with its neighbours.
pub(crate) const SHARD: usize = 1 << 14;
/// Shards at most.
pub(crate) const MAX_SHARDS: usize = 64;
/// From this many elements on, threads take part.
pub(crate) const PARALLEL: usize = 1 << 17;
const LANES: usize = 8;

/// Runs `piece` over the shards of some vectors of one length and adds up what it returns.
fn over<const M: usize, const R: usize, const N: usize>(
    writes: [&mut [f64]; M],
    reads: [&[f64]; R],
    piece: &(impl Fn([&mut [f64]; M], [&[f64]; R]) -> [f64; N] + Sync),
) -> [f64; N] {
    over_from(writes, reads, &|_, writes, reads| piece(writes, reads))
}

/// The same, telling `piece` where its shard starts.
pub(crate) fn over_from<const M: usize, const R: usize, const N: usize>(
    writes: [&mut [f64]; M],
    reads: [&[f64]; R],
    piece: &(impl Fn(usize, [&mut [f64]; M], [&[f64]; R]) -> [f64; N] + Sync),
) -> [f64; N] {
    let len = if R > 0 { reads[0].len() } else { writes[0].len() };
    if len <= SHARD {
        return piece(0, writes, reads);
    }
    let shards = Shards::new(len, SHARD, MAX_SHARDS);
    branch(writes, reads, shards, 0..shards.count(), len >= PARALLEL, piece)
}

/// One node of the tree over the shards `which`; the slices hold just these.
fn branch<const M: usize, const R: usize, const N: usize>(
    writes: [&mut [f64]; M],
    reads: [&[f64]; R],
    shards: Shards,
    which: std::ops::Range<usize>,
    parallel: bool,
    piece: &(impl Fn(usize, [&mut [f64]; M], [&[f64]; R]) -> [f64; N] + Sync),
) -> [f64; N] {
    if which.len() == 1 {
        return piece(shards.range(which.start).start, writes, reads);
    }
    let middle = which.start + which.len().next_power_of_two() / 2;
    let cut = shards.range(middle).start - shards.range(which.start).start;
    let mut behind: [&mut [f64]; M] = std::array::from_fn(|_| Default::default());
    let mut at = 0;
    let before = writes.map(|w| {
        let (left, right) = w.split_at_mut(cut);
        behind[at] = right;
        at += 1;
        left
    });
    let (first, second) = (reads.map(|r| &r[..cut]), reads.map(|r| &r[cut..]));
    let left = |w| branch(w, first, shards, which.start..middle, parallel, piece);
    let right = |w| branch(w, second, shards, middle..which.end, parallel, piece);
    let (a, b) = if parallel { rayon::join(|| left(before), || right(behind)) } else { (left(before), right(behind)) };
    std::array::from_fn(|k| a[k] + b[k])
}

fn fold(acc: [f64; LANES]) -> f64 {
    ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
}

#[inline(always)]
pub(crate) fn dot_piece(a: &[f64], b: &[f64]) -> f64 {
    let mut acc = [0.0; LANES];
    let whole = a.len() - a.len() % LANES;
    for (a, b) in a[..whole].chunks_exact(LANES).zip(b[..whole].chunks_exact(LANES)) {
        for l in 0..LANES {
            acc[l] += a[l] * b[l];
        }
    }
    for (l, (a, b)) in a[whole..].iter().zip(&b[whole..]).enumerate() {
        acc[l] += a * b;
    }
    fold(acc)
}

/// Σ aₖbₖ.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    over([], [a, &b[..a.len()]], &|[], [a, b]| [dot_piece(a, b)])[0]
}

/// ‖a‖₂.
pub fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// The larger of two; NaN where one is NaN.
fn larger(m: f64, v: f64) -> f64 {
    if v > m || v.is_nan() { v } else { m }
}

/// ‖a‖∞; NaN where an element is NaN. A maximum has the same bits in any order.
pub fn max_abs(a: &[f64]) -> f64 {
    if a.len() >= PARALLEL {
        return a.par_chunks(SHARD).map(max_piece).reduce(|| 0.0, larger);
    }
    max_piece(a)
}

fn max_piece(a: &[f64]) -> f64 {
    let mut acc = [0.0f64; LANES];
    let whole = a.len() - a.len() % LANES;
    for chunk in a[..whole].chunks_exact(LANES) {
        for l in 0..LANES {
            acc[l] = larger(acc[l], chunk[l].abs());
        }
    }
    a[whole..].iter().map(|v| v.abs()).chain(acc).fold(0.0, larger)
}

/// out ← x + t·d.
pub(crate) fn along(out: &mut [f64], x: &[f64], t: f64, d: &[f64]) {
    over([out], [x, d], &|[out], [x, d]| {
        for ((out, x), d) in out.iter_mut().zip(x).zip(d) {
            *out = x + t * d;
        }
        []
    });
}

/// out ← −g.
pub(crate) fn negate(out: &mut [f64], g: &[f64]) {
    over([out], [g], &|[out], [g]| {
        out.iter_mut().zip(g).for_each(|(out, g)| *out = -g);
        []
    });
}

/// out ← −g; returns s·out.
pub(crate) fn negate_dot(out: &mut [f64], g: &[f64], s: &[f64]) -> f64 {
    over([out], [g, s], &|[out], [g, s]| {
        out.iter_mut().zip(g).for_each(|(out, g)| *out = -g);
        [dot_piece(out, s)]
    })[0]
}

/// q ← c·(q + a·y); returns s·q.
pub(crate) fn add_dot(q: &mut [f64], a: f64, y: &[f64], c: f64, s: &[f64]) -> f64 {
    over([q], [y, s], &|[q], [y, s]| {
        let mut acc = [0.0; LANES];
        let whole = q.len() - q.len() % LANES;
        let (q, q_rest) = q.split_at_mut(whole);
        for ((q, y), s) in q.chunks_exact_mut(LANES).zip(y.chunks_exact(LANES)).zip(s.chunks_exact(LANES)) {
            for l in 0..LANES {
                q[l] = c * (q[l] + a * y[l]);
                acc[l] += q[l] * s[l];
            }
        }
        for (l, ((q, y), s)) in q_rest.iter_mut().zip(&y[whole..]).zip(&s[whole..]).enumerate() {
            *q = c * (*q + a * y);
            acc[l] += *q * s;
        }
        [fold(acc)]
    })[0]
}

/// The products of a step s with the change y of the gradient.
pub(crate) struct PairProducts {
    /// s·s.
    pub ss: f64,
    /// s·y.
    pub sy: f64,
    /// y·y.
    pub yy: f64,
    /// s·g⁺.
    pub ahead: f64,
}

/// s ← to − from, y ← next − g; returns their products.
pub(crate) fn pair([s, y]: [&mut [f64]; 2], [to, from]: [&[f64]; 2], [next, g]: [&[f64]; 2]) -> PairProducts {
    let [ss, sy, yy, ahead] = over([s, y], [to, from, next, g], &|[s, y], [to, from, next, g]| {
        for ((s, to), from) in s.iter_mut().zip(to).zip(from) {
            *s = to - from;
        }
        for ((y, next), g) in y.iter_mut().zip(next).zip(g) {
            *y = next - g;
        }
        [dot_piece(s, s), dot_piece(s, y), dot_piece(y, y), dot_piece(s, next)]
    });
    PairProducts { ss, sy, yy, ahead }
}

/// d ← β·d − g.
pub(crate) fn blend(d: &mut [f64], beta: f64, g: &[f64]) {
    over([d], [g], &|[d], [g]| {
        d.iter_mut().zip(g).for_each(|(d, g)| *d = beta * *d - g);
        []
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: u64) -> Vec<f64> {
        let stream = steepest_core::random::Stream::new(seed, steepest_core::random::Purpose::PROBE, 0);
        let mut out = vec![0.0; n];
        stream.fill_normal(0, &mut out);
        out
    }

    /// Every pass against the loop it stands for, at lengths around the cuts.
    #[test]
    fn passes_do_what_their_loops_say() {
        for n in [0usize, 1, 7, 8, 9, 1000, SHARD, SHARD + 1, PARALLEL + 3, 5 * PARALLEL + 11] {
            let (a, b, c) = (numbers(n, 1), numbers(n, 2), numbers(n, 3));
            let plain: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            let bound = 1e-15 * n as f64 + 1e-12;
            assert!((dot(&a, &b) - plain).abs() <= bound * 10.0);
            assert_eq!(max_abs(&a), a.iter().fold(0.0f64, |m, v| m.max(v.abs())));
            let mut out = vec![0.0; n];
            along(&mut out, &a, 0.3, &b);
            assert!(out.iter().zip(&a).zip(&b).all(|((o, a), b)| *o == a + 0.3 * b));
            let s = negate_dot(&mut out, &a, &b);
            assert_eq!(s, -dot(&a, &b));
            let mut q = c.clone();
            let s = add_dot(&mut q, 0.7, &a, 1.5, &b);
            assert!(q.iter().zip(&a).zip(&c).all(|((q, a), c)| *q == 1.5 * (c + 0.7 * a)));
            assert_eq!(s, dot(&q, &b));
            let (mut s, mut y) = (vec![0.0; n], vec![0.0; n]);
            let found = pair([&mut s, &mut y], [&a, &b], [&b, &c]);
            assert!(s.iter().zip(&a).zip(&b).all(|((s, a), b)| *s == a - b));
            assert_eq!((found.ss, found.sy, found.yy), (dot(&s, &s), dot(&s, &y), dot(&y, &y)));
            assert_eq!(found.ahead, dot(&s, &b));
            blend(&mut y, 0.5, &a);
            assert!(y.iter().zip(&a).zip(b.iter().zip(&c)).all(|((y, a), (b, c))| *y == 0.5 * (b - c) - a));
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let n = 3 * PARALLEL + 5;
        let (a, b) = (numbers(n, 4), numbers(n, 5));
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut q = a.clone();
            pool.install(|| (dot(&a, &b).to_bits(), add_dot(&mut q, 0.1, &b, 1.0, &a).to_bits()))
        };
        assert_eq!(run(1), run(2));
        assert_eq!(run(1), run(7));
    }

    #[test]
    fn a_nan_is_not_lost_in_a_maximum() {
        let mut a = numbers(100, 6);
        a[37] = f64::NAN;
        assert!(max_abs(&a).is_nan());
        a[37] = f64::NEG_INFINITY;
        assert_eq!(max_abs(&a), f64::INFINITY);
    }
}
