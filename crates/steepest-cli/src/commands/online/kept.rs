//! The rows that were learned, kept for the best fixed weights in hindsight, and the regret against these.

use serde_json::{Value, json};
use steepest_data::{Matrix, Sparse, Values};
use steepest_models::linear::{LinearProblem, Loss};
use steepest_models::online::{Comparator, Row, best_fixed};

use super::learning::Learning;
use crate::commands::fit::spread_offset;
use crate::results;
use crate::say::{Say, number};

/// The most values kept: about a gigabyte.
pub(super) const MOST_KEPT: usize = 80_000_000;
/// The gap to which the best fixed weights are certified.
const GAP: f64 = 1e-6;

/// The rows that were learned, for the best fixed weights.
#[derive(Default)]
pub(super) struct Kept {
    ends: Vec<usize>,
    indices: Vec<u32>,
    pub(super) values: Vec<f64>,
    target: Vec<f64>,
    weights: Vec<f64>,
    offset: Vec<f64>,
}

impl Kept {
    pub(super) fn push(&mut self, row: &Row<'_>) {
        self.indices.extend_from_slice(row.indices);
        self.values.extend_from_slice(row.values);
        self.ends.push(self.values.len());
        self.target.push(row.target);
        self.weights.push(row.weight);
        self.offset.push(row.offset);
    }

    /// Σ sφ/Σ s + (λ₂/2)‖w‖² with λ₂ = 1/Σs: the fit's usual penalty, which gives it one best point and a certificate.
    pub(super) fn problem(&self, features: usize, loss: Loss, intercept: bool) -> LinearProblem {
        let starts = std::iter::once(0).chain(self.ends.iter().copied()).collect();
        let values = Values::narrow(self.values.clone());
        let matrix = Sparse { rows: self.ends.len(), cols: features, starts, indices: self.indices.clone(), values };
        let mut problem = LinearProblem::new(Matrix::Sparse(matrix), self.target.clone(), loss);
        problem.weights = self.weights.iter().any(|&w| w != 1.0).then(|| self.weights.clone());
        let offset = self.offset.iter().any(|&o| o != 0.0).then(|| self.offset.clone());
        problem.offset = spread_offset(offset, loss.outputs());
        problem.intercept = intercept;
        problem.l2 = 1.0 / problem.total_weight();
        problem
    }
}

impl Learning {
    /// How much more was lost than the best fixed weights lose.
    pub(super) fn regret(&self, total: f64, say: &Say) -> Value {
        let none = |why: &str| {
            say.line("regret", &format!("not computed: {why}"));
            json!({"total": null, "why_not": why})
        };
        let kept = match &self.kept {
            Ok(kept) => kept,
            Err(why) => return none(why),
        };
        let problem = kept.problem(self.learner.features(), self.loss, self.intercept);
        let Comparator { total_loss, certificate, solver, .. } = match best_fixed(&problem, GAP) {
            Ok(found) => found,
            Err(stop) => return none(&format!("the best fixed weights were not found: {stop}")),
        };
        let (regret, rows) = (total - total_loss, problem.rows() as f64);
        let per_root = regret / rows.sqrt();
        let proof = match certificate.relative() {
            Some(gap) => format!("certified within {}", number(gap)),
            None => "without a certificate".into(),
        };
        let fixed = total_loss / problem.total_weight();
        say.line(
            "best",
            &format!(
                "fixed weights, found afterwards, lose {} · l2 {} (1/n), {}, {proof}",
                number(fixed),
                number(problem.l2),
                solver.name()
            ),
        );
        say.line(
            "regret",
            &format!("{} in all · {} a row · {} √rows", number(regret), number(regret / rows), number(per_root)),
        );
        json!({
            "total": regret,
            "per_row": regret / rows,
            "per_root_rows": per_root,
            "comparator": {
                "mean_loss": fixed,
                "total_loss": total_loss,
                "l2": problem.l2,
                "solver": solver.name(),
                "certificate": results::certificate(&certificate),
            },
        })
    }
}
