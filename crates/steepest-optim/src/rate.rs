//! What a learning rate means to a rule, so that who has data can choose one.

use crate::spec::Spec;

/// In what units a rule takes its learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RateUnit {
    /// The step is η times the gradient, `gain` times over where momentum adds it up: η is the inverse of a curvature.
    Curvature {
        /// 1/(1 − μ), or 1 without momentum.
        gain: f64,
    },
    /// Every element moves by about η a step, whatever the size of the gradient: η is a length, of which a run makes many.
    Length,
    /// The first steps have the length η in every element and later ones shrink by themselves: η is how far the solution is.
    Distance,
    /// The rule finds the scale itself, or measures steps by the parameters: its default holds for all data.
    Own,
}

/// What suits a chain on data that it does not know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needs {
    /// The unit of the learning rate.
    pub rate: RateUnit,
    /// Whether it should see all rows at every step, because it compares gradients of different steps or looks at signs alone,
    /// which for batches have another mean than that of the gradient.
    pub full_batch: bool,
    /// Whether a schedule only harms: the rule averages in its place.
    pub constant: bool,
}

impl Needs {
    /// Of the optimizer in a chain.
    ///
    /// ```
    /// use steepest_optim::{Needs, RateUnit};
    /// let needs = Needs::of(&"clip:1 | sgd:momentum=0.9".parse().unwrap());
    /// assert!(matches!(needs.rate, RateUnit::Curvature { gain } if (gain - 10.0).abs() < 1e-12));
    /// assert!(Needs::of(&"rprop".parse().unwrap()).full_batch);
    /// ```
    pub fn of(chain: &Spec) -> Needs {
        let momentum = chain.calls.iter().filter(|c| matches!(c.name.as_str(), "sgd" | "momentum"));
        let gain = momentum
            .map(|c| {
                let positional = c.args.iter().filter(|a| a.key.is_none()).nth(usize::from(c.name == "sgd"));
                let mu = c.get("momentum").or(positional).and_then(|a| a.value.parse().ok());
                1.0 / (1.0f64 - mu.unwrap_or(if c.name == "sgd" { 0.0 } else { 0.9 })).max(1e-6)
            })
            .product();
        let mut needs = Needs { rate: RateUnit::Own, full_batch: false, constant: false };
        for call in &chain.calls {
            match call.name.as_str() {
                "sgd" => needs.rate = RateUnit::Curvature { gain },
                "nesterov" => (needs.rate, needs.full_batch) = (RateUnit::Curvature { gain: 1.0 }, true),
                "adagrad" | "ftrl" => needs.rate = RateUnit::Distance,
                "rmsprop" | "adam" | "amsgrad" | "adamw" | "adamax" | "nadam" | "radam" | "lion" | "adan"
                | "ademamix" | "adopt" | "yogi" | "adabelief" | "lamb" | "muon" | "soap" | "sophia" => {
                    needs.rate = RateUnit::Length
                }
                "signsgd" => (needs.rate, needs.full_batch) = (RateUnit::Length, true),
                "rprop" => needs.full_batch = true,
                "schedule_free_sgd" | "schedule_free_adamw" => needs.constant = true,
                // The length of such a step is that of the learning rate, whatever came before.
                "sign" | "normalize" => needs.rate = RateUnit::Length,
                _ => {}
            }
        }
        needs
    }
}
