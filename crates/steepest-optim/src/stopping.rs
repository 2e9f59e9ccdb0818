//! Stopping rules: when a run has converged, or has used up what it was given, with the measured cause.
//!
//! Each tolerance is absolute, relative, or both; the first criterion that is met ends the run, in the order gap, gradient,
//! value, parameters, budgets. No criterion is fooled by a tiny learning rate: changes are divided by it, so that
//! ‖Δx‖/η and |Δf|/η² measure the landscape and not the rate. What a step did not measure is not judged.

use steepest_core::{Evaluations, Reason, StateVisitor, StepInfo, Termination};

/// A bound that is met when the value is at most `absolute + relative·reference`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tolerance {
    /// In the units of the value.
    pub absolute: f64,
    /// In units of the reference.
    pub relative: f64,
}

impl Tolerance {
    /// An absolute bound.
    pub const fn absolute(absolute: f64) -> Tolerance {
        Tolerance { absolute, relative: 0.0 }
    }

    /// A relative bound.
    pub const fn relative(relative: f64) -> Tolerance {
        Tolerance { absolute: 0.0, relative }
    }

    fn bound(&self, reference: f64) -> f64 {
        self.absolute + self.relative * reference
    }
}

/// Which criteria end a run. `None` is never met.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Criteria {
    /// On the relative certified gap; only `absolute` counts.
    pub gap: Option<Tolerance>,
    /// On ‖∇f‖; relative to that of the first step.
    pub gradient_norm: Option<Tolerance>,
    /// On |f − f₋| between steps; relative to max(|f|, |f₋|).
    pub value_change: Option<Tolerance>,
    /// On ‖Δx‖, divided by η where the step has one; relative to that of the first step.
    pub parameter_change: Option<Tolerance>,
    /// How many steps in a row must satisfy a change criterion; 0 counts as 1.
    pub in_a_row: u64,
    /// Steps.
    pub max_steps: Option<u64>,
    /// Values and gradients evaluated.
    pub max_evals: Option<u64>,
    /// Seconds.
    pub max_seconds: Option<f64>,
}

/// Criteria with what they remember of the run.
///
/// ```
/// use steepest_core::{Evaluations, Reason, StepInfo};
/// use steepest_optim::{Criteria, Stopping, Tolerance};
/// let mut stopping = Stopping::new(Criteria { gradient_norm: Some(Tolerance::relative(1e-3)), ..Criteria::default() });
/// let step = |step, norm| StepInfo { step, grad_norm: Some(norm), ..StepInfo::default() };
/// assert_eq!(stopping.check(&step(1, 10.0), &Evaluations::default(), 0.0), None);
/// let end = stopping.check(&step(2, 0.009), &Evaluations::default(), 0.0).unwrap();
/// assert_eq!(end.reason, Reason::GradientNorm);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stopping {
    criteria: Criteria,
    memory: Memory,
}

/// What earlier steps measured.
#[derive(Debug, Clone, PartialEq, Default)]
struct Memory {
    first_gradient: Option<f64>,
    first_change: Option<f64>,
    value: Option<f64>,
    value_row: u64,
    change_row: u64,
}

/// The last learning rate below which a change means nothing.
fn rate(info: &StepInfo) -> f64 {
    info.lr.filter(|lr| *lr > 0.0).unwrap_or(1.0)
}

impl Stopping {
    /// At the start of a run.
    pub fn new(criteria: Criteria) -> Stopping {
        Stopping { criteria, memory: Memory::default() }
    }

    /// The criteria.
    pub fn criteria(&self) -> &Criteria {
        &self.criteria
    }

    /// Judges a step. `seconds` is the time since the start of the run.
    pub fn check(&mut self, info: &StepInfo, counts: &Evaluations, seconds: f64) -> Option<Termination> {
        let checks = [
            self.gap(info),
            self.gradient(info),
            self.value(info),
            self.parameters(info),
            self.budget(info, counts, seconds),
        ];
        checks.into_iter().flatten().next()
    }

    fn gap(&self, info: &StepInfo) -> Option<Termination> {
        let (tolerance, gap) = (self.criteria.gap?, info.gap?);
        let detail = || format!("certified relative gap {gap:.3e} ≤ {:.3e}", tolerance.absolute);
        (gap <= tolerance.absolute).then(|| Termination::new(Reason::CertifiedGap, detail()))
    }

    fn gradient(&mut self, info: &StepInfo) -> Option<Termination> {
        let norm = info.grad_norm?;
        let first = *self.memory.first_gradient.get_or_insert(norm);
        let bound = self.criteria.gradient_norm?.bound(first);
        let detail = || format!("gradient norm {norm:.3e} ≤ {bound:.3e} (first step: {first:.3e})");
        (norm <= bound).then(|| Termination::new(Reason::GradientNorm, detail()))
    }

    fn value(&mut self, info: &StepInfo) -> Option<Termination> {
        let value = info.value?;
        let past = self.memory.value.replace(value)?;
        let tolerance = self.criteria.value_change?;
        // A tiny rate makes every change tiny; a step of η changes f by about η‖∇f‖², so the change is judged per η.
        let change = (value - past).abs() / rate(info).min(1.0);
        let bound = tolerance.bound(value.abs().max(past.abs()));
        self.memory.value_row = if change <= bound { self.memory.value_row + 1 } else { 0 };
        let detail = || format!("objective changed by {change:.3e} per unit of learning rate, ≤ {bound:.3e}");
        (self.memory.value_row >= self.criteria.in_a_row.max(1))
            .then(|| Termination::new(Reason::ValueChange, detail()))
    }

    fn parameters(&mut self, info: &StepInfo) -> Option<Termination> {
        let change = info.step_norm? / rate(info);
        let first = *self.memory.first_change.get_or_insert(change);
        let bound = self.criteria.parameter_change?.bound(first);
        self.memory.change_row = if change <= bound { self.memory.change_row + 1 } else { 0 };
        let detail = || format!("parameters changed by {change:.3e} per unit of learning rate, ≤ {bound:.3e}");
        (self.memory.change_row >= self.criteria.in_a_row.max(1))
            .then(|| Termination::new(Reason::ParameterChange, detail()))
    }

    fn budget(&self, info: &StepInfo, counts: &Evaluations, seconds: f64) -> Option<Termination> {
        let evals = counts.value + counts.gradient;
        let over = |limit: Option<u64>, used: u64| limit.filter(|l| used >= *l);
        if let Some(limit) = over(self.criteria.max_steps, info.step) {
            return Some(Termination::new(Reason::Completed, format!("all {limit} steps are done")));
        }
        if let Some(limit) = over(self.criteria.max_evals, evals) {
            return Some(Termination::new(Reason::MaxEvals, format!("{evals} evaluations, of {limit} allowed")));
        }
        let limit = self.criteria.max_seconds.filter(|l| seconds >= *l)?;
        Some(Termination::new(Reason::MaxSeconds, format!("{seconds:.1} s, of {limit} s allowed")))
    }

    /// Shows what later judgements depend on.
    pub fn visit(&mut self, state: &mut dyn StateVisitor) {
        let optional = |name: &str, value: &mut Option<f64>, state: &mut dyn StateVisitor| {
            let mut v = value.unwrap_or(f64::NAN);
            state.number(name, &mut v);
            *value = Some(v).filter(|v| !v.is_nan());
        };
        optional("stopping.first_gradient", &mut self.memory.first_gradient, state);
        optional("stopping.first_change", &mut self.memory.first_change, state);
        optional("stopping.value", &mut self.memory.value, state);
        state.int("stopping.value_row", &mut self.memory.value_row);
        state.int("stopping.change_row", &mut self.memory.change_row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(criteria: Criteria, steps: &[StepInfo]) -> Option<Reason> {
        let counts = Evaluations { gradient: 7, ..Evaluations::default() };
        let mut stopping = Stopping::new(criteria);
        steps.iter().find_map(|s| stopping.check(s, &counts, 3.0)).map(|t| t.reason)
    }

    /// θ²/2 from 1 with η = 1e-6: the value changes by 1e-6 a step, and it is not converged.
    #[test]
    fn a_tiny_learning_rate_is_not_convergence() {
        let mut x: f64 = 1.0;
        let steps: Vec<StepInfo> = (1..50)
            .map(|step| {
                let moved = 1e-6 * x;
                x -= moved;
                let (value, lr) = (Some(0.5 * x * x), Some(1e-6));
                StepInfo { step, value, lr, step_norm: Some(moved), ..StepInfo::default() }
            })
            .collect();
        let tolerance = Some(Tolerance { absolute: 1e-6, relative: 1e-6 });
        let criteria = Criteria { value_change: tolerance, parameter_change: tolerance, ..Criteria::default() };
        assert_eq!(run(criteria, &steps), None);
    }

    #[test]
    fn each_criterion_names_its_reason() {
        let step = |n, value: f64| StepInfo {
            step: n,
            value: Some(value),
            grad_norm: Some(value),
            step_norm: Some(value),
            gap: Some(value),
            lr: Some(1.0),
        };
        let steps = [step(1, 1.0), step(2, 1e-3), step(3, 1e-9), step(4, 1e-9), step(5, 1e-9)];
        let tight = Some(Tolerance::absolute(1e-8));
        let all = Criteria::default;
        assert_eq!(run(Criteria { gap: tight, ..all() }, &steps), Some(Reason::CertifiedGap));
        assert_eq!(run(Criteria { gradient_norm: tight, ..all() }, &steps), Some(Reason::GradientNorm));
        assert_eq!(run(Criteria { value_change: tight, ..all() }, &steps), Some(Reason::ValueChange));
        let relative = Some(Tolerance::relative(1e-8));
        assert_eq!(run(Criteria { parameter_change: relative, ..all() }, &steps), Some(Reason::ParameterChange));
        assert_eq!(run(Criteria { value_change: tight, in_a_row: 3, ..all() }, &steps), None);
        assert_eq!(run(Criteria { max_steps: Some(5), ..all() }, &steps), Some(Reason::Completed));
        assert_eq!(run(Criteria { max_evals: Some(7), ..all() }, &steps), Some(Reason::MaxEvals));
        assert_eq!(run(Criteria { max_seconds: Some(2.0), ..all() }, &steps), Some(Reason::MaxSeconds));
        assert_eq!(run(all(), &steps), None);
    }
}
