//! A mini-batch step allocates nothing, counted by the allocator itself: the order of a new epoch takes the place of the last one.

use std::{
    alloc::{GlobalAlloc, Layout as Block, System},
    cell::Cell,
};

use steepest_core::{Iterate, flat_from};
use steepest_data::{Dense, Matrix, Order, Sparse, Values};
use steepest_models::linear::{LinearProblem, LinearSum, Loss};
use steepest_optim::Optimizer;
use steepest_train::{BatchOptions, L1Rule, Stochastic};

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

#[test]
fn a_mini_batch_step_allocates_nothing() {
    let (rows, cols) = (300, 20);
    let value = |k: usize| (k as f64).sin();
    let dense: Vec<f64> = (0..rows * cols).map(value).collect();
    let dense = Matrix::Dense(Dense { rows, cols, values: Values::F64(flat_from(&dense)) });
    let sparse = Matrix::Sparse(Sparse {
        rows,
        cols,
        starts: (0..=rows).map(|i| 3 * i).collect(),
        indices: (0..rows).flat_map(|i| (0..3).map(move |k| (i % 6 + 7 * k) as u32)).collect(),
        values: Values::Ones(3 * rows),
    });
    for matrix in [dense, sparse] {
        let target = (0..rows).map(|i| if value(i) > 0.0 { 1.0 } else { -1.0 }).collect();
        let problem = LinearProblem::new(matrix, target, Loss::Logistic);
        let sum = LinearSum::new(&problem);
        for (rule, l1_rule) in [("sgd:lr=0.1", L1Rule::Prox), ("adam:lr=0.01", L1Rule::Subgradient)] {
            for batch in [64, 200] {
                let options = BatchOptions {
                    batch,
                    micro_batch: 0,
                    order: Order::Shuffled,
                    seed: 1,
                    l1: 0.01,
                    l2: 0.1,
                    l1_rule,
                    total_weight: problem.total_weight(),
                };
                let optimizer = Optimizer::<f64>::parse(rule, &problem.layout()).unwrap();
                let start = vec![0.0; problem.parameters()];
                let mut run = Stochastic::new(&sum, optimizer, &start, options, None).unwrap();
                // The first makes room for the order.
                run.step().unwrap();
                let before = ALLOCATIONS.with(Cell::get);
                (0..20).for_each(|_| {
                    run.step().unwrap();
                });
                assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0, "{rule}, batches of {batch}");
            }
        }
    }
}
