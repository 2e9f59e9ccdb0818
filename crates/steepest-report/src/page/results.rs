//! How good the model is: metrics of every split, and the pictures of the one that counts.

use super::html::{Section, clipped, figure, grid, paragraph, table, words};
use crate::plot::number::{count, significant};
use crate::plot::{CalibrationBin, calibration, confusion_matrix, histogram, precision_recall, predicted_actual, roc};
use crate::run::{Run, number};
use serde_json::Value;

const SPLITS: [(&str, &str); 3] = [("train", "training"), ("valid", "validation"), ("test", "test")];
/// Classes of which the whole confusion matrix is drawn; of more, the most frequent confusions are listed.
const CLASSES: usize = 40;

pub(super) fn section(run: &Run) -> Section {
    Section { id: "results", heading: "Results", content: metrics_table(run) + &diagnostics(run) }
}

fn split_metrics<'a>(run: &'a Run, split: &str) -> Option<&'a serde_json::Map<String, Value>> {
    let evaluated = run.evaluation.as_ref().and_then(|e| e.get(split)?.get("metrics")?.as_object());
    evaluated.or_else(|| run.told(&["metrics", split])?.as_object()).filter(|m| !m.is_empty())
}

fn metrics_table(run: &Run) -> String {
    let splits: Vec<_> =
        SPLITS.iter().filter_map(|(key, name)| Some((*key, *name, split_metrics(run, key)?))).collect();
    let mut names: Vec<&String> = Vec::new();
    for (_, _, metrics) in &splits {
        names.extend(metrics.keys().filter(|k| !names.contains(k)).collect::<Vec<_>>());
    }
    names.truncate(60);
    if names.is_empty() {
        return String::new();
    }
    let head: Vec<&str> = [""].into_iter().chain(splits.iter().map(|s| s.1)).collect();
    let rows_of = |key: &str| {
        let evaluated = run.evaluation.as_ref().and_then(|e| number(e.get(key)?.get("rows")?));
        evaluated.or_else(|| run.number(&["rows", key])).map_or("–".into(), |n| count(n.max(0.0) as u64))
    };
    let mut rows = vec![["rows".to_string()].into_iter().chain(splits.iter().map(|s| rows_of(s.0))).collect()];
    for name in names {
        let value = |metrics: &serde_json::Map<String, Value>| {
            metrics.get(name).and_then(number).map_or("–".into(), |v| significant(v, 4))
        };
        rows.push([words(name)].into_iter().chain(splits.iter().map(|s| value(s.2))).collect::<Vec<_>>());
    }
    table("metrics", &head, 1, &rows)
}

/// Pictures of the test rows, or of the validation or training rows where there are no test rows.
fn diagnostics(run: &Run) -> String {
    let Some(evaluation) = &run.evaluation else { return String::new() };
    let drawn = SPLITS.iter().rev().find_map(|(key, name)| {
        let figures = figures(evaluation.get(key)?);
        (!figures.0.is_empty() || !figures.1.is_empty()).then_some((*name, figures))
    });
    let Some((name, (figures, lists))) = drawn else { return String::new() };
    format!("<h3>On the {name} rows</h3>\n{}{lists}", grid(&figures))
}

fn figures(split: &Value) -> (Vec<String>, String) {
    let mut out = Vec::new();
    let lists = confusion(split, &mut out);
    let points = pairs(split.get("roc"));
    if points.len() > 1 {
        let how = "Share of positives found against share of negatives taken for them, over all thresholds.";
        out.push(figure("ROC", how, &roc(&points).figure()));
    }
    let points = pairs(split.get("pr"));
    if points.len() > 1 {
        let how = "How many of those called positive are, against how many are found.";
        out.push(figure("Precision and recall", how, &precision_recall(&points).figure()));
    }
    let bins = calibration_bins(split);
    if !bins.is_empty() {
        let how = "On the dashed line, predicted probabilities keep what they promise; bars are 95 % intervals.";
        out.push(figure("Calibration", how, &calibration(&bins).figure()));
    }
    let scatter = pairs(split.get("residuals").and_then(|r| r.get("scatter")));
    if !scatter.is_empty() {
        let shown = format!("{} rows; on the dashed line, predictions are right.", count(scatter.len() as u64));
        out.push(figure("Actual against predicted", &shown, &predicted_actual(&scatter).figure()));
    }
    let numbers = |key: &str| -> Vec<f64> {
        let list = split.get("residuals").and_then(|r| r.get("histogram")?.get(key)?.as_array());
        list.map(|l| l.iter().take(500).map(|v| number(v).unwrap_or(f64::NAN)).collect()).unwrap_or_default()
    };
    let (edges, counts) = (numbers("edges"), numbers("counts"));
    if edges.len() > 1 && !counts.is_empty() {
        let drawn = histogram("Residuals", "actual − predicted", edges, counts).figure();
        out.push(figure("Residuals", "How far predictions are off.", &drawn));
    }
    (out, lists)
}

fn pairs(value: Option<&Value>) -> Vec<(f64, f64)> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().take(2000).filter_map(|p| Some((number(p.get(0)?)?, number(p.get(1)?)?))).collect()
}

fn calibration_bins(split: &Value) -> Vec<CalibrationBin> {
    let list = split.get("calibration").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .take(200)
        .filter_map(|bin| {
            let get = |key: &str| number(bin.get(key)?);
            Some(CalibrationBin { predicted: get("predicted")?, observed: get("observed")?, rows: get("rows")? })
        })
        .collect()
}

/// Draws the confusion matrix; returns the list of the most frequent confusions where there are many classes.
fn confusion(split: &Value, figures: &mut Vec<String>) -> String {
    let Some(confusion) = split.get("confusion") else { return String::new() };
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let label = |v: &Value| v.as_str().map_or_else(|| v.to_string(), String::from);
    let labels: Vec<String> = list(confusion.get("labels")).iter().map(|l| clipped(&label(l), 60)).collect();
    let counts: Vec<Vec<f64>> = list(confusion.get("matrix"))
        .iter()
        .map(|row| list(Some(row)).iter().map(|v| number(v).unwrap_or(0.0)).collect())
        .collect();
    if labels.is_empty() || counts.len() != labels.len() || counts.iter().any(|row| row.len() != labels.len()) {
        return String::new();
    }
    if labels.len() <= CLASSES {
        let how = "Rows by actual class (down) and predicted class (across); colour is the share of the actual class.";
        figures.push(figure("Confusion matrix", how, &confusion_matrix(&labels, &counts)));
    }
    if labels.len() <= 6 {
        return String::new();
    }
    let mut wrong: Vec<(usize, usize)> = (0..labels.len())
        .flat_map(|i| (0..labels.len()).map(move |j| (i, j)))
        .filter(|(i, j)| i != j && counts[*i][*j] > 0.0)
        .collect();
    wrong.sort_by(|a, b| counts[b.0][b.1].total_cmp(&counts[a.0][a.1]));
    let rows: Vec<Vec<String>> = wrong
        .iter()
        .take(8)
        .map(|(i, j)| {
            let share = 100.0 * counts[*i][*j] / counts[*i].iter().sum::<f64>();
            let number = significant(counts[*i][*j], 6);
            vec![labels[*i].clone(), labels[*j].clone(), number, format!("{} %", significant(share, 2))]
        })
        .collect();
    if rows.is_empty() {
        return paragraph("note", "No row is confused with another class.");
    }
    let head = ["actual", "predicted as", "rows", "of its class"];
    format!("<h3>Most frequent confusions</h3>\n{}", table("", &head, 2, &rows))
}
