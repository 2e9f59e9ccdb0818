//! Curves over thresholds, and calibration tables: what a report draws.

use super::Weights;
use super::ranking::runs;

/// Points kept of a curve.
const POINTS: usize = 200;

/// The ROC curve: (false positive rate, true positive rate) by falling threshold from (0, 0) to (1, 1), at most 200 points; empty
/// where a class has no weight.
pub fn roc(positive: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Vec<[f64; 2]> {
    let runs = runs(positive, scores, Weights::new(weights));
    let (up, down): (f64, f64) = runs.iter().fold((0.0, 0.0), |(p, n), r| (p + r.1, n + r.2));
    if up <= 0.0 || down <= 0.0 {
        return vec![];
    }
    let mut points = vec![[0.0, 0.0]];
    let (mut p, mut n) = (0.0, 0.0);
    for run in runs {
        p += run.1;
        n += run.2;
        points.push([n / down, p / up]);
    }
    thin(points)
}

/// The precision–recall curve: (recall, precision) by falling threshold, at most 200 points; empty where no row is positive.
pub fn precision_recall(positive: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Vec<[f64; 2]> {
    let runs = runs(positive, scores, Weights::new(weights));
    let up: f64 = runs.iter().map(|r| r.1).sum();
    if up <= 0.0 {
        return vec![];
    }
    let (mut p, mut n) = (0.0, 0.0);
    let mut points = Vec::with_capacity(runs.len());
    for run in runs {
        p += run.1;
        n += run.2;
        if p + n > 0.0 {
            points.push([p / up, p / (p + n)]);
        }
    }
    thin(points)
}

/// At most [`POINTS`] of the points, the ends among them.
fn thin(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let n = points.len();
    if n <= POINTS {
        return points;
    }
    (0..POINTS).map(|k| points[k * (n - 1) / (POINTS - 1)]).collect()
}

/// A group of rows with similar predicted probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    /// Mean predicted probability.
    pub predicted: f64,
    /// Share that is positive.
    pub observed: f64,
    /// Weight of the rows.
    pub rows: f64,
}

/// Rows by rising probability, cut into `bins` groups of about equal weight; equal probabilities stay together.
pub fn calibration(positive: &[bool], p: &[f64], weights: Option<&[f64]>, bins: usize) -> Vec<CalibrationBin> {
    let w = Weights::new(weights);
    let mut runs = runs(positive, p, w);
    runs.reverse();
    let total: f64 = runs.iter().map(|r| r.1 + r.2).sum();
    let mut out: Vec<CalibrationBin> = Vec::new();
    let (mut sum_p, mut hits, mut rows, mut done) = (0.0, 0.0, 0.0, 0.0);
    for (k, (p, up, down)) in runs.iter().enumerate() {
        sum_p += p * (up + down);
        hits += up;
        rows += up + down;
        let full = done + rows >= total * (out.len() + 1) as f64 / bins as f64;
        if rows > 0.0 && (full || k + 1 == runs.len()) {
            out.push(CalibrationBin { predicted: sum_p / rows, observed: hits / rows, rows });
            done += rows;
            (sum_p, hits, rows) = (0.0, 0.0, 0.0);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_begin_and_end_where_they_should() {
        let positive: Vec<bool> = (0..1000).map(|k| (k * 7) % 10 < 3).collect();
        let scores: Vec<f64> = (0..1000).map(|k| ((k * 613) % 997) as f64).collect();
        let curve = roc(&positive, &scores, None);
        assert_eq!((curve.len(), curve[0], curve[199]), (200, [0.0, 0.0], [1.0, 1.0]));
        assert!(curve.windows(2).all(|w| w[0][0] <= w[1][0] && w[0][1] <= w[1][1]));
        let pr = precision_recall(&positive, &scores, None);
        assert_eq!(pr[199], [1.0, 0.3]);
        assert!(roc(&[true], &[0.5], None).is_empty());
    }

    #[test]
    fn bins_share_the_rows() {
        let p: Vec<f64> = (0..100).map(|k| k as f64 / 100.0).collect();
        let positive: Vec<bool> = (0..100).map(|k| k >= 50).collect();
        let bins = calibration(&positive, &p, None, 10);
        assert_eq!(bins.len(), 10);
        assert!(bins.iter().all(|b| b.rows == 10.0));
        assert!((bins[0].predicted - 0.045).abs() < 1e-15 && bins[0].observed == 0.0 && bins[9].observed == 1.0);
        let one = calibration(&[true, false], &[0.5, 0.5], None, 10);
        assert_eq!(one, [CalibrationBin { predicted: 0.5, observed: 0.5, rows: 2.0 }]);
    }
}
