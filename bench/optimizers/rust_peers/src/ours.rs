//! steepest on a flat vector.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use steepest_core::{Flat as Vector, Layout, Role, flat_zeros};
use steepest_optim::{OnNonFinite, Optimizer};

use crate::{Contender, LR, Problem, WEIGHT_DECAY};

/// The rule in our words.
pub fn rule() -> String {
    format!("adamw:lr={LR},weight_decay={WEIGHT_DECAY}")
}

/// Gradients are taken as they are, as the peers take them.
pub struct Flat {
    problem: Problem,
    optimizer: Optimizer<f32>,
    params: Vector<f32>,
    grads: Vector<f32>,
}

impl Flat {
    pub fn new(problem: &Problem) -> Result<Flat, Box<dyn Error>> {
        let mut layout = Layout::new();
        for (i, tensor) in problem.tensors().enumerate() {
            layout.push(&format!("tensors.{i}"), &[tensor.len()], Role::Weight)?;
        }
        let mut params = flat_zeros(layout.len());
        params.fill(0.5);
        let optimizer = Optimizer::parse(&rule(), &layout)?.on_non_finite(OnNonFinite::Trust);
        Ok(Flat { problem: problem.clone(), optimizer, params, grads: flat_zeros(layout.len()) })
    }
}

impl Contender for Flat {
    fn name(&self) -> &'static str {
        "steepest"
    }

    fn step(&mut self) -> Result<Duration, Box<dyn Error>> {
        self.grads.copy_from_slice(&self.problem.gradient);
        let start = Instant::now();
        self.optimizer.step(&mut self.params, &mut self.grads)?;
        Ok(start.elapsed())
    }

    fn parameters(&self) -> Result<Vec<f32>, Box<dyn Error>> {
        Ok(self.params.to_vec())
    }
}
