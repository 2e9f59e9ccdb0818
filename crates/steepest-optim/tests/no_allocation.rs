//! A step allocates nothing: counted by the allocator itself.

mod support;

use std::{
    alloc::{GlobalAlloc, Layout as Block, System},
    cell::Cell,
};

use steepest_optim::{OnNonFinite, Optimizer};

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
fn no_rule_allocates_in_a_step() {
    let layout = support::small_layout();
    let n = layout.len();
    // Rules that multiply matrices: `gemm` keeps its packing buffers to itself.
    for rule in support::rules().into_iter().filter(|r| !["muon", "shampoo", "soap"].iter().any(|m| r.starts_with(m))) {
        for check in [OnNonFinite::Refuse, OnNonFinite::Trust] {
            let mut optimizer = Optimizer::<f32>::parse(rule, &layout).unwrap().on_non_finite(check);
            let (mut x, mut g) = (vec![0.5; n], vec![0.1; n]);
            let before = ALLOCATIONS.with(Cell::get);
            for _ in 0..10 {
                g.fill(0.1);
                optimizer.step(&mut x, &mut g).unwrap();
            }
            assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0, "{rule}");
        }
    }
}
