//! What is told and written at the end: the model, the summary, the report.

use std::time::Instant;

use serde_json::{Value, json};
use steepest_data::{Matrix, Sparse, Task, Values};
use steepest_models::linear::{LinearProblem, Loss};
use steepest_models::online::Mark;
use steepest_train::Record;

use super::OnlineArgs;
use super::learning::Learning;
use super::saving::Saving;
use crate::failure::Failure;
use crate::model::loss_text;
use crate::results;
use crate::say::{Say, count, number, seconds};

impl Learning {
    /// Compares, writes and tells.
    pub(super) fn finish(
        self,
        args: &OnlineArgs,
        saving: &Saving,
        begun: Instant,
        interrupted: bool,
        say: &Say,
    ) -> Result<Value, Failure> {
        let rows = self.progress.rows();
        if rows == 0 {
            return Err(Failure::usage("no row has a target, so nothing was learned"));
        }
        let (total, mean) = (self.progress.total(), self.progress.mean());
        let accuracy = (self.target.task != Task::Regression).then(|| self.right as f64 / rows as f64);
        let marks = self.progress.clone().finish();
        let shown = accuracy.map_or(String::new(), |a| format!(" · accuracy {}", number(a)));
        let what = if interrupted { "stopped" } else { "learned" };
        say.line(
            what,
            &format!(
                "{} rows · {} · mean loss {}{shown}, each before it was learned",
                count(rows),
                seconds(self.seconds),
                number(mean)
            ),
        );
        let regret = self.regret(total, say);
        let model = self.model()?;
        let run = &saving.run;
        let layout = layout(model.weight.len() / self.loss.outputs(), self.loss, self.intercept);
        model.saved(&layout)?.save(run).map_err(Failure::input)?;
        let nonzero = self.learner.nonzeros();
        say.line(
            "weights",
            &format!(
                "{} features · {} weights are not 0",
                count(self.learner.features() as u64),
                count(nonzero as u64)
            ),
        );
        let next = if interrupted {
            format!("steepest online {} --resume {} …", args.data.files.join(" "), run.path().display())
        } else {
            format!("steepest predict {} NEW-DATA", run.path().display())
        };
        let mark = |m: &Mark| json!({"rows": m.rows, "mean_loss": m.mean, "recent_loss": m.recent});
        let summary = json!({
            "run": run.path().display().to_string(),
            "task": self.target.task.name(),
            "solver": format!("online {}", self.rule),
            "loss": loss_text(self.loss),
            "rows": {"learned": rows, "without_target": self.unlabelled},
            "penalty": {"l1": self.penalty.0, "l2": self.penalty.1},
            "resumed_at": saving.resumed_at,
            "predictions": args.predictions,
            "stored_values": self.stored,
            "features": {"encoded": self.learner.features(), "nonzero_weights": nonzero},
            "progressive": {"mean_loss": mean, "total_loss": total, "accuracy": accuracy, "marks": marks.iter().map(mark).collect::<Vec<_>>()},
            "regret": regret,
            "termination": {
                "reason": if interrupted { "interrupted" } else { "completed" },
                "detail": format!("one pass over {} rows", count(rows)),
            },
            "seconds": {"learn": self.seconds, "total": begun.elapsed().as_secs_f64()},
            "data": {"files": args.data.files, "warm_rows": args.warm_rows},
            "versions": {"steepest": env!("CARGO_PKG_VERSION")},
            "machine": results::machine(),
            "next": [next],
        });
        run.write("metrics.jsonl", |out| marks.iter().try_for_each(|mark| writeln!(out, "{}", record(mark).to_line())))
            .map_err(Failure::input)?;
        run.write_summary(&summary).map_err(Failure::input)?;
        let mut place = run.path().display().to_string();
        if !args.no_report {
            let report = steepest_report::write_report(run.path()).map_err(Failure::input)?;
            place += &format!(" · open {}", report.display());
        }
        say.line("run", &place);
        say.line("next", &next);
        Ok(summary)
    }

    /// What the run was made with, as text.
    pub(super) fn config(&self, args: &OnlineArgs) -> Result<String, Failure> {
        let settings = json!({"online": {
            "files": args.data.files,
            "solver": self.rule.to_string(),
            "task": self.target.task.name(),
            "loss": loss_text(self.loss),
            "l1": self.penalty.0,
            "l2": self.penalty.1,
            "intercept": if self.intercept { "free" } else { "none" },
            "warm-rows": args.warm_rows,
        }});
        let plain = toml::to_string(&settings).map_err(Failure::input)?;
        Ok(format!("# One pass of `steepest online`.\n# steepest {}\n{plain}", env!("CARGO_PKG_VERSION")))
    }
}

/// A mark as a line of the records: the mean loss so far, and since the mark before.
fn record(mark: &Mark) -> Record {
    Record { step: mark.rows, objective: Some(mark.mean), loss: Some(mark.recent), ..Record::default() }
}

/// The layout of the model that is saved.
fn layout(features: usize, loss: Loss, intercept: bool) -> steepest_core::Layout {
    let none = Sparse { rows: 0, cols: features, starts: vec![0], indices: vec![], values: Values::Ones(0) };
    let mut problem = LinearProblem::new(Matrix::Sparse(none), vec![], loss);
    problem.intercept = intercept;
    problem.layout()
}
