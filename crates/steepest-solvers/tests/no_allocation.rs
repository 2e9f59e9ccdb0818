//! After the first steps, which make room, a step allocates nothing: counted by the allocator itself.

use std::{
    alloc::{GlobalAlloc, Layout as Block, System},
    cell::Cell,
};

use steepest_core::{Exactness, Layout, LeastSquares, NonFinite, Objective};
use steepest_solvers::{DeterministicSolver, SolverSpec};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator with a count of this thread's calls.
struct Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, block: Block) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's contract is the system's.
        unsafe { System.alloc(block) }
    }
    unsafe fn dealloc(&self, p: *mut u8, block: Block) {
        // SAFETY: the caller's contract is the system's.
        unsafe { System.dealloc(p, block) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The extended Rosenbrock function of pairs as residuals (10(b − a²), 1 − a), with its Hessian and its Jacobian; nothing in it
/// allocates.
struct Pairs {
    layout: Layout,
    x: Vec<f64>,
    squares: bool,
}

impl Pairs {
    fn new(dim: usize, squares: bool) -> Pairs {
        Pairs { layout: Layout::vector(dim), x: vec![0.0; dim], squares }
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.x.chunks_exact(2).map(|p| (p[0], p[1]))
    }
}

impl Objective<f64> for Pairs {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        self.x.copy_from_slice(x);
        Ok(self.pairs().map(|(a, b)| 50.0 * (b - a * a) * (b - a * a) + 0.5 * (1.0 - a) * (1.0 - a)).sum())
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        for ((a, b), g) in self.pairs().zip(g.chunks_exact_mut(2)) {
            let r = b - a * a;
            (g[0], g[1]) = (-200.0 * r * a - (1.0 - a), 100.0 * r);
        }
        Ok(())
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        for ((a, b), (v, out)) in self.pairs().zip(v.chunks_exact(2).zip(out.chunks_exact_mut(2))) {
            let across = -200.0 * a;
            out[0] = (-200.0 * (b - 3.0 * a * a) + 1.0) * v[0] + across * v[1];
            out[1] = across * v[0] + 100.0 * v[1];
        }
        Exactness::Exact
    }

    fn residuals(&mut self) -> Option<&mut dyn LeastSquares<f64>> {
        if self.squares { Some(self) } else { None }
    }
}

impl LeastSquares<f64> for Pairs {
    fn len(&self) -> usize {
        self.x.len()
    }

    fn residuals(&mut self, r: &mut [f64]) {
        for ((a, b), r) in self.pairs().zip(r.chunks_exact_mut(2)) {
            (r[0], r[1]) = (10.0 * (b - a * a), 1.0 - a);
        }
    }

    fn jacobian(&mut self, j: &mut [f64]) {
        let n = self.x.len();
        j.fill(0.0);
        for (k, (a, _)) in self.pairs().enumerate() {
            j[2 * k * n + 2 * k] = -20.0 * a;
            j[2 * k * n + 2 * k + 1] = 10.0;
            j[(2 * k + 1) * n + 2 * k] = -1.0;
        }
    }
}

fn start(dim: usize) -> Vec<f64> {
    (0..dim).map(|i| if i % 2 == 0 { -1.2 - 0.01 * i as f64 } else { 1.0 + 0.02 * i as f64 }).collect()
}

/// Allocations of the steps after the first few.
fn counted(text: &str, f: &mut Pairs, settled: usize, steps: usize) -> u64 {
    let start = start(f.x.len());
    let mut solver = SolverSpec::parse(text).unwrap().build(f, &start).unwrap();
    let mut step = |f: &mut Pairs| solver.step(f).unwrap_or_else(|e| panic!("{text}: {e}"));
    (0..settled).for_each(|_| {
        step(f);
    });
    let before = ALLOCATIONS.with(Cell::get);
    (0..steps).for_each(|_| {
        step(f);
    });
    ALLOCATIONS.with(Cell::get) - before
}

#[test]
fn no_descent_allocates_in_a_step() {
    for text in [
        "gd",
        "gd:step=barzilai-borwein",
        "momentum",
        "nesterov",
        "cg",
        "cg:pr+",
        "bfgs",
        "lbfgs:3",
        "newton",
        "newton:modify=absolute",
        "newton-cg",
        "trust-region",
        "trust-region:dogleg",
        "gauss-newton",
        "lm:radius=0.1",
        "lm:radius=0.1,geodesic=true",
    ] {
        for dim in [2, 20] {
            let squares = text.starts_with("lm") || text.starts_with("gauss");
            // Until the history is full, or the spectrum was needed once.
            let (settled, steps) = if squares { (2, 4) } else { (5, 8) };
            let mut f = Pairs::new(dim, squares);
            assert_eq!(counted(text, &mut f, settled, steps), 0, "{text} in {dim} variables");
        }
    }
}

/// The recursion in coordinates too.
#[test]
fn long_vectors_allocate_nothing_either() {
    let mut f = Pairs::new(20_002, false);
    assert_eq!(counted("lbfgs:3", &mut f, 6, 10), 0);
    assert_eq!(counted("cg", &mut f, 3, 10), 0);
}
