//! Products with a dense matrix, and the pass that reads it once for loss and gradient together.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;
use steepest_core::isa::{Isa, Kernel};
use steepest_core::{Shards, tree_sum, tree_sum_vectors};

use super::losses::lane_sum;
use super::panel::{self, Panels};
use super::stored::{LANES, Stored};

/// Bytes of a block of rows that is read from memory once and used from the cache after that.
const BLOCK_BYTES: usize = 24 << 10;
/// Bytes ahead of the products of rows that are asked for: the rows of a block are too short for the processor to see a stream.
const AHEAD: usize = 8 << 10;
/// Rows whose products are accumulated side by side.
const ROWS: usize = 4;

/// Bytes of a block that is widened to 64 bits, for several outputs.
const WIDE_BYTES: usize = 256 << 10;

/// Rows of a block.
fn block_rows<V: Stored>(cols: usize, outputs: usize) -> usize {
    if outputs > 1 {
        let rows = WIDE_BYTES / (8 * cols).max(1);
        return (rows - rows % panel::TILE).clamp(panel::TILE, 256);
    }
    let rows = BLOCK_BYTES / (cols * V::BYTES).max(1);
    (rows - rows % ROWS).clamp(ROWS, 256)
}

/// Shards of rows for sums over all rows: a function of the shape alone.
pub(crate) fn row_shards(rows: usize) -> Shards {
    Shards::new(rows, 512, 64)
}

/// z ← Xw.
pub(crate) fn multiply_dense<V: Stored>(x: V, cols: usize, w: &[f64], outputs: usize, z: &mut [f64]) {
    let task = block_rows::<V>(cols, outputs) * 8;
    let panels = Panels::new(w, outputs);
    z.par_chunks_mut(task * outputs).enumerate().for_each_init(Vec::new, |wide, (t, z)| {
        let rows = z.len() / outputs;
        let x = x.part(t * task * cols, rows * cols);
        Isa::detect().run(Multiply { x, cols, w, panels: &panels, outputs, z, wide });
    });
}

/// z ← xw for consecutive rows.
struct Multiply<'a, V> {
    x: V,
    cols: usize,
    w: &'a [f64],
    panels: &'a Panels,
    outputs: usize,
    z: &'a mut [f64],
    wide: &'a mut Vec<f64>,
}

impl<V: Stored> Kernel for Multiply<'_, V> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Multiply { x, cols, w, panels, outputs, z, wide } = self;
        let block = block_rows::<V>(cols, outputs);
        for (n, z) in z.chunks_mut(block * outputs).enumerate() {
            let m = z.len() / outputs;
            let here = x.part(n * block * cols, m * cols);
            if outputs == 1 {
                block_multiply(here, cols, w, z);
            } else {
                widen(here, m * cols, wide);
                panels.multiply(wide, cols, z);
            }
        }
    }
}

/// g ← Xᵀr.
pub(crate) fn transpose_dense<V: Stored>(x: V, rows: usize, cols: usize, r: &[f64], outputs: usize, g: &mut [f64]) {
    let shards = row_shards(rows);
    let len = cols * outputs;
    let mut parts = vec![0.0; shards.count() * len];
    parts.par_chunks_mut(len.max(1)).enumerate().for_each_init(Vec::new, |wide, (s, g)| {
        g.fill(0.0);
        let range = shards.range(s);
        let x = x.part(range.start * cols, range.len() * cols);
        let r = &r[range.start * outputs..range.end * outputs];
        Isa::detect().run(Transpose { x, cols, r, outputs, g, wide });
    });
    tree_sum_vectors(&mut parts, len);
    g.copy_from_slice(&parts[..len]);
}

/// g += xᵀr for consecutive rows.
struct Transpose<'a, V> {
    x: V,
    cols: usize,
    r: &'a [f64],
    outputs: usize,
    g: &'a mut [f64],
    wide: &'a mut Vec<f64>,
}

impl<V: Stored> Kernel for Transpose<'_, V> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Transpose { x, cols, r, outputs, g, wide } = self;
        let block = block_rows::<V>(cols, outputs);
        for (n, r) in r.chunks(block * outputs).enumerate() {
            let m = r.len() / outputs;
            let here = x.part(n * block * cols, m * cols);
            if outputs == 1 {
                block_transpose(here, cols, r, g);
            } else {
                widen(here, m * cols, wide);
                panel::add_transposed(wide, cols, r, outputs, g);
            }
        }
    }
}

/// One pass over the features: z ← Xw, then `rows(first row, z, r)` on each block, which may change z, writes r and returns a
/// number, then g ← Xᵀr. Returns the sum of the numbers. Each block of rows is read from memory once. `parts` is scratch.
#[allow(clippy::too_many_arguments)]
pub(crate) fn dense_pass<V: Stored>(
    x: V,
    cols: usize,
    outputs: usize,
    w: &[f64],
    z: &mut [f64],
    r: &mut [f64],
    g: &mut [f64],
    parts: &mut Vec<f64>,
    rows: impl Fn(usize, &mut [f64], &mut [f64]) -> f64 + Sync,
) -> f64 {
    let (k, len) = (outputs, cols * outputs);
    let shards = row_shards(z.len() / k);
    parts.clear();
    parts.resize(shards.count() * len, 0.0);
    let tasks = split_rows(z, r, parts, &shards, k, len);
    let panels = Panels::new(w, k);
    let run = |wide: &mut Vec<f64>, (first, z, r, g): Task<'_>| {
        Isa::detect().run(Shard { x, cols, k, w, panels: &panels, first, z, r, g, wide, rows: &rows })
    };
    let sums: Vec<f64> = tasks.into_par_iter().map_init(Vec::new, run).collect();
    tree_sum_vectors(parts, len);
    g.copy_from_slice(&parts[..len]);
    tree_sum(&sums)
}

/// The pass over one shard.
struct Shard<'a, V, F> {
    x: V,
    cols: usize,
    k: usize,
    w: &'a [f64],
    panels: &'a Panels,
    first: usize,
    z: &'a mut [f64],
    r: &'a mut [f64],
    g: &'a mut [f64],
    wide: &'a mut Vec<f64>,
    rows: &'a F,
}

impl<V: Stored, F: Fn(usize, &mut [f64], &mut [f64]) -> f64> Kernel for Shard<'_, V, F> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Shard { x, cols, k, w, panels, first, z, r, g, wide, rows } = self;
        let block = block_rows::<V>(cols, k);
        let mut sum = 0.0;
        for (n, (z, r)) in z.chunks_mut(block * k).zip(r.chunks_mut(block * k)).enumerate() {
            let (start, m) = (first + n * block, z.len() / k);
            let here = x.part(start * cols, m * cols);
            if k == 1 {
                block_multiply(here, cols, w, z);
                sum += rows(start, z, r);
                block_transpose(here, cols, r, g);
            } else {
                widen(here, m * cols, wide);
                panels.multiply(wide, cols, z);
                sum += rows(start, z, r);
                panel::add_transposed(wide, cols, r, k, g);
            }
        }
        sum
    }
}

/// First row, and the parts of z, r and the shard's gradient.
type Task<'a> = (usize, &'a mut [f64], &'a mut [f64], &'a mut [f64]);

/// Cuts z and r by the shards, and `parts` into their gradients of length `len`.
pub(crate) fn split_rows<'a>(
    mut z: &'a mut [f64],
    mut r: &'a mut [f64],
    mut parts: &'a mut [f64],
    shards: &Shards,
    k: usize,
    len: usize,
) -> Vec<Task<'a>> {
    let mut tasks = Vec::with_capacity(shards.count());
    for s in 0..shards.count() {
        let range = shards.range(s);
        let (here, rest) = z.split_at_mut(range.len() * k);
        z = rest;
        let (there, rest) = r.split_at_mut(range.len() * k);
        r = rest;
        let (g, rest) = parts.split_at_mut(len);
        parts = rest;
        tasks.push((range.start, here, there, g));
    }
    tasks
}

/// z ← xw for a block of rows.
#[inline(always)]
fn block_multiply<V: Stored>(x: V, cols: usize, w: &[f64], z: &mut [f64]) {
    let mut i = 0;
    while i + ROWS <= z.len() {
        let sums: [f64; ROWS] = dots(std::array::from_fn(|k| x.part((i + k) * cols, cols)), cols, w);
        z[i..i + ROWS].copy_from_slice(&sums);
        i += ROWS;
    }
    for i in i..z.len() {
        [z[i]] = dots([x.part(i * cols, cols)], cols, w);
    }
}

/// The dot products of N rows with w, each in eight interleaved sums.
#[inline(always)]
fn dots<V: Stored, const N: usize>(rows: [V; N], cols: usize, w: &[f64]) -> [f64; N] {
    let w = &w[..cols];
    let mut acc = [[0.0; LANES]; N];
    let whole = cols - cols % LANES;
    for j in (0..whole).step_by(LANES) {
        let w: &[f64; LANES] = w[j..j + LANES].try_into().expect("eight weights");
        for (acc, row) in acc.iter_mut().zip(&rows) {
            row.prefetch(j + AHEAD / V::BYTES);
            let x = row.lanes(j);
            for l in 0..LANES {
                acc[l] += x[l] * w[l];
            }
        }
    }
    // The compiler would otherwise vectorize across the rows, from the sums upwards, and shuffle every product.
    let mut acc = std::hint::black_box(acc);
    for (acc, row) in acc.iter_mut().zip(&rows) {
        for j in whole..cols {
            acc[j - whole] += row.get(j) * w[j];
        }
    }
    acc.map(lane_sum)
}

/// g += xᵀr for a block of rows, each column in the order of the rows.
#[inline(always)]
fn block_transpose<V: Stored>(x: V, cols: usize, r: &[f64], g: &mut [f64]) {
    const WIDTH: usize = 4;
    let mut j = 0;
    while j + WIDTH * LANES <= cols {
        columns::<V, WIDTH>(x, cols, j, r, g, j);
        j += WIDTH * LANES;
    }
    while j + LANES <= cols {
        columns::<V, 1>(x, cols, j, r, g, j);
        j += LANES;
    }
    if j < cols && cols >= LANES {
        // The last eight columns once more, of which only the new ones are kept.
        let from = cols - LANES;
        let mut last: [f64; LANES] = g[from..].try_into().expect("eight columns");
        columns::<V, 1>(x, cols, 0, r, &mut last, from);
        g[j..].copy_from_slice(&last[j - from..]);
        return;
    }
    for j in j..cols {
        let mut sum = g[j];
        for (i, r) in r.iter().enumerate() {
            sum += r * x.get(i * cols + j);
        }
        g[j] = sum;
    }
}

/// `W` groups of eight columns from `column` on, whose sums are kept from g[j] on.
#[inline(always)]
fn columns<V: Stored, const W: usize>(x: V, cols: usize, j: usize, r: &[f64], g: &mut [f64], column: usize) {
    let mut acc = [[0.0; LANES]; W];
    for (k, acc) in acc.iter_mut().enumerate() {
        acc.copy_from_slice(&g[j + k * LANES..j + (k + 1) * LANES]);
    }
    for (i, &r) in r.iter().enumerate() {
        for (k, acc) in acc.iter_mut().enumerate() {
            let x = x.lanes(i * cols + column + k * LANES);
            for l in 0..LANES {
                acc[l] += r * x[l];
            }
        }
    }
    for (k, acc) in acc.iter().enumerate() {
        g[j + k * LANES..j + (k + 1) * LANES].copy_from_slice(acc);
    }
}

/// Copies `len` values to `wide`.
#[inline(always)]
pub(crate) fn widen<V: Stored>(x: V, len: usize, wide: &mut Vec<f64>) {
    wide.resize(len, 0.0);
    let whole = len - len % LANES;
    for k in (0..whole).step_by(LANES) {
        wide[k..k + LANES].copy_from_slice(&x.lanes(k));
    }
    for k in whole..len {
        wide[k] = x.get(k);
    }
}

/// c ← ab or c ← c + ab for an m × k matrix a and a k × n matrix b, on this thread. Strides are (of a column, of a row).
#[allow(clippy::too_many_arguments)]
pub(crate) fn product(
    m: usize,
    n: usize,
    k: usize,
    c: &mut [f64],
    c_strides: (usize, usize),
    a: &[f64],
    a_strides: (usize, usize),
    b: &[f64],
    b_strides: (usize, usize),
    add: bool,
) {
    let reach = |(cs, rs): (usize, usize), rows: usize, cols: usize| {
        if rows == 0 || cols == 0 { 0 } else { (rows - 1) * rs + (cols - 1) * cs + 1 }
    };
    assert!(
        reach(c_strides, m, n) <= c.len() && reach(a_strides, m, k) <= a.len() && reach(b_strides, k, n) <= b.len()
    );
    let at = |(cs, rs): (usize, usize)| (rs as isize, cs as isize);
    let ((c_rs, c_cs), (a_rs, a_cs), (b_rs, b_cs)) = (at(c_strides), at(a_strides), at(b_strides));
    // SAFETY: the assertion shows that the farthest element of each matrix lies inside its slice; c is borrowed mutably, so
    // that it overlaps neither a nor b.
    let (c, a, b) = unsafe {
        (
            MatMut::from_raw_parts_mut(c.as_mut_ptr(), m, n, c_rs, c_cs),
            MatRef::from_raw_parts(a.as_ptr(), m, k, a_rs, a_cs),
            MatRef::from_raw_parts(b.as_ptr(), k, n, b_rs, b_cs),
        )
    };
    matmul(c, if add { Accum::Add } else { Accum::Replace }, a, b, 1.0, Par::Seq);
}
