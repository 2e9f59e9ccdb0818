//! The solver of stochastic and full-batch first-order methods: an optimizer that asks an oracle for its gradients.

use steepest_core::{
    Batch, Flat, Layout, Oracle, Real, Reason, Solver, StateVisitor, StepInfo, Stop, Termination, flat_from, flat_zeros,
};

use crate::{
    optimizer::{OnNonFinite, Optimizer, StepError},
    optimizer_spec::OptimizerSpec,
    spec::SpecError,
    wrap::{CurvatureProbe, Sam},
};

/// An optimizer with its parameters: one gradient of the current batch a step, two with sharpness-aware minimization.
pub struct FirstOrder<T: Real> {
    optimizer: Optimizer<T>,
    sam: Option<Sam<T>>,
    /// For rules that are fed curvature, with room for the second gradient.
    probe: Option<(CurvatureProbe<T>, Flat<T>)>,
    x: Flat<T>,
    g: Flat<T>,
    /// The averaged point, where the chain has one.
    average: Flat<T>,
}

impl<T: Real> FirstOrder<T> {
    /// The solver that a text describes, from the point `start`: the text of [`OptimizerSpec::parse`], with `sam:ρ | ` in front
    /// of it for sharpness-aware minimization.
    ///
    /// # Errors
    /// [`SpecError`], with the column and what was expected.
    pub fn parse(text: &str, layout: &Layout, start: &[T]) -> Result<FirstOrder<T>, SpecError> {
        FirstOrder::new(&OptimizerSpec::parse(text)?, layout, start)
    }

    /// The solver of a specification, from the point `start`.
    ///
    /// # Errors
    /// [`SpecError`]; also when `start` does not have the layout's length.
    pub fn new(spec: &OptimizerSpec, layout: &Layout, start: &[T]) -> Result<FirstOrder<T>, SpecError> {
        if start.len() != layout.len() {
            let why = format!("the starting point has {} values, the layout {}", start.len(), layout.len());
            return Err(SpecError::Refused { column: 1, why });
        }
        let mut spec = spec.clone();
        let sam = Sam::take(&mut spec.rule)?.map(|sam| sam.with_len(layout.len()));
        // Oracles check their gradients, so a second check would be a pass for nothing.
        let optimizer = spec.build(layout)?.on_non_finite(OnNonFinite::Trust);
        let average = if optimizer.averages() { flat_from(start) } else { flat_zeros(0) };
        let probe = optimizer
            .wants_curvature()
            .then(|| (CurvatureProbe::new(layout.len(), spec.seed), flat_zeros(layout.len())));
        Ok(FirstOrder { optimizer, sam, probe, x: flat_from(start), g: flat_zeros(layout.len()), average })
    }

    /// The point whose gradient the next step takes.
    pub fn x(&self) -> &[T] {
        &self.x
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &Optimizer<T> {
        &self.optimizer
    }

    /// The optimizer, to scale its learning rate.
    pub fn optimizer_mut(&mut self) -> &mut Optimizer<T> {
        &mut self.optimizer
    }
}

impl<T: Real> Solver<T> for FirstOrder<T> {
    fn step(&mut self, oracle: &mut dyn Oracle<T>) -> Result<StepInfo, Stop> {
        let step = self.optimizer.steps() + 1;
        let non_finite = |cause| Stop::NonFinite { step, cause };
        let mut value = oracle.gradient(&self.x, Batch::Step, &mut self.g).map_err(non_finite)?;
        if let Some(sam) = &mut self.sam
            && let Some(worst) = sam.ascend(&self.x, &self.g)
        {
            value = oracle.gradient(worst, Batch::Step, &mut self.g).map_err(non_finite)?.min(value);
        }
        let stop = |e| match e {
            StepError::NonFinite { step, cause } => Stop::NonFinite { step, cause },
            StepError::Length { .. } | StepError::Refused { .. } => {
                Stop::Terminated(Termination::new(Reason::Stalled, e.to_string()))
            }
        };
        if let Some((probe, there)) = self.probe.as_mut().filter(|_| self.optimizer.wants_curvature()) {
            oracle.gradient(probe.point(step, &self.x), Batch::Step, there).map_err(non_finite)?;
            self.optimizer.curvature(probe.estimate(&self.g, there)).map_err(stop)?;
        }
        let info = self.optimizer.step(&mut self.x, &mut self.g).map_err(stop)?;
        if self.optimizer.averages() {
            self.optimizer.eval_point(&self.x, &mut self.average);
        }
        Ok(StepInfo { value: Some(value), ..info })
    }

    fn eval_point(&self) -> &[T] {
        if self.optimizer.averages() { &self.average } else { &self.x }
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        let layout = self.optimizer.layout().clone();
        for segment in layout.segments() {
            T::visit(&mut self.x[segment.range()], &format!("x/{}", segment.name), state);
        }
        if self.optimizer.averages() {
            for segment in layout.segments() {
                T::visit(&mut self.average[segment.range()], &format!("average/{}", segment.name), state);
            }
        }
        self.optimizer.visit(state);
    }
}
