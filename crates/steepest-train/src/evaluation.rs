//! `evaluation.json`: metrics of a split with the curves and tables that the report draws.

use serde_json::{Map, Value, json};

use crate::{
    metrics::{Binary, CalibrationBin, Confusion, MetricSet, Multiclass, Ranking, Regression},
    metrics_log::measures_to_json,
};

/// The most points of a curve and of the scatter plot.
const CURVE_POINTS: usize = 200;
const SCATTER_POINTS: usize = 1000;
const HISTOGRAM_BINS: usize = 30;

/// Predictions on a split beside the truth.
#[derive(Debug, Clone, Copy)]
pub enum Predictions<'a> {
    /// Numbers.
    Regression(Regression<'a>),
    /// Two classes.
    Binary(Binary<'a>),
    /// More classes.
    Multiclass(Multiclass<'a>),
}

impl Predictions<'_> {
    /// The metrics alone.
    pub fn metrics(&self) -> MetricSet {
        match self {
            Predictions::Regression(p) => p.metrics(),
            Predictions::Binary(p) => p.metrics(),
            Predictions::Multiclass(p) => p.metrics(),
        }
    }

    /// The entry of this split in `evaluation.json`. `labels` are the names of the classes in their order.
    pub fn evaluation(&self, labels: &[String]) -> Value {
        let mut map = Map::new();
        let rows = match self {
            Predictions::Regression(p) => p.target.len(),
            Predictions::Binary(p) => p.target.len(),
            Predictions::Multiclass(p) => p.target.len(),
        };
        map.insert("rows".into(), rows.into());
        let metrics = self.metrics();
        map.insert("metrics".into(), measures_to_json(&metrics.values));
        if !metrics.absent.is_empty() {
            let absent: Map<_, _> = metrics.absent.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
            map.insert("absent".into(), Value::Object(absent));
        }
        match self {
            Predictions::Regression(p) => {
                map.insert("residuals".into(), residuals(p));
            }
            Predictions::Binary(p) => {
                map.insert("confusion".into(), confusion(&p.confusion(), labels));
                calibration(&mut map, &p.calibration());
                curves(&mut map, &p.ranking());
            }
            Predictions::Multiclass(p) => {
                map.insert("confusion".into(), confusion(&p.confusion(), labels));
                calibration(&mut map, &p.calibration());
            }
        }
        Value::Object(map)
    }
}

fn confusion(confusion: &Confusion, labels: &[String]) -> Value {
    json!({"labels": labels, "matrix": confusion.rows().collect::<Vec<_>>()})
}

fn calibration(map: &mut Map<String, Value>, bins: &[CalibrationBin]) {
    if !bins.is_empty() {
        let row = |b: &CalibrationBin| json!({"predicted": b.predicted, "observed": b.observed, "rows": b.rows});
        map.insert("calibration".into(), bins.iter().map(row).collect());
    }
}

fn curves(map: &mut Map<String, Value>, ranking: &Ranking) {
    for (key, curve) in [("roc", ranking.roc(CURVE_POINTS)), ("pr", ranking.precision_recall(CURVE_POINTS))] {
        if !curve.is_empty() {
            map.insert(key.into(), json!(curve));
        }
    }
}

/// The histogram of y − p, unweighted, and predicted against actual values of rows at equal distances.
fn residuals(p: &Regression<'_>) -> Value {
    let finite = p.target.iter().zip(p.predicted).map(|(y, q)| y - q).filter(|r| r.is_finite());
    let (low, high) = finite.clone().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), r| (l.min(r), h.max(r)));
    if low > high {
        return json!({});
    }
    let width = (high - low) / HISTOGRAM_BINS as f64;
    let bins = if width > 0.0 { HISTOGRAM_BINS } else { 1 };
    let edges: Vec<f64> = (0..=bins).map(|k| if k == bins { high } else { low + width * k as f64 }).collect();
    let mut counts = vec![0u64; bins];
    for r in finite {
        let bin = if width > 0.0 { ((r - low) / width) as usize } else { 0 };
        counts[bin.min(bins - 1)] += 1;
    }
    let step = p.target.len().div_ceil(SCATTER_POINTS).max(1);
    let points = p.predicted.iter().zip(p.target).step_by(step);
    let scatter: Vec<[f64; 2]> = points.map(|(&q, &y)| [q, y]).collect();
    json!({"histogram": {"edges": edges, "counts": counts}, "scatter": scatter})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::RegressionLoss;

    #[test]
    fn a_binary_split_has_its_tables() {
        let target: Vec<u32> = (0..500).map(|k| u32::from(k % 3 == 0)).collect();
        let p: Vec<f64> = (0..500).map(|k| 0.5 + 0.4 * f64::from(k).sin()).collect();
        let binary = Binary { target: &target, score: &p, threshold: 0.5, probability: Some(&p), weights: None };
        let e = Predictions::Binary(binary).evaluation(&["no".into(), "yes".into()]);
        assert_eq!(e["rows"], 500);
        assert_eq!(e["confusion"]["labels"], json!(["no", "yes"]));
        let cells: f64 = e["confusion"]["matrix"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|r| r.as_array().unwrap())
            .map(|v| v.as_f64().unwrap())
            .sum();
        assert_eq!(cells, 500.0);
        assert!(e["roc"].as_array().unwrap().len() <= 200);
        assert!(e.get("absent").is_none() && e.get("residuals").is_none());

        let one = vec![1; 500];
        let e = Predictions::Binary(Binary { target: &one, ..binary }).evaluation(&[]);
        assert_eq!(e["absent"]["auc"], "there are no negative rows");
        assert!(e["metrics"].get("auc").is_none() && e.get("roc").is_none());
    }

    #[test]
    fn residuals_are_all_counted() {
        let y: Vec<f64> = (0..5000).map(f64::from).collect();
        let q: Vec<f64> = y.iter().map(|v| v + v.sin()).collect();
        let of = |target, predicted| {
            let r = Regression { target, predicted, weights: None, loss: RegressionLoss::Squared };
            Predictions::Regression(r).evaluation(&[])["residuals"].clone()
        };
        let r = of(&y, &q);
        let counts = r["histogram"]["counts"].as_array().unwrap();
        assert_eq!(counts.iter().map(|c| c.as_u64().unwrap()).sum::<u64>(), 5000);
        assert_eq!(r["histogram"]["edges"].as_array().unwrap().len(), counts.len() + 1);
        assert_eq!(r["scatter"].as_array().unwrap().len(), 1000);
        assert_eq!(of(&y, &y)["histogram"]["counts"], json!([5000]));
        assert_eq!(of(&[], &[]), json!({}));
    }
}
