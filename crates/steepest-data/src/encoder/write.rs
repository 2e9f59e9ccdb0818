//! Writing features into a matrix, blocks of rows in parallel.
//!
//! A block is written column by column while it stays in the cache. Values that are all exact in 32 bits are stored so, and a
//! sparse matrix of ones stores no values: a first pass finds out, which stops early in the common case of a dense matrix
//! whose first rows are not exact.

use std::mem::MaybeUninit;

use rayon::prelude::*;
use steepest_core::{Flat, Real, flat_zeros};

use super::cells::Cells;
use crate::matrix::{Dense, Matrix, Sparse, Values};

/// Most rows of a block.
const BLOCK: usize = 128;

/// Rows of a block of a dense matrix: what fits the first-level cache, 16 at least.
fn dense_block(cols: usize) -> usize {
    (4096 / cols.max(1)).clamp(16, BLOCK)
}

/// A value that is not finite: position in the list of rows, and feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Overflow {
    pub row: usize,
    pub feature: u32,
}

fn is_exact(v: f64) -> bool {
    f64::from(v as f32) == v
}

/// The rows as a dense matrix.
pub(crate) fn dense(cells: &[Cells<'_>], rows: &[u32], cols: usize) -> Result<Matrix, Overflow> {
    let exact_block = |block: &[u32]| {
        cells.iter().all(|c| {
            let mut exact = true;
            c.visit(block, |_, _, v| exact &= is_exact(v));
            exact
        })
    };
    let exact = exact_block(&rows[..rows.len().min(BLOCK)]) && rows.par_chunks(BLOCK).all(exact_block);
    let values =
        if exact { Values::F32(fill_dense(cells, rows, cols)?) } else { Values::F64(fill_dense(cells, rows, cols)?) };
    Ok(Matrix::Dense(Dense { rows: rows.len(), cols, values }))
}

fn fill_dense<T: Real>(cells: &[Cells<'_>], rows: &[u32], cols: usize) -> Result<Flat<T>, Overflow> {
    let len = rows.len() * cols;
    let block_rows = dense_block(cols);
    let mut values = Flat::<T>::with_capacity(64, len);
    // SAFETY: the allocation holds at least `len` elements of T, and MaybeUninit<T> has the layout of T and needs no
    // initialization. Nothing else refers to the allocation while `room` is used.
    let room = unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast::<MaybeUninit<T>>(), len) };
    // Blocks clear their own memory, so that each thread is the first to touch the pages it writes.
    let bad = room
        .par_chunks_mut(block_rows * cols)
        .zip(rows.par_chunks(block_rows))
        .enumerate()
        .filter_map(|(number, (room, block))| {
            room.fill(MaybeUninit::new(T::ZERO));
            // SAFETY: every element was written just now.
            let out = unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast::<T>(), room.len()) };
            let mut bad: Option<Overflow> = None;
            for c in cells {
                let mut sound = true;
                c.visit(block, |k, feature, v| {
                    sound &= v.is_finite();
                    out[k * cols + feature as usize] = T::from_f64(v);
                });
                if !sound && bad.is_none() {
                    bad = first_bad(c, block, number * block_rows);
                }
            }
            bad
        })
        .min_by_key(|bad| bad.row);
    // SAFETY: the chunks cover all `len` elements, and each was written.
    unsafe { values.set_len(len) };
    bad.map_or(Ok(values), Err)
}

fn first_bad(cells: &Cells<'_>, block: &[u32], start: usize) -> Option<Overflow> {
    let mut bad = None;
    cells.visit(block, |k, feature, v| {
        if !v.is_finite() && bad.is_none() {
            bad = Some(Overflow { row: start + k, feature });
        }
    });
    bad
}

/// What a block of rows looks like before it is written.
#[derive(Clone, Copy)]
struct Survey {
    stored: usize,
    ones: bool,
    exact: bool,
    bad: Option<Overflow>,
}

/// The rows as a sparse matrix; zeros are left out.
pub(crate) fn sparse(cells: &[Cells<'_>], rows: &[u32], cols: usize) -> Result<Matrix, Overflow> {
    let mut starts = vec![0usize; rows.len() + 1];
    let surveys: Vec<Survey> = starts[1..]
        .par_chunks_mut(BLOCK)
        .zip(rows.par_chunks(BLOCK))
        .enumerate()
        .map(|(number, (counts, block))| survey(cells, block, counts, number * BLOCK))
        .collect();
    if let Some(bad) = surveys.iter().find_map(|s| s.bad) {
        return Err(bad);
    }
    for i in 0..rows.len() {
        starts[i + 1] += starts[i];
    }
    let stored = starts[rows.len()];
    let mut indices = vec![0u32; stored];
    let values = if surveys.iter().all(|s| s.ones) {
        fill_sparse::<f32>(cells, rows, &surveys, &mut indices, &mut []);
        Values::Ones(stored)
    } else if surveys.iter().all(|s| s.exact) {
        let mut values = flat_zeros::<f32>(stored);
        fill_sparse(cells, rows, &surveys, &mut indices, &mut values);
        Values::F32(values)
    } else {
        let mut values = flat_zeros::<f64>(stored);
        fill_sparse(cells, rows, &surveys, &mut indices, &mut values);
        Values::F64(values)
    };
    Ok(Matrix::Sparse(Sparse { rows: rows.len(), cols, starts, indices, values }))
}

fn survey(cells: &[Cells<'_>], block: &[u32], counts: &mut [usize], start: usize) -> Survey {
    let mut s = Survey { stored: 0, ones: true, exact: true, bad: None };
    for c in cells {
        c.visit(block, |k, feature, v| {
            if v != 0.0 {
                counts[k] += 1;
                s.ones &= v == 1.0;
                s.exact &= is_exact(v);
                if !v.is_finite() && s.bad.is_none() {
                    s.bad = Some(Overflow { row: start + k, feature });
                }
            }
        });
    }
    s.stored = counts.iter().sum();
    s
}

/// Writes indices, and values unless their slice is empty.
fn fill_sparse<T: Real>(cells: &[Cells<'_>], rows: &[u32], surveys: &[Survey], indices: &mut [u32], values: &mut [T]) {
    let mut parts = Vec::with_capacity(surveys.len());
    let (mut indices, mut values) = (indices, values);
    for (block, s) in rows.chunks(BLOCK).zip(surveys) {
        let (i, i_rest) = indices.split_at_mut(s.stored);
        let stored = s.stored.min(values.len());
        let (v, v_rest) = values.split_at_mut(stored);
        parts.push((block, i, v));
        (indices, values) = (i_rest, v_rest);
    }
    parts.into_par_iter().for_each(|(block, indices, values)| {
        let mut next = [0usize; BLOCK];
        for c in cells {
            c.visit(block, |k, _, v| next[k] += usize::from(v != 0.0));
        }
        let mut total = 0;
        for n in &mut next {
            total += std::mem::replace(n, total);
        }
        for c in cells {
            c.visit(block, |k, feature, v| {
                if v != 0.0 {
                    indices[next[k]] = feature;
                    if let Some(slot) = values.get_mut(next[k]) {
                        *slot = T::from_f64(v);
                    }
                    next[k] += 1;
                }
            });
        }
    });
}
