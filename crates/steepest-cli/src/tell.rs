//! What `fit` tells people, line by line.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use steepest_core::{Certificate, Reason};
use steepest_data::Task;
use steepest_data::read::{Input, ReadReport};
use steepest_models::linear::{LinearProblem, Loss};
use steepest_train::{Outcome, Progress, ShowProgress};

use crate::config::Choice;
use crate::options::FitOptions;
use crate::prepare::Prepared;
use crate::say::{Say, count, counted, number, seconds};
use crate::solve::{Course, Plan};

/// `data      patients.csv · 569 rows · 31 columns`.
pub fn data(say: &Say, files: &[String], input: &Input, report: &ReadReport) {
    let name = match files {
        [one] if report.files.len() == 1 => one.clone(),
        _ => format!("{} files", report.files.len()),
    };
    let shape = match input {
        Input::Table(table) => {
            let header = if report.header == Some(false) { " · no header" } else { "" };
            let (rows, columns) = (counted(table.rows as u64, "row"), counted(table.names.len() as u64, "column"));
            format!("{rows} · {columns}{header}")
        }
        Input::Rows(rows) => format!(
            "svmlight · {} · {} · {}",
            counted(rows.matrix.rows as u64, "row"),
            counted(rows.matrix.cols as u64, "feature"),
            counted(rows.matrix.values.len() as u64, "nonzero")
        ),
    };
    say.line("data", &format!("{name} · {shape}"));
}

/// The target, and how the rows were split.
pub fn split(say: &Say, prepared: &Prepared, seed: u64) {
    let target = &prepared.target;
    let mut text = format!("{} → {}", target.name, target.task.name());
    if target.task == Task::Binary {
        text += &format!(" ({} against {})", target.classes[1], target.classes[0]);
    } else if target.task == Task::Multiclass {
        text += &format!(" ({} classes)", target.classes.len());
    }
    say.line("target", &text);
    let mut text = format!("{} train", count(prepared.train.target.len() as u64));
    for (name, part) in [("valid", &prepared.valid), ("test", &prepared.test)] {
        if let Some(part) = part {
            text += &format!(" · {} {name}", count(part.target.len() as u64));
        }
    }
    if prepared.valid.is_some() || prepared.test.is_some() {
        text += &format!(" ({}, seed {seed})", prepared.how);
    }
    say.line("split", &text);
}

/// The model with what was chosen about it, and the solver with the reason.
pub fn model(say: &Say, problem: &LinearProblem, choices: &[Choice], plan: &Plan) {
    let name = match problem.loss {
        Loss::Squared => "linear regression".to_string(),
        Loss::Logistic => "logistic regression".into(),
        Loss::Softmax(k) => format!("softmax regression over {k} classes"),
        Loss::Poisson => "Poisson regression".into(),
        Loss::Huber(delta) => format!("Huber regression, delta {}", number(delta)),
        Loss::Quantile(tau) => format!("quantile regression, tau {}", number(tau)),
        Loss::Hinge => "support vector machine (hinge)".into(),
        Loss::SquaredHinge => "support vector machine (squared hinge)".into(),
    };
    let why = |what: &str| choices.iter().find(|c| c.what == what).map(|c| c.why.as_str());
    let mut text = name;
    // That classes are told apart by a logistic loss goes without saying; what folds decided does not.
    if let Some(why) = why("model.loss").filter(|why| why.contains("folds")) {
        text += &format!(" ({why})");
    }
    text += &format!(" · {}", counted(problem.features() as u64, "feature"));
    for (label, value, key) in [("l2", problem.l2, "model.l2"), ("l1", problem.l1, "model.l1")] {
        if value > 0.0 || label == "l2" {
            text += &format!(" · {label} {}", number(value));
            if let Some(why) = why(key) {
                text += &format!(" ({})", why.split(';').next().unwrap_or(why));
            }
        }
    }
    if !problem.intercept {
        text += " · no intercept";
    }
    say.line("model", &text);
    let reason = if plan.why.is_empty() { String::new() } else { format!(", since {}", plan.why) };
    let course = plan.course.as_ref();
    say.line("solver", &format!("{}{reason}{}", plan.name, course.map_or(String::new(), Course::told)));
    for choice in choices.iter().filter(|c| !c.what.starts_with("model.") && c.what != "solver.solver") {
        say.detail("chosen", &format!("{} {}: {}", choice.what, choice.value, choice.why));
    }
    if let Some(text) = course.and_then(Course::outlasted) {
        say.warning(&text);
    }
}

/// The target as the loss wants it: ±1 for losses of a margin, class indices and numbers as they are.
pub fn signed(loss: Loss, target: &[f64]) -> Vec<f64> {
    match loss {
        Loss::Logistic | Loss::Hinge | Loss::SquaredHinge => target.iter().map(|&c| 2.0 * c - 1.0).collect(),
        _ => target.to_vec(),
    }
}

/// A progress bar on a terminal; with `-v` the records as lines; nothing in a pipe.
pub fn progress(say: &Say) -> Option<ShowProgress<'static>> {
    let say = *say;
    if !say.bars() {
        return Some(Box::new(move |p: &Progress<'_>| detail(&say, p)));
    }
    let bar = ProgressBar::no_length();
    // The template is a constant; were it wrong, the default style is the better failure.
    if let Ok(style) = ProgressStyle::with_template("step {pos:<7} {msg} {wide_bar:.blue} {elapsed}") {
        bar.set_style(style);
    }
    let mut message = String::new();
    Some(Box::new(move |p: &Progress<'_>| {
        if let Some(last) = p.last_step {
            bar.set_length(last);
        }
        if let Some(record) = p.record {
            message = [
                record.objective.map(|v| format!("objective {}", number(v))),
                p.info.grad_norm.map(|v| format!("|g| {}", number(v))),
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · ");
        }
        bar.set_position(p.info.step);
        bar.set_message(message.clone());
        bar.suspend(|| detail(&say, p));
    }))
}

fn detail(say: &Say, p: &Progress<'_>) {
    let Some(record) = p.record else { return };
    let mut parts = vec![format!("{}", p.info.step)];
    let mut add = |label: &str, value: Option<f64>| {
        if let Some(value) = value {
            parts.push(format!("{label} {}", number(value)));
        }
    };
    add("objective", record.objective);
    add("|g|", record.grad_norm);
    add("lr", record.lr);
    add("gap", record.gap);
    for (split, measures) in [("train", &record.train), ("valid", &record.valid)] {
        for (name, value) in measures {
            add(&format!("{split} {name}"), Some(*value));
        }
    }
    if let Some(action) = &record.action {
        parts.push(action.clone());
    }
    say.detail("step", &parts.join(" · "));
}

/// How it ended: steps, certificate, scores, files, what to do next.
#[allow(clippy::too_many_arguments, reason = "one call that gathers what the whole command knows")]
pub fn outcome(
    say: &Say,
    outcome: &Outcome,
    summary: &Value,
    run: &Path,
    report: Option<&Path>,
    next: &[String],
    solve_seconds: f64,
) {
    let objective = summary.get("objective").and_then(Value::as_f64).unwrap_or(f64::NAN);
    let grad = outcome.last.grad_norm.map_or(String::new(), |g| format!(" · |g| {}", number(g)));
    let steps = count(outcome.step);
    say.line(&format!("step {steps}"), &format!("objective {}{grad} · {}", number(objective), seconds(solve_seconds)));
    let reason = outcome.termination.reason;
    let ended = if reason == Reason::CertifiedGap {
        String::new()
    } else {
        format!("{reason}: {} · ", outcome.termination.detail)
    };
    let proof = match &outcome.certificate {
        Certificate::Gap { kind, relative, .. } => {
            format!(
                "certified: within {} of the optimum (relative {})",
                number(*relative),
                kind.name().replace('_', " ")
            )
        }
        Certificate::None { reason } => format!("no certificate: {reason}"),
    };
    let label = if reason == Reason::Diverged { "diverged" } else { "done" };
    say.line(label, &format!("{ended}{proof}"));
    for part in ["valid", "test"] {
        if let Some(Value::Object(metrics)) = summary.pointer(&format!("/metrics/{part}")) {
            say.line(part, &headline(metrics));
        }
    }
    let place = report.map_or(String::new(), |path| format!(" · open {}", path.display()));
    say.line("run", &format!("{}{place}", run.display()));
    for command in next {
        say.line("next", command);
    }
}

/// The metrics people look at first, in the order they do.
fn headline(metrics: &serde_json::Map<String, Value>) -> String {
    let order = [
        ("accuracy", "accuracy"),
        ("auc", "AUC"),
        ("log_loss", "log loss"),
        ("f1_macro", "macro F1"),
        ("r2", "R²"),
        ("rmse", "RMSE"),
        ("mae", "MAE"),
        ("deviance", "deviance"),
    ];
    let shown =
        order.iter().filter_map(|(key, label)| Some(format!("{label} {}", number(metrics.get(*key)?.as_f64()?))));
    shown.collect::<Vec<_>>().join(" · ")
}

/// The commands that come next.
pub fn next(run: &Path, outcome: &Outcome, options: &FitOptions, tested: bool) -> Vec<String> {
    let run = run.display();
    match outcome.termination.reason {
        Reason::Diverged => vec![format!("steepest fit {} --solver auto", again(options))],
        Reason::MaxSeconds | Reason::MaxEvals => {
            vec![format!("steepest fit --out {run} --resume, with a larger budget")]
        }
        _ if tested => vec![format!("steepest predict {run} NEW-DATA")],
        _ => vec![format!("steepest evaluate {run} TEST-DATA")],
    }
}

/// The data part of the command line.
fn again(options: &FitOptions) -> String {
    let mut words = options.data.files.clone();
    if let Some(target) = &options.data.target {
        words.push(format!("--target {target}"));
    }
    words.join(" ")
}
