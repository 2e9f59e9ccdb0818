//! The optimizer: chains bound to a layout, with learning rates and groups. Its face is `optimizer.step(&mut x, &mut g)`.

use steepest_core::{Layout, NonFinite, Real, Role, Segment, StateVisitor, StepInfo, first_non_finite, isa::Isa};
use thiserror::Error;

use crate::{
    chain::ChainRun,
    groups::GroupSpec,
    link::{IntoChain, Link, Place, Work},
    precision::Moments,
    registry::{self, Kind},
    schedule::{Schedule, ScheduleError},
    segment_rules::is_matrix,
    spec::{self, Arg, Spec, SpecError},
    stage::{Cut, Group},
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
struct Part<T: Real> {
    chain: ChainRun<T>,
    lr: Schedule,
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
}

/// How an optimizer is made: a rule, groups, and what the rule's text leaves open.
#[derive(Debug, Clone)]
pub struct OptimizerSpec {
    /// The chain.
    pub rule: Spec,
    /// Tensors that are treated differently; the first that matches counts.
    pub groups: Vec<GroupSpec>,
    /// The learning rate, where the chain names none; by default that of the rule.
    pub lr: Option<Schedule>,
    /// Number of steps of the run, for schedules that need to know it.
    pub horizon: Option<u64>,
    /// Seed of what is random in the rule.
    pub seed: u64,
}

impl OptimizerSpec {
    /// Reads `CHAIN ; on … set … ; on … use …`.
    ///
    /// # Errors
    /// [`SpecError`], with the column and what was expected.
    pub fn parse(text: &str) -> Result<OptimizerSpec, SpecError> {
        let (rule, groups) = GroupSpec::split(text)?;
        Ok(OptimizerSpec { rule, groups, lr: None, horizon: None, seed: 0 })
    }

    /// The schedule given beside the chain, by a flag or a key named `origin`: a rate, a shape without a rate (that of the
    /// chain or the rule's default is its peak), or both.
    ///
    /// # Errors
    /// [`SpecError::RateTwice`] if the chain has a schedule, or both have a rate.
    pub fn with_lr(mut self, lr: Schedule, origin: &str) -> Result<OptimizerSpec, SpecError> {
        for arg in self.rule.calls.iter().filter_map(|c| c.get("lr")) {
            let constant = Schedule::parse(&arg.value).is_ok_and(|s| s.is_constant());
            if !constant || lr.peak().is_some() {
                return Err(SpecError::RateTwice { text: self.rule.to_string(), other: origin.into() });
            }
        }
        self.lr = Some(lr);
        Ok(self)
    }

    /// The number of steps of the run, for schedules that refer to it.
    #[must_use]
    pub fn with_horizon(mut self, steps: u64) -> OptimizerSpec {
        self.horizon = Some(steps);
        self
    }

    /// The optimizer for these tensors.
    ///
    /// # Errors
    /// [`SpecError`], with the column and what was expected.
    pub fn build<T: Real>(&self, layout: &Layout) -> Result<Optimizer<T>, SpecError> {
        let mut parts = Vec::new();
        let main = Plan::<T>::new(&self.rule, self)?;
        let taken = |segment: &Segment| {
            self.groups.iter().position(|g| g.matches(segment)).filter(|&i| self.groups[i].rule.is_some())
        };
        for (i, group) in self.groups.iter().enumerate() {
            if let Some(rule) = &group.rule {
                let plan = Plan::<T>::new(rule, self)?;
                parts.push(plan.bind(layout, &[], self.seed, |s| taken(s) == Some(i)));
            }
        }
        // Rules for matrices leave the other tensors to AdamW, with the same rate and decay.
        let matrices_only = self.rule.calls.iter().find(|c| MATRIX_RULES.contains(&c.name.as_str()));
        if let Some(call) = matrices_only {
            let adamw = Plan::<T>::new(&self.fallback(call), self)?;
            parts.insert(0, adamw.bind(layout, &self.groups, self.seed, |s| taken(s).is_none() && !is_matrix(s)));
        }
        let fits = |s: &Segment| matrices_only.is_none() || is_matrix(s);
        parts.insert(0, main.bind(layout, &self.groups, self.seed, |s| taken(s).is_none() && fits(s)));
        parts.retain(|p| p.chain.len() > 0 || layout.is_empty());
        Ok(Optimizer { layout: layout.clone(), parts, step: 0, lr_scale: 1.0, on_non_finite: OnNonFinite::default() })
    }
}

/// Rules that are made for matrices.
const MATRIX_RULES: [&str; 2] = ["muon", "shampoo"];

impl OptimizerSpec {
    /// What the tensors take that a rule for matrices cannot.
    fn fallback(&self, call: &spec::Call) -> Spec {
        let keep = |a: &&Arg| matches!(a.key.as_deref(), Some("lr" | "weight_decay" | "decay" | "moments") | None);
        let mut args: Vec<Arg> = call.args.iter().filter(keep).cloned().collect();
        if call.get("weight_decay").is_none() {
            let default = registry::entry(&call.name).and_then(|e| e.options.iter().find(|o| o.key == "weight_decay"));
            let value = default.and_then(|o| o.default).map_or("0".into(), |v| v.to_string());
            args.push(Arg { key: Some("weight_decay".into()), value, column: call.column });
        }
        let adamw = spec::Call { name: "adamw".into(), args, column: call.column };
        let others = |c: &spec::Call| if c.name == call.name { adamw.clone() } else { c.clone() };
        Spec { calls: self.rule.calls.iter().map(others).collect() }
    }
}

/// A chain that is read but not yet bound.
struct Plan<T: Real> {
    links: Vec<Link<T>>,
    lr: Schedule,
    moments: Moments,
    /// Whether biases and norms decay too.
    decay_all: bool,
}

impl<T: Real> Plan<T> {
    fn new(rule: &Spec, whole: &OptimizerSpec) -> Result<Plan<T>, SpecError> {
        let mut plan =
            Plan { links: Vec::new(), lr: Schedule::constant(1.0), moments: Moments::Full, decay_all: false };
        let (mut lr, mut default_lr): (Option<Arg>, Option<f64>) = (None, None);
        for call in &rule.calls {
            let column = call.column;
            let entry = spec::find(call)?;
            if entry.kind == Kind::Wrapper {
                let why = format!(
                    "`{}` asks for two gradients a step: it stands first in the chain, and a solver runs it",
                    call.name
                );
                return Err(SpecError::Refused { column, why });
            }
            let (options, keys) = spec::resolve(call, entry)?;
            if let Some(given) = keys.lr {
                if lr.is_some() {
                    return Err(SpecError::SecondRate { column: given.column });
                }
                lr = Some(given);
            }
            if entry.kind == Kind::Optimizer {
                default_lr = default_lr.or(entry.lr);
            }
            if let Some(arg) = keys.moments {
                plan.moments = Moments::from_name(&arg.value)
                    .ok_or_else(|| word(call, "moments", &arg, &Moments::ALL.map(|m| m.0)))?;
            }
            if let Some(arg) = keys.decay {
                let words = ["weights", "all"];
                let at = words.iter().position(|w| *w == arg.value).ok_or_else(|| word(call, "decay", &arg, &words))?;
                plan.decay_all = at == 1;
            }
            let row = registry::rows::<T>().iter().find(|row| row.0.name == entry.name);
            let links = row.map(|row| row.1(&options)).unwrap_or_default();
            for link in links {
                plan.push(link, column)?;
            }
        }
        plan.lr = match (lr, &whole.lr, default_lr) {
            (Some(arg), flag, _) => {
                let at = |why: ScheduleError| SpecError::Schedule { column: arg.column, why: why.to_string() };
                let own = Schedule::parse(&arg.value).map_err(at)?;
                match (flag, own.peak()) {
                    (None, _) => own.or_peak(default_lr.unwrap_or(1.0)).with_horizon(whole.horizon).map_err(at)?,
                    // A shape by a flag and the rate in the chain belong together; two shapes or two rates do not.
                    (Some(shape), Some(peak)) if own.is_constant() && shape.peak().is_none() => {
                        shape.clone().or_peak(peak)
                    }
                    (Some(_), _) => {
                        return Err(SpecError::RateTwice { text: rule.to_string(), other: "another setting".into() });
                    }
                }
            }
            (None, Some(lr), default) => lr.clone().or_peak(default.unwrap_or(1.0)),
            (None, None, Some(lr)) => Schedule::constant(lr),
            (None, None, None) => {
                return Err(SpecError::Refused {
                    column: 1,
                    why: format!(
                        "`{rule}` has no optimizer in it, so there is no learning rate; add one, for example `sgd:lr=0.1 | {rule}`"
                    ),
                });
            }
        };
        let needs = |why: ScheduleError| SpecError::Schedule { column: 1, why: why.to_string() };
        plan.lr = plan.lr.with_horizon(whole.horizon).map_err(needs)?;
        Ok(plan)
    }

    fn push(&mut self, link: Link<T>, column: usize) -> Result<(), SpecError> {
        let refuse = |why: &str| Err(SpecError::Refused { column, why: why.into() });
        let applied = self.links.iter().any(|l| l.place == Place::Applies);
        let after = self.links.iter().any(|l| l.place == Place::After);
        let spills = |(i, l): (usize, &Link<T>)| match &l.work {
            Work::Segments(_) => true,
            Work::Lanes(unit) => i > 0 && unit.cut() != Cut::None,
        };
        let spilled = self.links.iter().enumerate().any(spills);
        let uses_gradient = matches!(&link.work, Work::Lanes(unit) if unit.uses_gradient());
        match link.place {
            Place::Applies if applied => refuse("two rules of the chain apply the learning rate themselves"),
            _ if spilled && uses_gradient => refuse(
                "this stage compares the update with the gradient, which a tensor rule or a norm in the middle of the chain has overwritten; put it before them",
            ),
            Place::Before | Place::Applies if after => {
                refuse("averages and look-ahead come last, behind everything that changes the update")
            }
            _ => {
                self.links.push(link);
                Ok(())
            }
        }
    }

    fn bind(self, layout: &Layout, specs: &[GroupSpec], seed: u64, takes: impl Fn(&Segment) -> bool) -> Part<T> {
        let exempt = |s: &Segment| !self.decay_all && matches!(s.role, Role::Bias | Role::Norm);
        let settings = |s: &Segment| {
            let spec = specs.iter().find(|g| g.matches(s));
            let usual = if exempt(s) { 0.0 } else { 1.0 };
            let decay_factor = spec.and_then(|g| g.decay_factor).unwrap_or(usual);
            Group { lr_factor: spec.map_or(1.0, |g| g.lr_factor), decay_factor }
        };
        let mut groups: Vec<Group> = Vec::new();
        for segment in layout.segments().iter().filter(|s| takes(s)) {
            let group = settings(segment);
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        let group_of = |s: &Segment| groups.iter().position(|g| takes(s) && *g == settings(s));
        let chain = ChainRun::new(self.links, layout, groups.clone(), group_of, self.moments, seed);
        Part { chain, lr: self.lr }
    }
}

fn word(call: &spec::Call, key: &str, arg: &Arg, words: &[&str]) -> SpecError {
    SpecError::BadValue {
        column: arg.column,
        rule: call.name.clone(),
        key: key.into(),
        value: arg.value.clone(),
        expected: format!("one of {}", words.join(", ")),
    }
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
        let plan = Plan { links: links.into_chain(), lr, moments: Moments::Full, decay_all: false };
        let part = plan.bind(layout, &[], 0, |_| true);
        Optimizer {
            layout: layout.clone(),
            parts: vec![part],
            step: 0,
            lr_scale: 1.0,
            on_non_finite: OnNonFinite::default(),
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
        let expected = self.layout.len();
        if params.len() != expected || grads.len() != expected {
            return Err(StepError::Length { expected, params: params.len(), grads: grads.len() });
        }
        if self.on_non_finite == OnNonFinite::Refuse
            && let Some(i) = first_non_finite(grads)
        {
            let cause = NonFinite::Gradient { element: self.layout.describe(i), value: grads[i].to_f64() };
            return Err(StepError::NonFinite { step: self.step + 1, cause });
        }
        let mut bad: Option<usize> = None;
        for part in &mut self.parts {
            let lr = part.lr.at(self.step) * self.lr_scale;
            let found = part.chain.step(params, grads, self.step, lr);
            bad = bad.into_iter().chain(found).min();
        }
        self.step += 1;
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
