//! Values that are not finite, injected everywhere, never reach the parameters that are given back.

use steepest_core::{
    Certificate, Evaluations, Iterate, Layout, NonFinite, Reason, StateVisitor, StepInfo, Stop, Termination,
};
use steepest_train::{Budget, Cadence, Divergence, Outcome, Scores, Trainer};

#[derive(Clone, Copy, PartialEq)]
enum Where {
    Nowhere,
    Value(f64),
    Gradient,
    Parameter,
    Growth,
}

/// Descent on ½x² with something wrong from one step on.
struct Faulty {
    layout: Layout,
    x: f64,
    step: u64,
    what: Where,
    from: u64,
    stochastic: bool,
}

impl Iterate for Faulty {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        let wrong = self.step + 1 >= self.from;
        if wrong && self.what == Where::Gradient {
            let cause = NonFinite::Gradient { element: "x[0]".into(), value: f64::NAN };
            return Err(Stop::NonFinite { step: self.step + 1, cause });
        }
        self.step += 1;
        let before = self.x;
        self.x *= if wrong && self.what == Where::Growth { -3.0 } else { 0.5 };
        if wrong && self.what == Where::Parameter {
            self.x = f64::NAN;
        }
        let value = match self.what {
            Where::Value(v) if wrong => v,
            Where::Parameter => 0.1,
            // A stochastic step tells the loss at the point it left.
            _ if self.stochastic => 0.5 * before * before,
            _ => 0.5 * self.x * self.x,
        };
        Ok(StepInfo { step: self.step, value: Some(value), lr: Some(0.5), ..StepInfo::default() })
    }
    fn point(&self, out: &mut [f64]) {
        out[0] = self.x;
    }
    fn layout(&self) -> &Layout {
        &self.layout
    }
    fn certificate(&mut self) -> Certificate {
        Certificate::none("there is none")
    }
    fn counts(&self) -> Evaluations {
        Evaluations::default()
    }
    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("x", &mut self.x);
        state.int("step", &mut self.step);
    }
}

fn run(what: Where, from: u64, stochastic: bool, evaluates: bool) -> Outcome {
    let mut faulty = Faulty { layout: Layout::vector(1), x: 4.0, step: 0, what, from, stochastic };
    let scores = |x: &[f64]| Scores { objective: Some(0.5 * x[0] * x[0]), ..Scores::default() };
    let mut trainer = Trainer {
        budget: Budget { steps: Some(80), ..Budget::default() },
        stochastic,
        monitors: vec![Box::new(Divergence::default())],
        evaluate: evaluates.then(|| Box::new(scores) as Box<dyn FnMut(&[f64]) -> Scores>),
        ..Trainer::default()
    };
    trainer.run(&mut faulty).unwrap()
}

#[test]
fn injected_anywhere_they_stop_the_run_and_the_best_parameters_come_back() {
    let faults =
        [Where::Value(f64::NAN), Where::Value(f64::INFINITY), Where::Gradient, Where::Parameter, Where::Growth];
    for stochastic in [false, true] {
        for evaluates in [false, true] {
            assert_eq!(run(Where::Nowhere, 1, stochastic, evaluates).termination.reason, Reason::Completed);
            for what in faults {
                for from in [1, 2, 7, 30] {
                    let outcome = run(what, from, stochastic, evaluates);
                    let Termination { reason, detail } = outcome.termination;
                    assert_eq!(reason, Reason::Diverged, "{detail}");
                    assert!(detail.contains("step") && detail.contains("try 0.05") || from == 1, "{detail}");
                    // Without scores nobody knows that the initial point was better than the first step.
                    let unknown = what == Where::Growth && from == 1 && !evaluates && !stochastic;
                    let worst = if unknown { 12.0 } else { 4.0 };
                    assert!(outcome.point[0].is_finite() && outcome.point[0].abs() <= worst);
                    assert!(
                        outcome.point_step < from || worst == 12.0 || what == Where::Parameter,
                        "{}",
                        outcome.point_step
                    );
                }
            }
        }
    }
}

/// A run whose first step overshoots by far, which the losses of batches tell a step late, and by the wrong size: every other
/// batch knows nothing of x.
struct Overshoot {
    layout: Layout,
    x: f64,
    step: u64,
    rate: f64,
}

impl Iterate for Overshoot {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        self.step += 1;
        let value = if self.step.is_multiple_of(2) { 0.0 } else { self.x * self.x };
        self.x -= self.rate * self.x;
        Ok(StepInfo { step: self.step, value: Some(value), lr: Some(self.rate), ..StepInfo::default() })
    }
    fn point(&self, out: &mut [f64]) {
        out[0] = self.x;
    }
    fn layout(&self) -> &Layout {
        &self.layout
    }
    fn certificate(&mut self) -> Certificate {
        Certificate::none("there is none")
    }
    fn counts(&self) -> Evaluations {
        Evaluations::default()
    }
    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.number("x", &mut self.x);
        state.int("step", &mut self.step);
    }
}

#[test]
fn a_loss_of_a_batch_makes_no_point_better_than_the_start() {
    for rate in [50.0, 2.5] {
        for scored in [false, true] {
            let mut run = Overshoot { layout: Layout::vector(1), x: 4.0, step: 0, rate };
            let scores = |x: &[f64]| Scores { objective: Some(0.5 * x[0] * x[0]), ..Scores::default() };
            let mut trainer = Trainer {
                budget: Budget { steps: Some(80), ..Budget::default() },
                cadence: Cadence { evaluate: (!scored).then_some(u64::MAX), ..Cadence::default() },
                stochastic: true,
                monitors: vec![Box::new(Divergence::default())],
                evaluate: Some(Box::new(scores)),
                ..Trainer::default()
            };
            let outcome = trainer.run(&mut run).unwrap();
            assert_eq!(outcome.termination.reason, Reason::Diverged);
            assert_eq!((outcome.point_step, outcome.point[0]), (0, 4.0), "rate {rate}, scored {scored}");
        }
    }
}
