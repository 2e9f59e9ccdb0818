//! How well scores rank positive rows above negative ones: ROC and precision–recall curves and their areas.

use super::Measured;

/// Weights of positive and negative rows, accumulated by descending score; equal scores are one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// Σ of weights of (positive, negative) rows with at least the score of each step.
    steps: Vec<(f64, f64)>,
}

impl Ranking {
    /// Sorts the rows by score. O(n log n).
    pub fn new(rows: impl Iterator<Item = (bool, f64, f64)>) -> Ranking {
        let mut rows: Vec<(bool, f64, f64)> = rows.filter(|r| r.2 > 0.0).collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut steps: Vec<(f64, f64)> = Vec::new();
        let (mut positive, mut negative, mut last) = (0.0, 0.0, f64::NAN);
        for (is_positive, score, weight) in rows {
            if is_positive {
                positive += weight;
            } else {
                negative += weight;
            }
            match steps.last_mut() {
                Some(step) if score == last => *step = (positive, negative),
                _ => steps.push((positive, negative)),
            }
            last = score;
        }
        Ranking { steps }
    }

    /// The weights of all positive and all negative rows, where both are there.
    fn totals(&self) -> Result<(f64, f64), &'static str> {
        match self.steps.last() {
            Some(&(p, n)) if p > 0.0 && n > 0.0 => Ok((p, n)),
            Some(&(p, _)) if p > 0.0 => Err("there are no negative rows"),
            Some(_) => Err("there are no positive rows"),
            None => Err(super::NO_ROWS),
        }
    }

    /// The area under the ROC curve: the probability that a positive row scores above a negative one, ties counting half.
    pub fn auc(&self) -> Measured {
        let (positive, negative) = self.totals()?;
        let mut area = 0.0;
        let mut before = (0.0, 0.0);
        for &(p, n) in &self.steps {
            area += (n - before.1) * (p + before.0) * 0.5;
            before = (p, n);
        }
        Ok(area / (positive * negative))
    }

    /// Σ (recallₖ − recallₖ₋₁) · precisionₖ over the steps.
    pub fn average_precision(&self) -> Measured {
        let positive = match self.steps.last() {
            Some(&(p, _)) if p > 0.0 => p,
            Some(_) => return Err("there are no positive rows"),
            None => return Err(super::NO_ROWS),
        };
        let mut sum = 0.0;
        let mut before = 0.0;
        for &(p, n) in &self.steps {
            sum += (p - before) / positive * (p / (p + n));
            before = p;
        }
        Ok(sum)
    }

    /// Points (false positive rate, true positive rate) from (0, 0) to (1, 1), at most `limit`; empty where one class is missing.
    pub fn roc(&self, limit: usize) -> Vec<[f64; 2]> {
        let Ok((positive, negative)) = self.totals() else { return Vec::new() };
        let mut curve = vec![[0.0, 0.0]];
        curve.extend(self.steps.iter().map(|&(p, n)| [n / negative, p / positive]));
        thin(curve, limit)
    }

    /// Points (recall, precision) by rising recall, at most `limit`; empty where there are no positive rows.
    pub fn precision_recall(&self, limit: usize) -> Vec<[f64; 2]> {
        let Ok((positive, _)) = self.totals() else { return Vec::new() };
        thin(self.steps.iter().map(|&(p, n)| [p / positive, p / (p + n)]).collect(), limit)
    }
}

/// At most `limit` points of a curve: the ends, and those at equal distances along it.
fn thin(curve: Vec<[f64; 2]>, limit: usize) -> Vec<[f64; 2]> {
    if curve.len() <= limit || limit < 2 {
        return curve;
    }
    let length = |w: &[[f64; 2]]| (w[1][0] - w[0][0]).abs() + (w[1][1] - w[0][1]).abs();
    let step = curve.windows(2).map(length).sum::<f64>() / (limit - 1) as f64;
    let mut kept = vec![curve[0]];
    let (mut walked, mut next) = (0.0, step);
    for w in curve.windows(2) {
        walked += length(w);
        if walked >= next && kept.len() < limit - 1 {
            kept.push(w[1]);
            next = (walked / step).floor() * step + step;
        }
    }
    if kept.last() != curve.last() {
        kept.extend(curve.last());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_by_counting_pairs() {
        let scores = [0.1, 0.4, 0.4, 0.8, 0.8, 0.8, 0.3, 0.9];
        let labels = [false, true, false, true, false, true, false, true];
        let rows = || labels.iter().zip(scores).enumerate().map(|(i, (&l, s))| (l, s, 1.0 + (i % 3) as f64));
        let (mut wins, mut pairs) = (0.0, 0.0);
        for (_, p, wp) in rows().filter(|r| r.0) {
            for (_, n, wn) in rows().filter(|r| !r.0) {
                pairs += wp * wn;
                wins += wp * wn * if p > n { 1.0 } else { f64::from(u8::from(p == n)) * 0.5 };
            }
        }
        assert!((Ranking::new(rows()).auc().unwrap() - wins / pairs).abs() < 1e-15);
    }

    #[test]
    fn one_class_has_no_area_but_a_reason() {
        let one = Ranking::new([(true, 0.5, 1.0)].into_iter());
        assert_eq!(one.auc(), Err("there are no negative rows"));
        assert_eq!(one.average_precision(), Ok(1.0));
        assert!(one.roc(200).is_empty());
        assert!(Ranking::new(std::iter::empty()).auc().is_err());
    }

    #[test]
    fn long_curves_are_thinned_and_keep_their_ends() {
        let rows = (0..10_000).map(|k| (k % 3 == 0, f64::from(k).sin() + f64::from(u8::from(k % 3 == 0)), 1.0));
        let ranking = Ranking::new(rows);
        for curve in [ranking.roc(200), ranking.precision_recall(200)] {
            assert!(curve.len() <= 200 && curve.len() > 100, "{}", curve.len());
        }
        assert_eq!(ranking.roc(200).first(), Some(&[0.0, 0.0]));
        assert_eq!(ranking.roc(200).last(), Some(&[1.0, 1.0]));
    }
}
