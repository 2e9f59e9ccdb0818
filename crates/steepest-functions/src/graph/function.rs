//! A graph with the memory to evaluate it: an objective.

use std::sync::Arc;

use steepest_core::{Exactness, Layout, LeastSquares, NonFinite, Objective, check_gradient};

use super::Graph;
use super::sweep::{self, At};

/// Directions a Hessian or a Jacobian is computed by at once.
const LANES: usize = 8;

/// Up to this many variables the diagonal of the Hessian is computed, one pass for eight of them.
const DIAGONAL_INPUTS: usize = 256;

/// A function of n variables with exact derivatives.
///
/// The inherent methods take the point; as an [`Objective`] the point is the one of the last [`at`](Objective::at). Values of
/// the inherent methods may be infinite or NaN, those of the objective are errors then.
///
/// ```
/// use steepest_functions::{Builder, Function};
/// let b = Builder::new(2);
/// let mut f = Function::new(b.finish(b.input(0).powi(2) * b.input(1)));
/// let mut hv = [0.0; 2];
/// f.hvp(&[3.0, 2.0], &[1.0, 0.0], &mut hv);
/// assert_eq!(hv, [4.0, 6.0]);
/// ```
#[derive(Debug, Clone)]
pub struct Function {
    graph: Arc<Graph>,
    layout: Layout,
    /// Value and adjoint of every node; slope and second derivative of those with one operand.
    v: Vec<f64>,
    adj: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    one: Tangents<1>,
    many: Tangents<LANES>,
    /// Whether `adj`, and `first` and `second`, are those of the point in `v`.
    adjoints_ready: bool,
    curvatures_ready: bool,
}

/// Tangents and their adjoints; empty until they are used.
#[derive(Debug, Clone, Default)]
struct Tangents<const K: usize> {
    t: Vec<[f64; K]>,
    w: Vec<[f64; K]>,
}

impl<const K: usize> Tangents<K> {
    fn make(&mut self, nodes: usize) {
        if self.t.is_empty() {
            self.t = vec![[0.0; K]; nodes];
            self.w = vec![[0.0; K]; nodes];
        }
    }
}

impl Function {
    /// The function of a graph. Clones share the graph and have their own memory.
    pub fn new(graph: Graph) -> Function {
        Function::shared(Arc::new(graph))
    }

    /// The function of a graph that others evaluate too.
    pub fn shared(graph: Arc<Graph>) -> Function {
        let mut v = vec![0.0; graph.nodes()];
        let inputs = graph.inputs;
        v[inputs..inputs + graph.constants.len()].copy_from_slice(&graph.constants);
        Function {
            layout: Layout::vector(inputs),
            v,
            adj: vec![0.0; graph.nodes()],
            first: Vec::new(),
            second: Vec::new(),
            one: Tangents::default(),
            many: Tangents::default(),
            adjoints_ready: false,
            curvatures_ready: false,
            graph,
        }
    }

    /// The graph.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// The number of variables.
    pub fn dim(&self) -> usize {
        self.graph.inputs
    }

    /// f(x).
    ///
    /// # Panics
    /// When `x` has another length than there are variables; so do the other methods.
    pub fn value(&mut self, x: &[f64]) -> f64 {
        self.v[..self.graph.inputs].copy_from_slice(x);
        sweep::values(&self.graph, &mut self.v);
        self.adjoints_ready = false;
        self.curvatures_ready = false;
        self.v[self.graph.value as usize]
    }

    /// Writes ∇f(x) and returns f(x).
    pub fn gradient(&mut self, x: &[f64], g: &mut [f64]) -> f64 {
        let value = self.value(x);
        self.gradient_here(g);
        value
    }

    /// Writes ∇²f(x)·v.
    pub fn hvp(&mut self, x: &[f64], v: &[f64], out: &mut [f64]) {
        self.value(x);
        self.hvp_here(v, out);
    }

    /// ∇²f(x), row-major n × n.
    pub fn hessian(&mut self, x: &[f64]) -> Vec<f64> {
        self.value(x);
        let mut h = vec![0.0; x.len() * x.len()];
        self.hessian_here(&mut h);
        h
    }

    fn gradient_here(&mut self, g: &mut [f64]) {
        self.prepare_adjoints();
        g.copy_from_slice(&self.adj[..self.graph.inputs]);
    }

    fn prepare_adjoints(&mut self) {
        if !self.adjoints_ready {
            sweep::adjoints(&self.graph, &self.v, &mut self.adj);
            self.adjoints_ready = true;
        }
    }

    fn prepare_curvatures(&mut self) {
        self.prepare_adjoints();
        if !self.curvatures_ready {
            self.first.resize(self.graph.nodes(), 0.0);
            self.second.resize(self.graph.nodes(), 0.0);
            sweep::curvatures(&self.graph, &self.v, &mut self.first, &mut self.second);
            self.curvatures_ready = true;
        }
    }

    fn hvp_here(&mut self, v: &[f64], out: &mut [f64]) {
        self.prepare_curvatures();
        self.one.make(self.graph.nodes());
        let Tangents { t, w } = &mut self.one;
        for (t, &v) in t[..self.graph.inputs].iter_mut().zip(v) {
            *t = [v];
        }
        let at = At { v: &self.v, adj: &self.adj, first: &self.first, second: &self.second };
        sweep::tangents(&self.graph, at.v, at.first, t);
        sweep::tangent_adjoints(&self.graph, at, t, w);
        for (out, w) in out.iter_mut().zip(&w[..self.graph.inputs]) {
            *out = w[0];
        }
    }

    /// Calls `see(first, tangents, adjoints)` for each group of [`LANES`] unit directions, the first of which is number `first`.
    fn along_axes(&mut self, second_order: bool, mut see: impl FnMut(usize, &[[f64; LANES]], &[[f64; LANES]])) {
        self.prepare_curvatures();
        self.many.make(self.graph.nodes());
        let inputs = self.graph.inputs;
        let Tangents { t, w } = &mut self.many;
        let at = At { v: &self.v, adj: &self.adj, first: &self.first, second: &self.second };
        for group in (0..inputs).step_by(LANES) {
            t[..inputs].fill([0.0; LANES]);
            for l in 0..LANES.min(inputs - group) {
                t[group + l][l] = 1.0;
            }
            sweep::tangents(&self.graph, at.v, at.first, t);
            if second_order {
                sweep::tangent_adjoints(&self.graph, at, t, w);
            }
            see(group, t, w);
        }
    }

    fn hessian_here(&mut self, h: &mut [f64]) {
        let n = self.graph.inputs;
        self.along_axes(true, |first, _, w| {
            // The upper triangle, mirrored, so that the matrix is symmetric to the last bit.
            for (j, products) in w[..n].iter().enumerate().skip(first) {
                for (l, &h_ij) in products.iter().enumerate().take(j + 1 - first) {
                    h[(first + l) * n + j] = h_ij;
                    h[j * n + first + l] = h_ij;
                }
            }
        });
    }
}

impl Objective<f64> for Function {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        let value = self.value(x);
        if value.is_finite() { Ok(value) } else { Err(NonFinite::Objective { value }) }
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        self.gradient_here(g);
        check_gradient(g, &self.layout)
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        self.hvp_here(v, out);
        Exactness::Exact
    }

    fn hessian(&mut self, h: &mut [f64]) -> bool {
        self.hessian_here(h);
        true
    }

    fn hessian_diagonal(&mut self, diagonal: &mut [f64]) -> bool {
        if self.graph.inputs > DIAGONAL_INPUTS {
            return false;
        }
        self.along_axes(true, |first, _, w| {
            for (l, out) in diagonal[first..].iter_mut().take(LANES).enumerate() {
                *out = w[first + l][l];
            }
        });
        true
    }

    fn residuals(&mut self) -> Option<&mut dyn LeastSquares<f64>> {
        if self.graph.residuals.is_empty() { None } else { Some(self) }
    }
}

impl LeastSquares<f64> for Function {
    fn len(&self) -> usize {
        self.graph.residuals.len()
    }

    fn residuals(&mut self, r: &mut [f64]) {
        for (r, &(node, factor)) in r.iter_mut().zip(&self.graph.residuals) {
            *r = factor * self.v[node as usize];
        }
    }

    fn jacobian(&mut self, j: &mut [f64]) {
        let graph = Arc::clone(&self.graph);
        let n = graph.inputs;
        self.along_axes(false, |first, t, _| {
            for (row, &(node, factor)) in graph.residuals.iter().enumerate() {
                let columns = LANES.min(n - first);
                let out = &mut j[row * n + first..row * n + first + columns];
                for (out, t) in out.iter_mut().zip(&t[node as usize]) {
                    *out = factor * t;
                }
            }
        });
    }
}
