//! One AdamW update in steepest, in Burn and in Candle, in turns.
//!
//!     rust-peers PARAMETERS TENSORS ROUNDS
//!
//! All have f32 parameters in TENSORS vectors of equal length, the same gradient, learning rate 1e-3, β 0.9 and 0.999, ε 1e-8, weight
//! decay 0.01. Before the race all make five steps of a small problem and must agree. Every round runs each contender once and
//! prints `NAME NANOSECONDS`; the first round is not printed. `bench/optimizers/rust_race.py` runs this and writes the table.

mod burn_peer;
mod candle_peer;
mod ours;

use std::{error::Error, sync::Arc, time::Duration};

use steepest_core::random::{Purpose, Stream};

/// What all do.
const LR: f64 = 1e-3;
const WEIGHT_DECAY: f64 = 0.01;

/// The problem that all step.
#[derive(Clone)]
struct Problem {
    /// One gradient for all steps, all tensors behind each other.
    gradient: Arc<Vec<f32>>,
    /// Elements of one tensor.
    tensor: usize,
}

impl Problem {
    fn new(parameters: usize, tensors: usize) -> Problem {
        let tensor = parameters / tensors;
        let mut gradient = vec![0.0; tensor * tensors];
        Stream::new(0, Purpose::PROBLEM, 0).fill_normal(0, &mut gradient);
        Problem { gradient: Arc::new(gradient), tensor }
    }

    /// The gradients of the tensors.
    fn tensors(&self) -> impl Iterator<Item = &[f32]> {
        self.gradient.chunks(self.tensor)
    }

    fn contenders(&self) -> Result<Vec<Box<dyn Contender>>, Box<dyn Error>> {
        Ok(vec![
            Box::new(ours::Flat::new(self)?),
            Box::new(burn_peer::Adapter::new(self)?),
            Box::new(burn_peer::Burn::new(self)),
            Box::new(candle_peer::Candle::new(self)?),
        ])
    }
}

/// An optimizer in the race. Parameters begin at 0.5.
trait Contender {
    fn name(&self) -> &'static str;
    /// Makes one step and says how long it took, without the preparation of its gradient.
    fn step(&mut self) -> Result<Duration, Box<dyn Error>>;
    fn parameters(&self) -> Result<Vec<f32>, Box<dyn Error>>;
}

/// All contenders do the same on a small problem.
fn agree() -> Result<(), Box<dyn Error>> {
    let mut contenders = Problem::new(3000, 3).contenders()?;
    for contender in &mut contenders {
        for _ in 0..5 {
            contender.step()?;
        }
    }
    let expected = contenders[0].parameters()?;
    for contender in &contenders[1..] {
        let apart = expected.iter().zip(contender.parameters()?).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        if apart > 1e-6 {
            return Err(format!("{} is {apart} away from {}", contender.name(), contenders[0].name()).into());
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let numbers = std::env::args().skip(1).map(|a| a.parse()).collect::<Result<Vec<usize>, _>>()?;
    let [parameters, tensors, rounds] = numbers[..] else { return Err("expected PARAMETERS TENSORS ROUNDS".into()) };
    agree()?;
    let mut contenders = Problem::new(parameters, tensors).contenders()?;
    for round in 0..=rounds {
        for contender in &mut contenders {
            let taken = contender.step()?;
            if round > 0 {
                println!("{}\t{}", contender.name(), taken.as_nanos());
            }
        }
    }
    Ok(())
}
