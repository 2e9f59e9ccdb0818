//! From a specification to an optimizer: the text's calls become links, the layout's tensors find their groups and rules.

use steepest_core::{Layout, Real, Role, Segment};

use crate::{
    chain::ChainRun,
    groups::GroupSpec,
    link::{Link, Place, Work},
    optimizer::{Optimizer, Part},
    options,
    precision::Moments,
    registry::{self, Kind},
    schedule::{Schedule, ScheduleError},
    segment_rules::is_matrix,
    spec::{self, Arg, Spec, SpecError},
    stage::{Cut, Group},
};

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
        let main = Plan::<T>::new(&self.rule, self, None)?;
        let taken = |segment: &Segment| {
            self.groups.iter().position(|g| g.matches(segment)).filter(|&i| self.groups[i].rule.is_some())
        };
        for (i, group) in self.groups.iter().enumerate() {
            if let Some(rule) = &group.rule {
                let plan = Plan::<T>::new(rule, self, None)?;
                parts.push(plan.bind(layout, &[], self.seed, |s| taken(s) == Some(i)));
            }
        }
        // Rules for matrices leave the other tensors to AdamW, with the same rate and decay.
        let matrices_only = self.rule.calls.iter().find(|c| MATRIX_RULES.contains(&c.name.as_str()));
        if let Some(call) = matrices_only {
            let lr = registry::entry(&call.name).and_then(|e| e.lr);
            let adamw = Plan::<T>::new(&self.fallback(call), self, lr)?;
            parts.insert(0, adamw.bind(layout, &self.groups, self.seed, |s| taken(s).is_none() && !is_matrix(s)));
        }
        let fits = |s: &Segment| matrices_only.is_none() || is_matrix(s);
        parts.insert(0, main.bind(layout, &self.groups, self.seed, |s| taken(s).is_none() && fits(s)));
        parts.retain(|p| p.chain.len() > 0 || layout.is_empty());
        Ok(Optimizer::of_parts(layout, parts))
    }
}

/// Rules that are made for matrices.
const MATRIX_RULES: [&str; 3] = ["muon", "shampoo", "soap"];

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
pub(crate) struct Plan<T: Real> {
    rule: String,
    links: Vec<Link<T>>,
    lr: Schedule,
    moments: Moments,
    /// Whether biases and norms decay too.
    decay_all: bool,
}

impl<T: Real> Plan<T> {
    /// Links written in Rust. Biases and norms do not decay.
    pub(crate) fn of_links(links: Vec<Link<T>>, lr: Schedule) -> Plan<T> {
        Plan { rule: "this chain".into(), links, lr, moments: Moments::Full, decay_all: false }
    }

    /// Of a rule; `default` stands for the default learning rate of its optimizer.
    fn new(rule: &Spec, whole: &OptimizerSpec, default: Option<f64>) -> Result<Plan<T>, SpecError> {
        let mut plan = Plan { rule: rule.to_string(), ..Plan::of_links(Vec::new(), Schedule::constant(1.0)) };
        let (mut lr, mut default_lr): (Option<Arg>, Option<f64>) = (None, default);
        for call in &rule.calls {
            let column = call.column;
            let entry = options::find(call)?;
            if entry.kind == Kind::Wrapper {
                let why = format!(
                    "`{}` asks for two gradients a step: it stands first in the chain, and a solver runs it",
                    call.name
                );
                return Err(SpecError::Refused { column, why });
            }
            let (options, keys) = options::resolve(call, entry)?;
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
                plan.moments =
                    Moments::from_name(&arg.value).ok_or_else(|| word(call, "moments", &arg, &Moments::NAMES))?;
            }
            if let Some(arg) = keys.decay {
                let at = registry::DECAYED.iter().position(|w| *w == arg.value);
                let at = at.ok_or_else(|| word(call, "decay", &arg, &registry::DECAYED))?;
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

    pub(crate) fn bind(
        self,
        layout: &Layout,
        specs: &[GroupSpec],
        seed: u64,
        takes: impl Fn(&Segment) -> bool,
    ) -> Part<T> {
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
        Part { chain, lr: self.lr, rule: self.rule }
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
