//! The head of the page: what came out, in a sentence and a few numbers.

use super::html::{clipped, words};
use crate::plot::escape;
use crate::plot::number::{count, duration, significant};
use crate::run::{Run, number};
use serde_json::Value;
use steepest_core::Reason;

/// Metrics by their rank as the one number of a model; the others follow in their own order.
const RANK: [&str; 12] = [
    "accuracy",
    "auc",
    "f1",
    "log_loss",
    "r2",
    "rmse",
    "mae",
    "deviance",
    "balanced_accuracy",
    "brier",
    "hinge",
    "loss",
];

/// The title, the sentences and the key numbers. The `header` element is left open for the links.
pub(super) fn header(run: &Run) -> String {
    let mut out = String::from("<header class=\"top\">\n<p class=\"kicker\">steepest · run report</p>\n");
    out += &format!("<h1>{}</h1>\n", escape(&title(run)));
    let (class, verdict) = verdict(run);
    if !verdict.is_empty() {
        out += &format!("<p class=\"lede\"><span class=\"state {class}\">{}</span></p>\n", escape(&verdict));
    }
    let sentences = sentences(run);
    if !sentences.is_empty() {
        out += &format!("<p class=\"lede\">{}</p>\n", escape(&sentences.join(" ")));
    }
    let keys = key_numbers(run);
    if !keys.is_empty() {
        let items: String = keys
            .iter()
            .map(|(name, value)| format!("<li><b>{}</b><span>{}</span></li>\n", escape(value), escape(name)))
            .collect();
        out += &format!("<ul class=\"key\">\n{items}</ul>\n");
    }
    out
}

fn title(run: &Run) -> String {
    let name = clipped(&run.name(), 120);
    match run.text(&["task"]) {
        Some(task) => format!("{name}: {}", clipped(&task_words(task), 60)),
        None => name,
    }
}

/// A task as a person would say it.
fn task_words(task: &str) -> String {
    match task {
        "binary" => "binary classification".into(),
        "multiclass" => "classification into several classes".into(),
        "counts" | "count" => "regression of counts".into(),
        _ => task.replace('_', " "),
    }
}

/// The reason of the end, if it is one this version knows.
fn reason(run: &Run) -> Option<Reason> {
    Reason::from_name(run.text(&["termination", "reason"])?)
}

/// A certified relative gap above this is no good news.
const NEAR: f64 = 0.01;

/// Whether it went well, in a few words.
fn verdict(run: &Run) -> (&'static str, String) {
    let certified = run.number(&["certificate", "relative"]).filter(|r| r.is_finite());
    let known = reason(run);
    match known {
        Some(
            failed @ (Reason::Diverged
            | Reason::LineSearchFailed
            | Reason::Stalled
            | Reason::Unbounded
            | Reason::Saddle),
        ) => ("bad", format!("Not reached: {}", ending(failed))),
        Some(Reason::Interrupted) => ("bad", "Interrupted before its end".into()),
        _ => match certified {
            Some(r) if r <= NEAR => {
                ("good", format!("Certified within {} of the optimum (relative)", significant(r, 2)))
            }
            Some(r) => {
                ("", format!("Not shown to be near the optimum: the certified relative gap is {}", significant(r, 2)))
            }
            None if run.summary.is_some() => ("", "Without a certificate of optimality".into()),
            None => ("bad", "Unfinished: no summary was written".into()),
        },
    }
}

/// What a reason means.
fn ending(reason: Reason) -> &'static str {
    match reason {
        Reason::GradientNorm => "the norm of the gradient fell below its tolerance",
        Reason::ValueChange => "the objective changed by less than its tolerance",
        Reason::ParameterChange => "the parameters changed by less than their tolerance",
        Reason::CertifiedGap => "the certified gap fell below its tolerance",
        Reason::EarlyStopping => "the validation metric improved no more",
        Reason::Completed => "all steps asked for were done",
        Reason::MaxEvals => "the limit of evaluations was reached",
        Reason::MaxSeconds => "the limit of time was reached",
        Reason::Diverged => "the run diverged",
        Reason::LineSearchFailed => "the line search found no acceptable step",
        Reason::Stalled => "nothing improved any more, although no tolerance was met",
        Reason::Unbounded => "the objective falls without limit",
        Reason::Saddle => "the run ended on a saddle",
        Reason::Interrupted => "it was asked to stop",
    }
}

fn sentences(run: &Run) -> Vec<String> {
    let mut out = Vec::new();
    let metrics = best_metrics(run);
    if let Some((split, metrics)) = &metrics {
        let list: Vec<String> =
            metrics.iter().take(3).map(|(name, v)| format!("{} {}", words(name), significant(*v, 4))).collect();
        let rows = run.number(&["rows", split]).map(|n| format!(" on {} rows", count(n as u64))).unwrap_or_default();
        out.push(format!("{}{rows}: {}.", split_words(split), list.join(", ")));
    }
    let steps = run.number(&["steps"]).map(|n| format!(" after {} steps", count(n as u64))).unwrap_or_default();
    let steps = if steps == " after 1 steps" { " after 1 step".to_string() } else { steps };
    let run_words =
        run.text(&["solver"]).map_or("The run".to_string(), |s| format!("With {}, the run", clipped(s, 120)));
    // A short cause stands behind what happened, a long one in a sentence of its own.
    let detail = run.text(&["termination", "detail"]).map(|d| clipped(d.trim(), 600));
    let short = detail.as_deref().filter(|d| d.len() <= 100 && !d.contains(['.', ';', '(']) || d.len() <= 60);
    if let Some(name) = run.text(&["termination", "reason"]) {
        let why = reason(run).map_or_else(|| words(name), |r| ending(r).to_string());
        let cause = short.map(|d| format!(" ({d})")).unwrap_or_default();
        out.push(format!("{run_words} ended{steps}: {why}{cause}."));
    }
    if let Some(detail) = detail.as_deref().filter(|_| short.is_none()) {
        out.push(sentence(detail));
    }
    match (run.text(&["certificate", "kind"]), run.text(&["certificate", "reason"])) {
        (Some("none"), Some(why)) => {
            let why = clipped(why, 400);
            let why = why.strip_prefix("no certificate: ").unwrap_or(&why).to_string();
            out.push(sentence(&format!("There is no certificate: {why}")));
        }
        (Some(kind), _) if kind != "none" => {
            if let Some(gap) = run.number(&["certificate", "gap"]) {
                let how = match kind {
                    "duality_gap" => "the duality gap",
                    "strong_convexity" => "the gradient and the known strong convexity",
                    "quadratic" => "the exact gap of a quadratic",
                    _ => kind,
                };
                out.push(format!(
                    "The objective is at most {} above its minimum, proved by {how}.",
                    significant(gap, 2)
                ));
            }
        }
        _ => {}
    }
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn sentence(text: &str) -> String {
    let text = capital(text.trim());
    if text.ends_with(['.', '!', '?', '…']) { text } else { format!("{text}.") }
}

fn split_words(split: &str) -> &'static str {
    match split {
        "test" => "Test",
        "valid" => "Validation",
        _ => "Training",
    }
}

/// The metrics of the first split that has any of test, validation and training, the most telling first.
fn best_metrics(run: &Run) -> Option<(&'static str, Vec<(String, f64)>)> {
    ["test", "valid", "train"].into_iter().find_map(|split| {
        let from_summary = run.told(&["metrics", split]);
        let from_evaluation = run.evaluation.as_ref().and_then(|e| e.get(split)?.get("metrics"));
        let metrics = from_summary.or(from_evaluation).and_then(Value::as_object)?;
        let mut list: Vec<(String, f64)> =
            metrics.iter().filter_map(|(name, v)| Some((name.clone(), number(v)?))).collect();
        list.sort_by_key(|(name, _)| RANK.iter().position(|r| r == name).unwrap_or(RANK.len()));
        (!list.is_empty()).then_some((split, list))
    })
}

fn key_numbers(run: &Run) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if let Some((split, metrics)) = best_metrics(run) {
        for (name, v) in metrics.iter().take(3) {
            out.push((format!("{} {}", split_words(split).to_lowercase(), words(name)), significant(*v, 3)));
        }
    }
    if let Some(gap) = run.number(&["certificate", "relative"]) {
        out.push(("certified relative gap".into(), significant(gap, 2)));
    }
    if let Some(steps) = run.number(&["steps"]) {
        out.push(("steps".into(), count(steps.max(0.0) as u64)));
    }
    if let Some(seconds) = run.number(&["seconds", "total"]) {
        out.push(("in all".into(), duration(seconds)));
    }
    out
}
