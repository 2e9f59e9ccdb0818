//! The option `step`: which search goes with a direction, and the options that belong to it.

use steepest_optim::{OptionSpec, Range, Schedule, Value};

use super::{Choices, Setup, SolverError, TextOption};
use crate::search::{Armijo, BarzilaiBorwein, Exact, Fixed, HagerZhang, Polyak, Search, StrongWolfe, Wolfe};

/// What `step` may be.
pub const STEP_WORDS: &[&str] =
    &["default", "fixed", "exact", "armijo", "wolfe", "strong-wolfe", "hager-zhang", "barzilai-borwein", "polyak"];

/// The option `step`, with a search of the solver's own as its default.
pub(crate) const STEP: OptionSpec = OptionSpec {
    key: "step",
    default: Some(Value::Word("default")),
    range: Range::Choice(STEP_WORDS),
    doc: "how far to go: a given rate, the exact step of quadratics, a line search, Barzilai and Borwein's or Polyak's step",
};

/// f* for Polyak's step.
pub(crate) const MINIMUM: OptionSpec = OptionSpec::finite("minimum", 0.0, "the minimum value, for step=polyak");

/// The rate for fixed steps.
pub(crate) const LR: TextOption = TextOption {
    key: "lr",
    default: "",
    doc: "the rate or schedule of step=fixed, such as 0.01 or cosine(0.1,steps=500)",
};

/// The search that `step` names, or `default`. `curved`: the direction needs the curvature condition, and why it does.
pub(crate) fn step_option(
    choices: &Choices,
    setup: &Setup,
    default: &'static str,
    curved: Option<&'static str>,
) -> Result<Box<dyn Search>, SolverError> {
    let (word, lr) = (choices.word("step"), choices.text("lr"));
    let word = match (word, lr) {
        ("default", Some(_)) => "fixed",
        ("default", None) => default,
        (word, _) => word,
    };
    if lr.is_some() && word != "fixed" {
        return Err(choices.refuse(format!("takes lr only with step=fixed; step={word} finds the length itself")));
    }
    if let Some(why) = curved
        && !matches!(word, "wolfe" | "strong-wolfe" | "hager-zhang")
    {
        let text = format!(
            "needs a search that fulfils the curvature condition, since {why}; write step=wolfe, strong-wolfe or hager-zhang \
             instead of {word}"
        );
        return Err(choices.refuse(text));
    }
    Ok(match word {
        "fixed" => {
            let Some(arg) = lr else { return Err(choices.refuse("with step=fixed needs its rate, such as lr=0.01")) };
            let schedule = Schedule::parse(&arg.value).and_then(|s| s.with_horizon(setup.horizon));
            let schedule = schedule.map_err(|e| choices.refuse(format!("cannot use lr={}: {e}", arg.value)))?;
            if schedule.peak().is_none_or(|p| p <= 0.0) {
                return Err(choices.refuse(format!("needs a rate > 0 in lr={}", arg.value)));
            }
            Box::new(Fixed::new(schedule))
        }
        "exact" => Box::new(Exact::default()),
        "armijo" => Box::new(Armijo::default()),
        "wolfe" => Box::new(Wolfe::default()),
        "strong-wolfe" => Box::new(StrongWolfe::default()),
        "strong-wolfe-cg" => Box::new(StrongWolfe { slope: 0.1, ..StrongWolfe::default() }),
        "barzilai-borwein" => Box::new(BarzilaiBorwein::default()),
        "polyak" => Box::new(Polyak { minimum: choices.number("minimum") }),
        _ => Box::new(HagerZhang::default()),
    })
}
