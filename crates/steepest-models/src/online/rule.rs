//! The rules of online learning: names, options and defaults, and their texts.

use steepest_optim::{Call, Entry, Kind, OptionSpec, Spec, SpecError, suggest};

use crate::linear::{LinearProblem, rows};

/// How a row changes the weights; equations in the [module](super).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OnlineRule {
    /// Online gradient descent.
    Sgd {
        /// η > 0.
        lr: f64,
        /// p ≥ 0: the rate of row t is ηt⁻ᵖ.
        power: f64,
        /// R > 0, the radius of the ball that the parameters stay in; `None`: everywhere.
        radius: Option<f64>,
    },
    /// A rate for each weight, by the gradients it has had.
    AdaGrad {
        /// η > 0.
        lr: f64,
        /// ε ≥ 0.
        eps: f64,
    },
    /// Adaptive and invariant to the scales of the features.
    Normalized {
        /// η > 0.
        lr: f64,
    },
    /// Follow the regularized leader, with proximal terms.
    Ftrl {
        /// α > 0.
        alpha: f64,
        /// β ≥ 0.
        beta: f64,
        /// λ₁ ≥ 0, against the sums of gradients: it does not grow with the rows.
        l1: f64,
        /// λ₂ ≥ 0.
        l2: f64,
    },
}

const fn entry(
    name: &'static str,
    title: &'static str,
    equation: &'static str,
    options: &'static [OptionSpec],
    positional: &'static [&'static str],
    slots: usize,
    source: &'static str,
) -> Entry {
    // The learning rate is one of the options: these rules belong to no chain.
    Entry { name, kind: Kind::Stage, title, equation, options, positional, slots, lr: None, source }
}

/// The rules with their options: what texts may say, and what messages suggest.
pub const ONLINE_RULES: &[Entry] = &[
    entry(
        "sgd",
        "Online gradient descent",
        "w ← Π(w − ηt^(−power) g), Π into the ball of the radius",
        &[
            OptionSpec::positive("lr", Some(0.5), "η; from the first rows where it is left out"),
            OptionSpec::non_negative(
                "power",
                0.5,
                "how fast the rate falls; ½ for convex losses, 1 for strongly convex ones",
            ),
            OptionSpec::non_negative("radius", 0.0, "the ball that the parameters stay in; 0 for none"),
        ],
        &["lr"],
        0,
        "Zinkevich, 2003, ICML",
    ),
    entry(
        "adagrad",
        "A rate for each weight, by the gradients it has had",
        "G ← G + g², w ← w − ηg/(√G + ε)",
        &[
            OptionSpec::positive("lr", Some(0.1), "η; from the first rows where it is left out"),
            OptionSpec::non_negative("eps", 1e-10, "ε"),
        ],
        &["lr"],
        1,
        "Duchi, Hazan and Singer, 2011, JMLR 12",
    ),
    entry(
        "normalized",
        "Adaptive and invariant to the scales of the features (the paper's NAG)",
        "s ← max(s, |x|), w ← w·s_old/s, G ← G + g², w ← w − η√(t/N)·g/(s√G), N ← N + Σ(x/s)²",
        &[OptionSpec::positive("lr", Some(0.5), "η")],
        &["lr"],
        3,
        "Ross, Mineiro and Langford, 2013, arXiv:1305.6646, algorithm 2",
    ),
    entry(
        "ftrl",
        "FTRL-Proximal: follow the regularized leader; L1 leaves few weights",
        "z ← z + g − (√(n+g²) − √n)/α·w, n ← n + g², w = −(z − sign(z)λ₁)/((β+√n)/α + λ₂), 0 for |z| ≤ λ₁",
        &[
            OptionSpec::positive("lr", Some(0.1), "α, the rate"),
            OptionSpec::non_negative("l1", 0.0, "λ₁ of λ₁‖w‖₁, once for all rows; gives exact zeros"),
            OptionSpec::non_negative("l2", 0.0, "λ₂ of ½λ₂‖w‖², once for all rows"),
            OptionSpec::non_negative("beta", 1.0, "β: the first steps are at most α/β times the gradient"),
        ],
        &["lr", "l1"],
        2,
        "McMahan et al., 2013, KDD, doi:10.1145/2487575.2488200",
    ),
];

/// A rule as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnlineSpec {
    /// The rule.
    pub rule: OnlineRule,
    /// Whether its learning rate was written; else it is the default, and [`OnlineRule::suited_to`] knows a better one.
    pub rate_given: bool,
}

impl OnlineRule {
    /// Reads `NAME:key=value,…`.
    ///
    /// ```
    /// use steepest_models::online::OnlineRule;
    /// let spec = OnlineRule::parse("sgd:0.3,radius=2")?;
    /// assert_eq!(spec.rule, OnlineRule::Sgd { lr: 0.3, power: 0.5, radius: Some(2.0) });
    /// assert!(OnlineRule::parse("ftlr").unwrap_err().to_string().contains("did you mean `ftrl`"));
    /// # Ok::<(), steepest_optim::SpecError>(())
    /// ```
    ///
    /// # Errors
    /// [`SpecError`], with the column and what was expected.
    pub fn parse(text: &str) -> Result<OnlineSpec, SpecError> {
        let spec: Spec = text.parse()?;
        let [call] = &spec.calls[..] else {
            let why = "a rule that learns row by row is no chain; write one name with its options".into();
            return Err(SpecError::Refused { column: spec.calls.get(1).map_or(1, |c| c.column), why });
        };
        let entry = ONLINE_RULES.iter().find(|e| e.name == call.name).ok_or_else(|| unknown(call))?;
        let options = call.resolve_as(entry)?;
        let number = |key| options.number(key);
        let rule = match entry.name {
            "sgd" => {
                let radius = Some(number("radius")).filter(|r| *r > 0.0);
                OnlineRule::Sgd { lr: number("lr"), power: number("power"), radius }
            }
            "adagrad" => OnlineRule::AdaGrad { lr: number("lr"), eps: number("eps") },
            "normalized" => OnlineRule::Normalized { lr: number("lr") },
            _ => {
                let [alpha, beta, l1, l2] = ["lr", "beta", "l1", "l2"].map(number);
                OnlineRule::Ftrl { alpha, beta, l1, l2 }
            }
        };
        let rate_given = call.args.iter().any(|a| a.key.as_deref().is_none_or(|k| k == "lr"));
        Ok(OnlineSpec { rule, rate_given })
    }

    /// The rule with a learning rate that suits these rows, and the reason; the rule as it is where its rate has no units. `sgd`
    /// begins at 1/(σR²), σ the smoothness of the loss and R the norm of a row, `adagrad` at half the unit of a margin over R.
    pub fn suited_to(self, problem: &LinearProblem) -> (OnlineRule, Option<String>) {
        match self {
            OnlineRule::Sgd { power, radius, .. } => {
                let (lr, why) = rows::automatic_rate(problem, rows::RowRule::Sgd);
                (OnlineRule::Sgd { lr, power, radius }, Some(why))
            }
            OnlineRule::AdaGrad { eps, .. } => {
                let (lr, why) = rows::automatic_rate(problem, rows::RowRule::AdaGrad { eps, initial: 0.0 });
                (OnlineRule::AdaGrad { lr, eps }, Some(why))
            }
            OnlineRule::Normalized { .. } | OnlineRule::Ftrl { .. } => (self, None),
        }
    }

    /// Numbers of a cell.
    pub(super) fn stride(self) -> usize {
        match self {
            OnlineRule::Sgd { .. } => 1,
            OnlineRule::AdaGrad { .. } | OnlineRule::Ftrl { .. } => 2,
            // Weight, sum of squares, scale; three would make some cells straddle two cache lines.
            OnlineRule::Normalized { .. } => 4,
        }
    }
}

impl std::fmt::Display for OnlineRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OnlineRule::Sgd { lr, power, radius } => {
                write!(f, "sgd:lr={lr},power={power}")?;
                radius.map_or(Ok(()), |r| write!(f, ",radius={r}"))
            }
            OnlineRule::AdaGrad { lr, eps } => write!(f, "adagrad:lr={lr},eps={eps:e}"),
            OnlineRule::Normalized { lr } => write!(f, "normalized:lr={lr}"),
            OnlineRule::Ftrl { alpha, beta, l1, l2 } => write!(f, "ftrl:lr={alpha},beta={beta},l1={l1},l2={l2}"),
        }
    }
}

fn unknown(call: &Call) -> SpecError {
    let names: Vec<_> = ONLINE_RULES.iter().map(|e| e.name).collect();
    let meant = suggest(&call.name, names.iter().copied());
    SpecError::UnknownName { column: call.column, name: call.name.clone(), meant, names }
}
