//! How well scores order two classes.

use super::Weights;

/// Rows by falling score, cut into runs of equal scores: for each run the weight of positives and of negatives.
pub(super) fn runs(positive: &[bool], scores: &[f64], w: Weights<'_>) -> Vec<(f64, f64, f64)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut runs: Vec<(f64, f64, f64)> = Vec::new();
    for &i in &order {
        // −0 and 0 are one score.
        let score = scores[i] + 0.0;
        if runs.last().is_none_or(|run| run.0 != score) {
            runs.push((score, 0.0, 0.0));
        }
        if let Some(run) = runs.last_mut() {
            if positive[i] { run.1 += w.get(i) } else { run.2 += w.get(i) }
        }
    }
    runs
}

/// The probability that a positive row scores higher than a negative one, ties counting half (the area under the ROC curve);
/// `None` where a class has no weight. O(n log n).
///
/// J. A. Hanley and B. J. McNeil, “The meaning and use of the area under a receiver operating characteristic (ROC) curve”,
/// Radiology 143(1), 1982, doi:10.1148/radiology.143.1.7063747.
pub fn auc(positive: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let runs = runs(positive, scores, Weights::new(weights));
    let (up, down): (f64, f64) = runs.iter().fold((0.0, 0.0), |(p, n), r| (p + r.1, n + r.2));
    if up <= 0.0 || down <= 0.0 {
        return None;
    }
    let mut above = 0.0;
    let mut area = 0.0;
    for (_, p, n) in runs {
        area += n * (above + 0.5 * p);
        above += p;
    }
    Some(area / (up * down))
}

/// Σ (recall step)·precision over falling thresholds: the area under the precision–recall curve without interpolation;
/// `None` where no row is positive. O(n log n).
pub fn average_precision(positive: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let runs = runs(positive, scores, Weights::new(weights));
    let up: f64 = runs.iter().map(|r| r.1).sum();
    if up <= 0.0 {
        return None;
    }
    let (mut hits, mut taken, mut sum) = (0.0, 0.0, 0.0);
    for (_, p, n) in runs {
        hits += p;
        taken += p + n;
        if p > 0.0 {
            sum += p / up * (hits / taken);
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, pair by pair.
    fn by_pairs(positive: &[bool], scores: &[f64], w: &[f64]) -> f64 {
        let (mut good, mut all) = (0.0, 0.0);
        for i in (0..scores.len()).filter(|&i| positive[i]) {
            for j in (0..scores.len()).filter(|&j| !positive[j]) {
                all += w[i] * w[j];
                good += w[i] * w[j] * if scores[i] > scores[j] { 1.0 } else if scores[i] == scores[j] { 0.5 } else { 0.0 };
            }
        }
        good / all
    }

    #[test]
    fn the_area_is_the_share_of_ordered_pairs() {
        let positive: Vec<bool> = (0..60).map(|k| (k * 7) % 5 < 2).collect();
        let scores: Vec<f64> = (0..60).map(|k| ((k * 37) % 11) as f64).collect();
        let weights: Vec<f64> = (0..60).map(|k| 0.5 + (k % 3) as f64).collect();
        let found = auc(&positive, &scores, Some(&weights)).unwrap();
        assert!((found - by_pairs(&positive, &scores, &weights)).abs() < 1e-14);
        assert_eq!(auc(&[true, true], &[0.0, 1.0], None), None);
    }

    #[test]
    fn average_precision_by_hand() {
        let p = average_precision(&[true, false, true, false], &[0.9, 0.8, 0.7, 0.1], None).unwrap();
        assert!((p - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-15);
        assert_eq!(average_precision(&[false], &[0.5], None), None);
    }
}
