//! `evaluation.json`: scores of a part of the data with the tables and curves a report draws.

use serde_json::{Map, Value, json};

use crate::metrics::{
    Deviance, calibration, confusion, multiclass, precision_recall, regression, roc, two_class,
};
use crate::metrics_log::{Measures, measures_to_json};

/// Rows of a scatter plot at most.
const SCATTER: usize = 1000;
/// Bars of the histogram of residuals.
const BARS: usize = 40;
/// Confusion tables of more classes say nothing to an eye.
const CLASSES: usize = 50;

/// What a model said about rows whose target is known.
#[derive(Debug, Clone, Copy)]
pub enum Predicted<'a> {
    /// Numbers, judged by this deviance.
    Numbers {
        /// The predicted means.
        means: &'a [f64],
        /// The deviance of the loss.
        deviance: Deviance,
    },
    /// Two classes.
    TwoClasses {
        /// Names of the classes, the positive one second.
        labels: &'a [String],
        /// The predicted classes.
        classes: &'a [u32],
        /// What orders the rows.
        scores: &'a [f64],
        /// Probabilities of the positive class, where the model has them.
        probabilities: Option<&'a [f64]>,
    },
    /// Several classes.
    Classes {
        /// Names of the classes.
        labels: &'a [String],
        /// The predicted classes.
        classes: &'a [u32],
        /// n × K by row.
        probabilities: &'a [f64],
    },
}

impl Predicted<'_> {
    /// The metrics alone.
    pub fn metrics(&self, target: &[f64], weights: Option<&[f64]>) -> Measures {
        match *self {
            Predicted::Numbers { means, deviance } => regression(target, means, weights, deviance),
            Predicted::TwoClasses { classes, scores, probabilities, .. } => {
                two_class(target, classes, scores, probabilities, weights)
            }
            Predicted::Classes { labels, classes, probabilities } => {
                multiclass(target, classes, probabilities, labels.len(), weights)
            }
        }
    }

    /// Metrics, confusion, calibration, curves and residuals, as they make sense.
    pub fn evaluation(&self, target: &[f64], weights: Option<&[f64]>) -> Value {
        let mut out = Map::new();
        out.insert("rows".into(), target.len().into());
        out.insert("metrics".into(), measures_to_json(&self.metrics(target, weights)));
        match *self {
            Predicted::Numbers { means, .. } => {
                out.insert("residuals".into(), residuals(target, means));
            }
            Predicted::TwoClasses { labels, classes, scores, probabilities } => {
                out.insert("confusion".into(), confusion_json(labels, target, classes, weights));
                let positive: Vec<bool> = target.iter().map(|&t| t > 0.5).collect();
                if let Some(p) = probabilities {
                    let bins = calibration(&positive, p, weights, 10);
                    let one = |b: &crate::metrics::CalibrationBin| json!({"predicted": b.predicted, "observed": b.observed, "rows": b.rows});
                    out.insert("calibration".into(), bins.iter().map(one).collect());
                }
                for (name, curve) in [("roc", roc(&positive, scores, weights)), ("pr", precision_recall(&positive, scores, weights))] {
                    if !curve.is_empty() {
                        out.insert(name.into(), json!(curve));
                    }
                }
            }
            Predicted::Classes { labels, classes, .. } if labels.len() <= CLASSES => {
                out.insert("confusion".into(), confusion_json(labels, target, classes, weights));
            }
            Predicted::Classes { .. } => {}
        }
        Value::Object(out)
    }
}

fn confusion_json(labels: &[String], target: &[f64], predicted: &[u32], weights: Option<&[f64]>) -> Value {
    json!({"labels": labels, "matrix": confusion(target, predicted, labels.len(), weights)})
}

/// A histogram of y − ŷ, and evenly chosen points (predicted, actual).
fn residuals(target: &[f64], means: &[f64]) -> Value {
    let n = target.len();
    let r: Vec<f64> = target.iter().zip(means).map(|(y, m)| y - m).collect();
    let (low, high) = r.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let mut out = Map::new();
    if n > 0 && high > low && (high - low).is_finite() {
        let mut counts = vec![0u64; BARS];
        for v in &r {
            let bar = ((v - low) / (high - low) * BARS as f64) as usize;
            counts[bar.min(BARS - 1)] += 1;
        }
        let edges: Vec<f64> = (0..=BARS).map(|k| low + (high - low) * k as f64 / BARS as f64).collect();
        out.insert("histogram".into(), json!({"edges": edges, "counts": counts}));
    }
    let kept = n.min(SCATTER);
    let points: Vec<[f64; 2]> = (0..kept).map(|k| k * n / kept.max(1)).map(|i| [means[i], target[i]]).collect();
    out.insert("scatter".into(), json!(points));
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_tables() {
        let labels = vec!["a".to_string(), "b".to_string(), "c".to_string()];
        let two = Predicted::TwoClasses { labels: &labels[..2], classes: &[0, 1], scores: &[-1.0, 1.0], probabilities: Some(&[0.2, 0.8]) };
        let v = two.evaluation(&[0.0, 1.0], None);
        assert_eq!(v["confusion"]["matrix"], json!([[1.0, 0.0], [0.0, 1.0]]));
        assert_eq!(v["metrics"]["auc"], json!(1.0));
        assert!(v["roc"].is_array() && v["calibration"].is_array());
        let p = [0.5, 0.3, 0.2, 0.1, 0.8, 0.1];
        let v = Predicted::Classes { labels: &labels, classes: &[0, 1], probabilities: &p }.evaluation(&[0.0, 2.0], None);
        assert_eq!(v["confusion"]["matrix"][2], json!([0.0, 1.0, 0.0]));
        let v = Predicted::Numbers { means: &[1.0, 2.0, 4.0], deviance: Deviance::Squared }.evaluation(&[1.0, 3.0, 2.0], None);
        assert_eq!(v["residuals"]["scatter"][2], json!([4.0, 2.0]));
        let counts = v["residuals"]["histogram"]["counts"].as_array().unwrap();
        assert_eq!(counts.iter().filter_map(Value::as_u64).sum::<u64>(), 3);
    }
}
