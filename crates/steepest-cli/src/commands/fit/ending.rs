//! How a fit ended: whether what was asked was reached, and the command that follows.

use std::path::Path;

use steepest_core::{Certificate, Reason};
use steepest_data::shell_word;
use steepest_train::Outcome;

use crate::command::fit_command;
use crate::options::{FitOptions, SolverOptions};
use crate::say::number;

/// The ends of a fit that are judged by the gap: the solver had no more steps, or none that it could take.
fn ended_early(outcome: &Outcome, given: &FitOptions) -> bool {
    match outcome.termination.reason {
        Reason::Stalled | Reason::LineSearchFailed => true,
        // Working precision allowed no further, unless such a gradient was asked for.
        Reason::GradientNorm => given.stop.gtol.is_none(),
        // A budget that was also asked for is a reason to end.
        Reason::Completed => !given.stop.has_budget(),
        _ => false,
    }
}

/// What is left of the gap that was asked for, in `given` or by default, and what to try. `options` are the resolved ones.
pub(super) fn missed(outcome: &Outcome, given: &FitOptions, options: &FitOptions) -> Option<String> {
    if !ended_early(outcome, given) {
        return None;
    }
    match &outcome.certificate {
        Certificate::Gap { relative, .. } => {
            let asked = options.stop.gap.filter(|asked| *asked > 0.0 && *relative > *asked)?;
            // Two digits, rounded up, are a gap that the same run reaches.
            let reached = format!("{:.0e}", relative * 1.5);
            Some(format!(
                "a gap of {} was asked for and {} is left: try another --solver or a larger --l2, or take it as it is with \
                 `--gap {reached}`",
                number(asked),
                number(*relative)
            ))
        }
        Certificate::None { .. } => {
            let asked = given.stop.gap.filter(|asked| *asked > 0.0)?;
            Some(format!(
                "a gap of {} was asked for and none can be proved here: `--gtol` ends such runs instead",
                number(asked)
            ))
        }
    }
}

/// 0 when done, 1 when what was asked was not reached.
pub(super) fn exit_code(outcome: &Outcome, missed: bool) -> u8 {
    match outcome.termination.reason {
        Reason::Diverged | Reason::LineSearchFailed | Reason::Unbounded | Reason::Saddle => 1,
        _ => u8::from(missed),
    }
}

/// The commands that come next. Each can be pasted; a repetition keeps every flag but those that the remedy changes.
pub(super) fn next(run: &Path, outcome: &Outcome, given: &FitOptions, missed: bool, tested: bool) -> Vec<String> {
    let path = run.display().to_string();
    let run = shell_word(&path);
    let stop = &given.stop;
    let named = given.solver.solver.as_deref().is_some_and(|solver| solver.trim() != "auto");
    let command = match outcome.termination.reason {
        Reason::Diverged => fit_command(&by_itself(given)),
        Reason::LineSearchFailed | Reason::Stalled | Reason::Completed | Reason::GradientNorm if missed && named => {
            fit_command(&by_itself(given))
        }
        Reason::LineSearchFailed if named => fit_command(&by_itself(given)),
        Reason::MaxSeconds => {
            let seconds = stop.max_seconds.filter(|s| *s > 0.0).map_or(60.0, |s| 2.0 * s);
            format!("steepest fit --out {run} --resume --max-seconds {seconds}")
        }
        Reason::MaxEvals => {
            let evaluations = stop.max_evals.map_or(10_000, |n| n.saturating_mul(2).max(1));
            format!("steepest fit --out {run} --resume --max-evals {evaluations}")
        }
        _ if tested => format!("steepest predict {run} NEW-DATA"),
        _ => format!("steepest evaluate {run} TEST-DATA"),
    };
    vec![command]
}

/// The same fit by a solver that chooses its own steps, in a run of its own: what belongs to update rules goes.
fn by_itself(given: &FitOptions) -> FitOptions {
    let mut options = given.clone();
    options.solver = SolverOptions { solver: Some("auto".into()), ..SolverOptions::default() };
    (options.stop.epochs, options.stop.steps) = (None, None);
    options.run.out = None;
    options
}
