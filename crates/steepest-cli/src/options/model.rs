//! Flags of the model: the loss and the penalties.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::amount::Text;

/// The strength of a penalty: a number ≥ 0, or `auto` for a path with validation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "String")]
pub enum Penalty {
    /// λ.
    Value(f64),
    /// Chosen on the validation rows along a path.
    Auto,
}

impl FromStr for Penalty {
    type Err = String;

    fn from_str(text: &str) -> Result<Penalty, String> {
        match text.trim() {
            "auto" => Ok(Penalty::Auto),
            other => match other.parse::<f64>() {
                Ok(v) if v >= 0.0 && v.is_finite() => Ok(Penalty::Value(v)),
                _ => Err(format!("`{text}` is no penalty: give a number ≥ 0, or `auto`")),
            },
        }
    }
}

impl fmt::Display for Penalty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Penalty::Value(v) => write!(f, "{v}"),
            Penalty::Auto => f.write_str("auto"),
        }
    }
}

impl From<Penalty> for String {
    fn from(penalty: Penalty) -> String {
        penalty.to_string()
    }
}

impl TryFrom<Text> for Penalty {
    type Error = String;

    fn try_from(text: Text) -> Result<Penalty, String> {
        text.to_string().parse()
    }
}

/// Whether the model has an intercept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intercept {
    /// An intercept that no penalty touches.
    Free,
    /// No intercept.
    None,
}

/// Which rows the final model is fitted on after a path has chosen the penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refit {
    /// The training rows only.
    Train,
    /// Training and validation rows.
    All,
}

/// What is fitted.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[command(next_help_heading = "Model")]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ModelOptions {
    /// The model [default: linear]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The task instead of the one told from the target: binary, multiclass or regression
    #[arg(long, value_name = "TASK")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The loss: squared, huber:DELTA, quantile:TAU, poisson, logistic, softmax, hinge, squared_hinge [default: logistic or
    /// softmax for classes; for numbers squared, for counts squared or poisson, whichever predicts better in 5 folds]
    #[arg(long, value_name = "LOSS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<String>,
    /// λ₂ of the penalty (λ₂/2)‖w‖², or `auto` [default: the best of 12 around 1/n in 5 folds where
    /// the rows are few, else 1/n]
    #[arg(long, value_name = "LAMBDA")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l2: Option<Penalty>,
    /// λ₁ of the penalty λ₁‖w‖₁, or `auto` [default: 0]
    #[arg(long, value_name = "LAMBDA")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l1: Option<Penalty>,
    /// The intercept [default: free]
    #[arg(long, value_name = "KIND")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intercept: Option<Intercept>,
    /// Weights of the classes: `balanced`, or `label=weight,…`
    #[arg(long, value_name = "WEIGHTS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<String>,
    /// Which rows the final model is fitted on when a penalty is `auto` [default: train]
    #[arg(long, value_name = "ROWS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refit: Option<Refit>,
}

impl ModelOptions {
    /// Whether a penalty is to be chosen on validation rows.
    pub fn has_auto(&self) -> bool {
        [self.l2, self.l1].contains(&Some(Penalty::Auto))
    }

    pub(super) fn overridden_by(self, flags: ModelOptions) -> ModelOptions {
        ModelOptions {
            model: flags.model.or(self.model),
            task: flags.task.or(self.task),
            loss: flags.loss.or(self.loss),
            l2: flags.l2.or(self.l2),
            l1: flags.l1.or(self.l1),
            intercept: flags.intercept.or(self.intercept),
            class_weights: flags.class_weights.or(self.class_weights),
            refit: flags.refit.or(self.refit),
        }
    }
}
