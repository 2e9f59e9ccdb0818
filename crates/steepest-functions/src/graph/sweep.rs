//! Passes over a graph: values forwards, adjoints backwards, and the same for tangents.
//!
//! Tangents come in lanes of `K` directions at once: one for a Hessian-vector product, eight for a Hessian or a Jacobian.

use super::op::{self, Op};
use super::tape::{Graph, Run};

/// Writes the value of every operation; inputs and constants are in place.
pub(super) fn values(graph: &Graph, v: &mut [f64]) {
    for run in &graph.runs {
        let (below, here) = v.split_at_mut(run.start);
        let here = &mut here[..run.end - run.start];
        let a = &graph.a[run.start..run.end];
        let b = &graph.b[run.start..run.end];
        match run.op {
            Op::Add => each(here, a, b, below, |x, y| x + y),
            Op::Sub => each(here, a, b, below, |x, y| x - y),
            Op::Mul => each(here, a, b, below, |x, y| x * y),
            Op::Div => each(here, a, b, below, |x, y| x / y),
            Op::Shift => each(here, a, b, below, |x, c| x + c),
            Op::Scale => each(here, a, b, below, |x, c| x * c),
            Op::Square => each(here, a, b, below, |x, _| x * x),
            Op::Exp => each(here, a, b, below, |x, _| op::unary(Op::Exp, x, 0.0)),
            Op::Sum => {
                for ((out, &start), &len) in here.iter_mut().zip(a).zip(b) {
                    *out = sum(&graph.args[start as usize..(start + len) as usize], below);
                }
            }
            Op::Select => {
                for (out, &start) in here.iter_mut().zip(a) {
                    let list = &graph.args[start as usize..];
                    let condition = below[list[0] as usize];
                    *out = if condition.is_nan() { condition } else { below[taken(list, condition) as usize] };
                }
            }
            op if op.is_binary() => each(here, a, b, below, |x, y| op::binary(op, x, y)),
            op => each(here, a, b, below, |x, c| op::unary(op, x, c)),
        }
    }
}

#[inline(always)]
fn each(here: &mut [f64], a: &[u32], b: &[u32], below: &[f64], f: impl Fn(f64, f64) -> f64) {
    for ((out, &a), &b) in here.iter_mut().zip(a).zip(b) {
        *out = f(below[a as usize], below[b as usize]);
    }
}

/// The branch of a selection that counts.
fn taken(list: &[u32], condition: f64) -> u32 {
    if condition != 0.0 { list[1] } else { list[2] }
}

/// A sum in eight interleaved parts.
fn sum(list: &[u32], v: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut acc = [0.0; LANES];
    let chunks = list.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for l in 0..LANES {
            acc[l] += v[chunk[l] as usize];
        }
    }
    for (l, &i) in rest.iter().enumerate() {
        acc[l] += v[i as usize];
    }
    ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
}

/// Writes the adjoint of every node: the derivative of the value with respect to it. What has adjoint 0 passes nothing on,
/// whatever its slope.
pub(super) fn adjoints(graph: &Graph, v: &[f64], adj: &mut [f64]) {
    adj.fill(0.0);
    adj[graph.value as usize] = 1.0;
    for run in graph.runs.iter().rev() {
        let (below, here) = adj.split_at_mut(run.start);
        for k in (run.start..run.end).rev() {
            let g = here[k - run.start];
            if g == 0.0 {
                continue;
            }
            let (a, b) = (graph.a[k] as usize, graph.b[k] as usize);
            match run.op {
                Op::Add => {
                    below[a] += g;
                    below[b] += g;
                }
                Op::Sub => {
                    below[a] += g;
                    below[b] -= g;
                }
                Op::Mul => {
                    below[a] += g * v[b];
                    below[b] += g * v[a];
                }
                Op::Shift => below[a] += g,
                Op::Scale => below[a] += g * v[b],
                Op::Square => below[a] += g * (2.0 * v[a]),
                Op::Sum => {
                    for &i in &graph.args[a..a + b] {
                        below[i as usize] += g;
                    }
                }
                Op::Select => {
                    let list = &graph.args[a..a + b];
                    below[taken(list, v[list[0] as usize]) as usize] += g;
                }
                op if op.is_binary() => {
                    let (pa, pb) = op::slopes(op, v[a], v[b], v[k]);
                    below[a] += times(g, pa);
                    below[b] += times(g, pb);
                }
                op => below[a] += g * op::slope(op, v[a], v[b], v[k]),
            }
        }
    }
}

/// A product in which a zero wins, against infinite slopes of what does not vary.
#[inline(always)]
fn times(x: f64, slope: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * slope }
}

/// Writes slope and second derivative of every operation on one operand.
pub(super) fn curvatures(graph: &Graph, v: &[f64], first: &mut [f64], second: &mut [f64]) {
    for run in graph.runs.iter().filter(|run| run.op.is_unary()) {
        for k in run.start..run.end {
            let (x, c, z) = (v[graph.a[k] as usize], v[graph.b[k] as usize], v[k]);
            first[k] = op::slope(run.op, x, c, z);
            second[k] = op::bend(run.op, x, c, z, first[k]);
        }
    }
}

/// Writes the derivative of every node along `K` directions; those of inputs are in place, those of constants are 0.
pub(super) fn tangents<const K: usize>(graph: &Graph, v: &[f64], first: &[f64], t: &mut [[f64; K]]) {
    for run in &graph.runs {
        let (below, here) = t.split_at_mut(run.start);
        for k in run.start..run.end {
            let (a, b) = (graph.a[k] as usize, graph.b[k] as usize);
            here[k - run.start] = match run.op {
                Op::Add => lanes(|l| below[a][l] + below[b][l]),
                Op::Sub => lanes(|l| below[a][l] - below[b][l]),
                Op::Mul => lanes(|l| below[a][l] * v[b] + below[b][l] * v[a]),
                Op::Sum => {
                    let mut acc = [0.0; K];
                    for &i in &graph.args[a..a + b] {
                        acc = lanes(|l| acc[l] + below[i as usize][l]);
                    }
                    acc
                }
                Op::Select => {
                    let list = &graph.args[a..a + b];
                    below[taken(list, v[list[0] as usize]) as usize]
                }
                op if op.is_binary() => {
                    let (pa, pb) = op::slopes(op, v[a], v[b], v[k]);
                    lanes(|l| times(below[a][l], pa) + times(below[b][l], pb))
                }
                _ => lanes(|l| times(below[a][l], first[k])),
            };
        }
    }
}

#[inline(always)]
fn lanes<const K: usize>(f: impl Fn(usize) -> f64) -> [f64; K] {
    std::array::from_fn(f)
}

#[inline(always)]
fn add<const K: usize>(to: &mut [f64; K], f: impl Fn(usize) -> f64) {
    for (l, out) in to.iter_mut().enumerate() {
        *out += f(l);
    }
}

/// What [`tangent_adjoints`] reads: the point, its adjoints, slopes and second derivatives.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) v: &'a [f64],
    pub(super) adj: &'a [f64],
    pub(super) first: &'a [f64],
    pub(super) second: &'a [f64],
}

/// Writes the derivative of every adjoint along the directions of the tangents `t`; those of inputs are the Hessian's products.
pub(super) fn tangent_adjoints<const K: usize>(graph: &Graph, at: At<'_>, t: &[[f64; K]], w: &mut [[f64; K]]) {
    w.fill([0.0; K]);
    for run in graph.runs.iter().rev() {
        let (below, here) = w.split_at_mut(run.start);
        for k in (run.start..run.end).rev() {
            let h = here[k - run.start];
            let g = at.adj[k];
            if g == 0.0 && h == [0.0; K] {
                continue;
            }
            pass_on(graph, at, run, k, (g, h), t, below);
        }
    }
}

/// Passes adjoint g and its derivative h of node k on to its operands.
#[inline(always)]
fn pass_on<const K: usize>(
    graph: &Graph,
    at: At<'_>,
    run: &Run,
    k: usize,
    (g, h): (f64, [f64; K]),
    t: &[[f64; K]],
    below: &mut [[f64; K]],
) {
    let v = at.v;
    let (a, b) = (graph.a[k] as usize, graph.b[k] as usize);
    match run.op {
        Op::Add => {
            add(&mut below[a], |l| h[l]);
            add(&mut below[b], |l| h[l]);
        }
        Op::Sub => {
            add(&mut below[a], |l| h[l]);
            add(&mut below[b], |l| -h[l]);
        }
        Op::Mul => {
            add(&mut below[a], |l| h[l] * v[b] + g * t[b][l]);
            add(&mut below[b], |l| h[l] * v[a] + g * t[a][l]);
        }
        Op::Sum => {
            for &i in &graph.args[a..a + b] {
                add(&mut below[i as usize], |l| h[l]);
            }
        }
        Op::Select => {
            let list = &graph.args[a..a + b];
            add(&mut below[taken(list, v[list[0] as usize]) as usize], |l| h[l]);
        }
        op if op.is_binary() => {
            let p = op::partials(op, v[a], v[b], v[k]);
            let second = |l: usize, pa: f64, pb: f64| times(g * t[a][l], pa) + times(g * t[b][l], pb);
            add(&mut below[a], |l| times(h[l], p.a) + second(l, p.aa, p.ab));
            add(&mut below[b], |l| times(h[l], p.b) + second(l, p.ab, p.bb));
        }
        _ => add(&mut below[a], |l| times(h[l], at.first[k]) + times(g * t[a][l], at.second[k])),
    }
}
