//! The optimizer: chains bound to a layout, with learning rates and groups. Its face is `optimizer.step(&mut x, &mut g)`.

use steepest_core::{Layout, NonFinite, Real, SparseGradient, StateVisitor, StepInfo, first_non_finite, isa::Isa};
use thiserror::Error;

use crate::{
    chain::ChainRun,
    link::IntoChain,
    optimizer_spec::{OptimizerSpec, Plan},
    schedule::Schedule,
    spec::SpecError,
    stage::Idle,
};

/// Why a step could not be made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum StepError {
    /// The vectors do not have the layout's length.
    #[error("the layout has {expected} parameters, but there are {params} parameters and {grads} gradient elements")]
    Length {
        /// The layout's.
        expected: usize,
        /// Parameters given.
        params: usize,
        /// Gradient elements given.
        grads: usize,
    },
    /// The rule cannot make this step.
    #[error("step {step}: `{rule}` {why}")]
    Refused {
        /// The step that was to be made, from 1.
        step: u64,
        /// The rule.
        rule: String,
        /// Why not, and what to do.
        why: String,
    },
    /// A value is not finite. A non-finite gradient leaves everything as it was; a non-finite update leaves the parameters
    /// of its block as they were.
    #[error("step {step}: {cause}")]
    NonFinite {
        /// The step that was to be made, from 1.
        step: u64,
        /// What is not finite, and where.
        cause: NonFinite,
    },
}

/// What happens to a gradient with a value that is not finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnNonFinite {
    /// The step is refused and names the element; nothing has changed. Costs one more pass over the gradient.
    #[default]
    Refuse,
    /// The gradient was already checked where it was made (as every oracle does): no extra pass. Should a value that is not
    /// finite come all the same, it does not reach the parameters.
    Trust,
}

/// A chain with its learning rate.
pub(crate) struct Part<T: Real> {
    pub(crate) chain: ChainRun<T>,
    pub(crate) lr: Schedule,
    /// The chain's text, for messages.
    pub(crate) rule: String,
}

/// An update rule bound to the tensors it updates.
///
/// ```
/// use steepest_core::Layout;
/// use steepest_optim::Optimizer;
///
/// // Minimize ½(x₀² + 10 x₁²).
/// let mut optimizer = Optimizer::<f64>::parse("adamw:lr=0.1,weight_decay=0", &Layout::vector(2))?;
/// let mut x = [5.0, 5.0];
/// for _ in 0..500 {
///     let mut g = [x[0], 10.0 * x[1]];
///     optimizer.step(&mut x, &mut g)?;
/// }
/// assert!(x.iter().all(|v| v.abs() < 1e-3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Optimizer<T: Real> {
    layout: Layout,
    parts: Vec<Part<T>>,
    step: u64,
    /// Multiplies every learning rate: what a monitor lowers.
    lr_scale: f64,
    on_non_finite: OnNonFinite,
    /// Whether the curvature that the next step needs has been given.
    has_curvature: bool,
}

impl<T: Real> Optimizer<T> {
    /// The optimizer that a text describes, for these tensors: [`OptimizerSpec::parse`] and [`OptimizerSpec::build`].
    ///
    /// # Errors
    /// [`SpecError`], with the column and what was expected.
    pub fn parse(text: &str, layout: &Layout) -> Result<Optimizer<T>, SpecError> {
        OptimizerSpec::parse(text)?.build(layout)
    }

    /// The optimizer of a chain written in Rust. Biases and norms do not decay.
    pub fn from_chain<How>(links: impl IntoChain<T, How>, lr: Schedule, layout: &Layout) -> Optimizer<T> {
        let part = Plan::of_links(links.into_chain(), lr).bind(layout, &[], 0, |_| true);
        Optimizer::of_parts(layout, vec![part])
    }

    pub(crate) fn of_parts(layout: &Layout, parts: Vec<Part<T>>) -> Optimizer<T> {
        Optimizer {
            layout: layout.clone(),
            parts,
            step: 0,
            lr_scale: 1.0,
            on_non_finite: OnNonFinite::default(),
            has_curvature: false,
        }
    }

    /// What to do with gradients that are not finite.
    #[must_use]
    pub fn on_non_finite(mut self, what: OnNonFinite) -> Optimizer<T> {
        self.on_non_finite = what;
        self
    }

    /// One update of the parameters by the gradient, whose buffer may be overwritten. No allocation.
    ///
    /// # Errors
    /// Wrong lengths, or values that are not finite.
    pub fn step(&mut self, params: &mut [T], grads: &mut [T]) -> Result<StepInfo, StepError> {
        self.check(params.len(), grads.len())?;
        if self.wants_curvature() {
            return Err(self.lacks_curvature());
        }
        if self.on_non_finite == OnNonFinite::Refuse
            && let Some(i) = first_non_finite(grads)
        {
            return Err(self.non_finite(i, grads[i]));
        }
        let mut bad: Option<usize> = None;
        for part in &mut self.parts {
            let lr = part.lr.at(self.step) * self.lr_scale;
            let found = part.chain.step(params, grads, self.step, lr);
            bad = bad.into_iter().chain(found).min();
        }
        self.finish(bad)
    }

    /// One update by a gradient that is 0 but at some elements, at the cost of these elements; pairs of one index are added up.
    ///
    /// `sgd`, `adagrad`, `ftrl` and `signsgd` without momentum do what the dense gradient does; momentum at the end of a chain
    /// makes up in closed form for the steps that an element missed (a changed learning rate costs one pass over everything);
    /// `adam`, `amsgrad`, `adamax` and `rmsprop` leave the averages of untouched elements as they are, as PyTorch's
    /// `SparseAdam` does. `clip`, `clip_value` and `normalize` may stand before them. The first step costs a dense one.
    ///
    /// Before the parameters are read as a whole, call [`settle`](Optimizer::settle).
    ///
    /// # Errors
    /// [`StepError::Refused`] with the reason for any other rule; otherwise as for [`step`](Optimizer::step).
    pub fn step_sparse(&mut self, params: &mut [T], grads: &mut SparseGradient<T>) -> Result<StepInfo, StepError> {
        let len = self.layout.len();
        self.check(params.len(), len)?;
        for part in &self.parts {
            if let Idle::Works(why) = part.chain.idle() {
                let why = format!("takes no sparse gradients: {why}");
                return Err(StepError::Refused { step: self.step + 1, rule: part.rule.clone(), why });
            }
        }
        grads.coalesce();
        if let Some(&last) = grads.indices.last().filter(|&&i| i as usize >= len) {
            return Err(StepError::Length { expected: len, params: params.len(), grads: last as usize + 1 });
        }
        let pairs = grads.indices.iter().zip(&grads.values);
        if let Some((&i, &v)) = pairs.clone().find(|(_, v)| !v.is_finite()) {
            return Err(self.non_finite(i as usize, v));
        }
        if self.step == 0 {
            let mut dense = vec![T::ZERO; len];
            pairs.for_each(|(&i, &v)| dense[i as usize] = v);
            return self.step(params, &mut dense);
        }
        let mut bad: Option<usize> = None;
        for part in &mut self.parts {
            let lr = part.lr.at(self.step) * self.lr_scale;
            let found = part.chain.step_sparse(params, &grads.indices, &grads.values, self.step, lr);
            bad = bad.into_iter().chain(found).min();
        }
        self.finish(bad)
    }

    /// After sparse steps: moves every parameter to where dense steps had brought it. Before evaluating, saving or predicting
    /// with the parameters, and before [`visit`](Optimizer::visit) saves the state. Costs a pass where momentum is involved.
    pub fn settle(&mut self, params: &mut [T]) {
        self.parts.iter_mut().for_each(|p| p.chain.settle(params, self.step));
    }

    /// Whether the next step needs an estimate of the Hessian's diagonal, given by [`curvature`](Optimizer::curvature).
    pub fn wants_curvature(&self) -> bool {
        !self.has_curvature && self.curvature_every().is_some_and(|every| self.step.is_multiple_of(every))
    }

    /// Steps between two estimates of curvature; `None` for rules that want none.
    pub fn curvature_every(&self) -> Option<u64> {
        self.parts.iter().find_map(|p| p.chain.curvature()).map(|c| c.every)
    }

    /// Gives an estimate of the diagonal of the Hessian at the current parameters, for rules such as `sophia`: Hutchinson's
    /// z ∘ Hz with random signs z, or the Gauss–Newton–Bartlett estimate.
    ///
    /// # Errors
    /// A wrong length, values that are not finite, or a rule that has no use for it.
    pub fn curvature(&mut self, diagonal: &[T]) -> Result<(), StepError> {
        self.check(self.layout.len(), diagonal.len())?;
        if self.curvature_every().is_none() {
            let rule = self.parts.first().map_or(String::new(), |p| p.rule.clone());
            let why = "has no use for curvature; `sophia` has".into();
            return Err(StepError::Refused { step: self.step + 1, rule, why });
        }
        if let Some(i) = first_non_finite(diagonal) {
            return Err(self.non_finite(i, diagonal[i]));
        }
        self.parts.iter_mut().for_each(|p| p.chain.average_curvature(diagonal));
        self.has_curvature = true;
        Ok(())
    }

    fn lacks_curvature(&self) -> StepError {
        let rule = self.parts.first().map_or(String::new(), |p| p.rule.clone());
        let why = "needs an estimate of the Hessian's diagonal before this step: call `curvature` first, or let a solver that can \
                   ask for gradients at other points run it";
        StepError::Refused { step: self.step + 1, rule, why: why.into() }
    }

    fn check(&self, params: usize, grads: usize) -> Result<(), StepError> {
        let expected = self.layout.len();
        if params != expected || grads != expected {
            return Err(StepError::Length { expected, params, grads });
        }
        Ok(())
    }

    fn non_finite(&self, i: usize, value: T) -> StepError {
        let cause = NonFinite::Gradient { element: self.layout.describe(i), value: value.to_f64() };
        StepError::NonFinite { step: self.step + 1, cause }
    }

    /// Counts the step; `bad` is an element whose update was not finite.
    fn finish(&mut self, bad: Option<usize>) -> Result<StepInfo, StepError> {
        self.step += 1;
        self.has_curvature = false;
        match bad {
            None => Ok(StepInfo { step: self.step, lr: Some(self.lr_of(self.step - 1)), ..StepInfo::default() }),
            Some(i) => {
                let cause = NonFinite::Parameter { element: self.layout.describe(i), value: f64::NAN };
                Err(StepError::NonFinite { step: self.step, cause })
            }
        }
    }

    fn lr_of(&self, step: u64) -> f64 {
        self.parts.first().map_or(0.0, |p| p.lr.at(step) * self.lr_scale)
    }

    /// The learning rate of the next step.
    pub fn lr(&self) -> f64 {
        self.lr_of(self.step)
    }

    /// Multiplies every learning rate from now on; 1 at the start. What a monitor does; part of the state.
    pub fn set_lr_scale(&mut self, scale: f64) {
        self.lr_scale = scale;
    }

    /// What multiplies every learning rate.
    pub fn lr_scale(&self) -> f64 {
        self.lr_scale
    }

    /// The number of completed updates.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The tensors.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Bytes of state.
    pub fn state_bytes(&self) -> usize {
        self.parts.iter().map(|p| p.chain.state_bytes()).sum()
    }

    /// Writes the parameters to evaluate, save and predict with: `params` themselves, or their average where the chain
    /// has one. Returns whether they differ.
    pub fn eval_point(&mut self, params: &[T], out: &mut [T]) -> bool {
        out.copy_from_slice(params);
        let averages = self.averages();
        if averages && self.step > 0 {
            self.parts.iter_mut().for_each(|p| p.chain.evaluate(out));
        }
        averages
    }

    /// Whether the point to evaluate at may differ from the parameters.
    pub fn averages(&self) -> bool {
        self.parts.iter().any(|p| p.chain.averages())
    }

    /// A number of the rule's state by its name, such as `prodigy.d`.
    pub fn scalar(&self, name: &str) -> Option<f64> {
        self.parts.iter().find_map(|p| p.chain.scalar(name))
    }

    /// Shows the state: `step`, `lr_scale`, vectors as `rule.symbol/tensor`, numbers as `rule.symbol`.
    pub fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.int("step", &mut self.step);
        state.number("lr_scale", &mut self.lr_scale);
        for (i, part) in self.parts.iter_mut().enumerate() {
            let prefix = if i == 0 { String::new() } else { format!("part{i}.") };
            part.chain.visit(&prefix, state);
        }
    }

    /// Runs with another instruction set: the same bits at another speed. For tests and measurements.
    pub fn set_isa(&mut self, isa: Isa) {
        self.parts.iter_mut().for_each(|p| p.chain.set_isa(isa));
    }
}
