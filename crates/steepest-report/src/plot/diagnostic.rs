//! Pictures by which a fitted model is judged: ROC, precision and recall, calibration, residuals.

use super::number::significant;
use super::{Axis, Chart};

/// The receiver operating characteristic: points (false positive rate, true positive rate), beside the diagonal of guessing.
pub fn roc(points: &[(f64, f64)]) -> Chart {
    // The trapezoids under the curve, for the description.
    let area: f64 = points.windows(2).map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0).sum();
    Chart::new(
        "ROC",
        Axis::linear("false positive rate").range(0.0, 1.0),
        Axis::linear("true positive rate").range(0.0, 1.0),
    )
    .line("", vec![(0.0, 0.0), (1.0, 1.0)])
    .muted()
    .line("true positive rate", points.to_vec())
    .without_legend()
    .colored(0)
    .description(format!("Receiver operating characteristic with area {} under it", significant(area.abs(), 4)))
}

/// Precision against recall.
pub fn precision_recall(points: &[(f64, f64)]) -> Chart {
    let least = points.iter().map(|p| p.1).filter(|v| v.is_finite()).fold(1.0, f64::min);
    Chart::new(
        "Precision and recall",
        Axis::linear("recall").range(0.0, 1.0),
        Axis::linear("precision").range(if least > 0.5 { 0.5 } else { 0.0 }, 1.0),
    )
    .line("precision", points.to_vec())
    .without_legend()
    .colored(0)
}

/// Rows whose predicted probability falls into one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    /// Their mean predicted probability.
    pub predicted: f64,
    /// The share of them that is positive.
    pub observed: f64,
    /// How many there are.
    pub rows: f64,
}

/// A reliability diagram: observed against predicted probability, with the 95 % interval of Wilson, "Probable inference, the law of
/// succession, and statistical inference", 1927, doi:10.1080/01621459.1927.10502953. On the diagonal, predictions keep what they promise.
pub fn calibration(bins: &[CalibrationBin]) -> Chart {
    let bins: Vec<&CalibrationBin> = bins.iter().filter(|b| b.rows > 0.0 && b.observed.is_finite()).collect();
    let points: Vec<(f64, f64)> = bins.iter().map(|b| (b.predicted, b.observed)).collect();
    let intervals = bins.iter().map(|b| wilson(b)).collect();
    Chart::new(
        "Calibration",
        Axis::linear("predicted probability").range(0.0, 1.0),
        Axis::linear("observed share").range(0.0, 1.0),
    )
    .line("", vec![(0.0, 0.0), (1.0, 1.0)])
    .muted()
    .whiskers("", intervals)
    .colored(0)
    .line("observed share", points.clone())
    .colored(0)
    .dots("", points, 3.5)
    .colored(0)
    .without_legend()
}

fn wilson(bin: &CalibrationBin) -> [f64; 3] {
    let z = 1.959_963_984_540_054;
    let (n, p) = (bin.rows, bin.observed.clamp(0.0, 1.0));
    let center = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    [bin.predicted, center - half, center + half]
}

/// Counts over the intervals between edges.
pub fn histogram(title: &str, x: &str, edges: Vec<f64>, counts: Vec<f64>) -> Chart {
    let all: f64 = counts.iter().filter(|c| c.is_finite()).sum();
    let description = format!("{} values in {} intervals", significant(all, 6), counts.len());
    Chart::new(title, Axis::linear(x), Axis::linear("rows").including(0.0))
        .bars("", edges, counts)
        .colored(0)
        .description(description)
}

/// Actual against predicted values, with the diagonal of perfect predictions.
pub fn predicted_actual(points: &[(f64, f64)]) -> Chart {
    let finite = || points.iter().filter(|p| p.0.is_finite() && p.1.is_finite()).flat_map(|p| [p.0, p.1]);
    let (lo, hi) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    Chart::new("Actual against predicted", Axis::linear("predicted"), Axis::linear("actual"))
        .dots("", points.to_vec(), 2.0)
        .colored(0)
        .line("", if lo < hi { vec![(lo, lo), (hi, hi)] } else { Vec::new() })
        .muted()
        .description(format!("{} rows; the dashed line is where actual equals predicted", points.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        // R: prop.test(x = 8, n = 10, correct = FALSE)$conf.int is 0.4901625 0.9433178.
        let [_, lo, hi] = wilson(&CalibrationBin { predicted: 0.7, observed: 0.8, rows: 10.0 });
        assert!((lo - 0.490_162_5).abs() < 1e-6 && (hi - 0.943_317_8).abs() < 1e-6, "{lo} {hi}");
    }
}
