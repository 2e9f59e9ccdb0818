//! How the run went: objective, metrics, gradient, gap, learning rate, and what was done on the way.

use super::html::{Section, clipped, facts, figure, grid, paragraph, table, words};
use crate::plot::number::{count, significant};
use crate::plot::{Axis, Chart, Thinned, escape};
use crate::run::metrics::Metrics;
use crate::run::{Run, number};
use serde_json::Value;

/// Metrics of which curves are drawn.
const CURVES: usize = 8;

pub(super) fn section(run: &Run) -> Section {
    let mut content = String::new();
    if let Some(metrics) = run.metrics.as_ref().filter(|m| m.lines > 0) {
        content += &notes(metrics);
        content += &grid(&figures(metrics, run.is_online()));
        content += &actions(metrics);
    }
    content += &effort(run);
    Section { id: "training", heading: "Training", content }
}

fn notes(metrics: &Metrics) -> String {
    let mut out = String::new();
    if metrics.cut {
        out += &paragraph("note", "The last line of metrics.jsonl was cut off while it was written and is left out.");
    }
    if metrics.objective.missing() > 0 {
        let n = count(metrics.objective.missing());
        out +=
            &paragraph("note", &format!("The objective was not finite in {n} measurements; curves are broken there."));
    }
    out
}

fn values<'a>(series: impl IntoIterator<Item = &'a Thinned>) -> Vec<f64> {
    series.into_iter().filter_map(Thinned::extent).flat_map(|(lo, hi)| [lo, hi]).collect()
}

fn figures(m: &Metrics, online: bool) -> Vec<String> {
    let mut out = Vec::new();
    if online && !m.objective.is_empty() {
        let all = values([&m.objective, &m.loss]);
        let chart = Chart::new("Mean loss", Axis::whole("rows"), Axis::fitting("mean loss", all))
            .series("of all rows so far", &m.objective)
            .series("since the measurement before", &m.loss);
        out.push(figure("Mean loss", "The loss of each row before it was learned.", &chart.figure()));
    } else if !m.objective.is_empty() {
        let mut chart =
            Chart::new("Objective", Axis::whole("step"), Axis::fitting("objective", values([&m.objective])))
                .series("objective", &m.objective);
        let differs = !m.loss.is_empty() && m.loss.points() != m.objective.points();
        if differs {
            chart = chart.series("loss without penalty", &m.loss);
        }
        for (step, _) in m.actions.iter().take(12) {
            chart = chart.upright(*step);
        }
        let how = match (m.actions.is_empty(), differs) {
            (false, _) => "Loss and penalty on the training rows; dashed lines are interventions, listed below.",
            (true, true) => "Loss and penalty on the training rows.",
            (true, false) => "What is minimized, on the training rows.",
        };
        out.push(figure("Objective", how, &chart.figure()));
    }
    out.extend(metric_curves(m));
    let single = |title: &str, label: &str, how: &str, series: &Thinned, axis: fn(String) -> Axis| {
        let chart = Chart::new(title, Axis::whole("step"), axis(label.to_string())).series(label, series);
        (chart.has_data()).then(|| figure(title, how, &chart.figure()))
    };
    let missing_zero = "Zeros have no place on a logarithmic axis and are left out.";
    let zero = |s: &Thinned| if s.extent().is_some_and(|e| e.0 <= 0.0) { missing_zero } else { "" };
    out.extend(single("Gradient norm", "‖∇f‖", zero(&m.grad_norm), &m.grad_norm, Axis::log));
    let proved = format!("A proved bound of the distance to the minimum. {}", zero(&m.gap));
    out.extend(single("Certified gap", "gap", proved.trim(), &m.gap, Axis::log));
    if !m.lr.is_empty() {
        // A schedule is no noise: its own line, however often it turns.
        let chart = Chart::new("Learning rate", Axis::whole("step"), Axis::linear("η").including(0.0));
        out.push(figure("Learning rate", "", &chart.line("η", m.lr.points()).figure()));
    }
    out.extend(single("Step length", "‖Δθ‖", zero(&m.step_norm), &m.step_norm, Axis::log));
    out
}

/// One chart for each metric, training and validation rows together.
fn metric_curves(m: &Metrics) -> Vec<String> {
    let mut names: Vec<&str> = m.valid.iter().map(|(name, _)| name.as_str()).collect();
    names.extend(m.train.iter().map(|(name, _)| name.as_str()).filter(|n| !names.contains(n)).collect::<Vec<_>>());
    let find = |all: &'_ [(String, Thinned)], name: &str| all.iter().position(|(n, _)| n == name);
    let curves = names.into_iter().take(CURVES).filter_map(|name| {
        let train = find(&m.train, name).map(|k| &m.train[k].1).filter(|s| !s.is_empty());
        let valid = find(&m.valid, name).map(|k| &m.valid[k].1).filter(|s| !s.is_empty());
        let title = words(name);
        let axis = Axis::fitting(title.clone(), values(train.into_iter().chain(valid)));
        let mut chart = Chart::new(title.clone(), Axis::whole("step"), axis);
        for (rows, series, color) in [("training", train, 0), ("validation", valid, 1)] {
            if let Some(series) = series {
                chart = chart.series(rows, series).colored(color);
            }
        }
        let mut how = match (train, valid) {
            (Some(_), None) => "On the training rows.".to_string(),
            (None, Some(_)) => "On the validation rows.".to_string(),
            _ => String::new(),
        };
        if let Some((_, last)) = valid.or(train)?.last() {
            how += &format!(" Last: {}.", significant(last, 4));
        }
        let heading: String = title.chars().take(1).flat_map(char::to_uppercase).chain(title.chars().skip(1)).collect();
        Some(figure(&heading, how.trim(), &chart.figure()))
    });
    curves.collect()
}

fn actions(m: &Metrics) -> String {
    if m.actions.is_empty() {
        return String::new();
    }
    let row = |(step, action): &(f64, String)| vec![significant(*step, 7), clipped(action, 200)];
    let rows: Vec<Vec<String>> = m.actions.iter().take(30).map(row).collect();
    let mut out = format!("<h3>Interventions</h3>\n{}", table("", &["step", "what was done"], 9, &rows));
    if m.action_count > rows.len() as u64 {
        out += &paragraph("note", &format!("{} in all; the others are in metrics.jsonl.", count(m.action_count)));
    }
    out
}

/// What the run cost, and what it learned about the problem.
fn effort(run: &Run) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let listed = |key: &str, text: fn(f64) -> String| -> Option<String> {
        let list: Vec<String> = run
            .told(&[key])
            .and_then(Value::as_object)?
            .iter()
            .take(20)
            .filter_map(|(name, v)| Some(format!("{} {}", words(name), text(number(v)?))))
            .collect();
        (!list.is_empty()).then(|| escape(&list.join(" · ")))
    };
    rows.extend(run.text(&["solver"]).map(|s| ("solver", format!("<code>{}</code>", escape(&clipped(s, 300))))));
    rows.extend(run.number(&["objective"]).map(|v| ("final objective", significant(v, 8))));
    rows.extend(listed("evaluations", |v| count(v.max(0.0) as u64)).map(|t| ("evaluations", t)));
    rows.extend(listed("seconds", crate::plot::number::duration).map(|t| ("time", t)));
    rows.extend(estimates(run).map(|t| ("estimates", t)));
    if rows.is_empty() { String::new() } else { format!("<h3>Effort</h3>\n{}", facts(&rows)) }
}

fn estimates(run: &Run) -> Option<String> {
    let list: Vec<String> = run
        .told(&["estimates"])
        .and_then(Value::as_object)?
        .iter()
        .take(20)
        .filter_map(|(name, v)| {
            let meaning = match name.as_str() {
                "L" => "smoothness L".to_string(),
                "mu" => "strong convexity μ".to_string(),
                "kappa" => "condition number κ".to_string(),
                other => words(other),
            };
            Some(format!("{meaning} {}", significant(number(v)?, 3)))
        })
        .collect();
    (!list.is_empty()).then(|| escape(&list.join(" · ")))
}
