//! What `fit` tells people, line by line.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use steepest_core::{Certificate, CertificateKind, Reason};
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
pub fn split(say: &Say, prepared: &Prepared, options: &FitOptions) {
    let target = &prepared.target;
    let mut text = format!("{} → {}", target.name, target.task.name());
    if target.task == Task::Binary {
        text += &format!(" ({} against {})", target.classes[1], target.classes[0]);
    } else if target.task == Task::Multiclass {
        text += &format!(" ({} classes)", target.classes.len());
    }
    say.line("target", &text);
    let mut text = format!("{} train", count(prepared.train.target.len() as u64));
    let (valid_file, test_file) = (&options.split.valid_file, &options.split.test_file);
    let parts = [("valid", &prepared.valid, valid_file.is_some()), ("test", &prepared.test, test_file.is_some())];
    let held = || parts.iter().filter_map(|(name, part, given)| Some((name, part.as_ref()?, *given)));
    let drawn = format!("{}, seed {}", prepared.how, options.run.seed.unwrap_or(0));
    let how = |given: bool| if given { "given" } else { &drawn };
    let mixed = held().any(|h| h.2) && held().any(|h| !h.2);
    for (name, part, given) in held() {
        text += &format!(" · {} {name}", count(part.target.len() as u64));
        if mixed {
            text += &format!(" ({})", how(given));
        }
    }
    if let Some((_, _, given)) = held().next().filter(|_| !mixed) {
        text += &format!(" ({})", how(given));
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
    missed: Option<&str>,
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
            format!("certified: within {} of the optimum ({})", number(*relative), how_proved(*kind))
        }
        Certificate::None { reason } => format!("no certificate: {reason}"),
    };
    let label = match (reason, missed) {
        (Reason::Diverged, _) => "diverged",
        (_, Some(_)) => "missed",
        _ => "done",
    };
    let missed = missed.map_or(String::new(), |text| format!(" · {text}"));
    say.line(label, &format!("{ended}{proof}{missed}"));
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

/// What a relative gap was proved by.
fn how_proved(kind: CertificateKind) -> &'static str {
    match kind {
        CertificateKind::DualityGap => "relative duality gap",
        CertificateKind::StrongConvexity => "relative, from strong convexity",
        CertificateKind::Quadratic => "relative, from the quadratic",
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
