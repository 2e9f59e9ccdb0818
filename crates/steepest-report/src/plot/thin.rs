//! Long series made short without losing what can be seen: the first, lowest, highest and last point of every bucket.
//!
//! That a line drawn from these four points of each pixel column is the line of all points, pixel by pixel, is shown by
//! Jugel, Jerzak, Hackenbroich and Markl, "M4: A visualization-oriented time series data aggregation", 2014,
//! doi:10.14778/2732951.2732953. Here the buckets grow with the series, so a stream of any length needs fixed memory.

/// Buckets kept at most. Half of it at least are in use, more than the pixel columns of a figure.
const BUCKETS: usize = 2048;

/// A series of points, added in the order of x, of which a bounded number is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thinned {
    buckets: Vec<Bucket>,
    width: usize,
    seen: u64,
    missing: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    first: (f64, f64),
    low: (f64, f64),
    high: (f64, f64),
    last: (f64, f64),
    /// Points put in, those without a value included.
    filled: usize,
    /// The sum of x and of y over the finite points, and their number.
    sum: (f64, f64),
    finite: u32,
    /// The place of a value that is not finite, where the line is broken.
    gap: Option<f64>,
}

impl Thinned {
    /// A series without points.
    pub fn new() -> Thinned {
        Thinned { buckets: Vec::new(), width: 1, seen: 0, missing: 0 }
    }

    /// Adds a point. A y that is not finite breaks the line.
    pub fn push(&mut self, x: f64, y: f64) {
        self.width = self.width.max(1);
        if !x.is_finite() {
            return;
        }
        self.seen += 1;
        if self.buckets.last().is_none_or(|b| b.filled >= self.width) {
            if self.buckets.len() == BUCKETS {
                self.halve();
            }
            if self.buckets.last().is_none_or(|b| b.filled >= self.width) {
                self.buckets.push(Bucket {
                    first: (x, y),
                    low: (x, y),
                    high: (x, y),
                    last: (x, y),
                    filled: 0,
                    sum: (0.0, 0.0),
                    finite: 0,
                    gap: None,
                });
            }
        }
        let Some(bucket) = self.buckets.last_mut() else { return };
        bucket.filled += 1;
        if !y.is_finite() {
            self.missing += 1;
            bucket.gap.get_or_insert(x);
            return;
        }
        if bucket.finite == 0 {
            let p = (x, y);
            *bucket = Bucket { first: p, low: p, high: p, last: p, ..*bucket };
        } else {
            if y < bucket.low.1 {
                bucket.low = (x, y);
            }
            if y > bucket.high.1 {
                bucket.high = (x, y);
            }
            bucket.last = (x, y);
        }
        bucket.sum = (bucket.sum.0 + x, bucket.sum.1 + y);
        bucket.finite += 1;
    }

    fn halve(&mut self) {
        self.width *= 2;
        self.buckets =
            self.buckets.chunks(2).map(|pair| if let [a, b] = pair { a.merged(b) } else { pair[0] }).collect();
    }

    /// Points added.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Points added whose value was not finite.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Whether there is no point with a value.
    pub fn is_empty(&self) -> bool {
        self.seen == self.missing
    }

    /// The points kept, in the order of x; a NaN value where the line is broken.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(self.buckets.len() * 4);
        for bucket in &self.buckets {
            let mut of_bucket = Vec::with_capacity(5);
            if bucket.finite > 0 {
                of_bucket.extend([bucket.first, bucket.low, bucket.high, bucket.last]);
            }
            of_bucket.extend(bucket.gap.map(|x| (x, f64::NAN)));
            of_bucket.sort_by(|a, b| a.0.total_cmp(&b.0));
            of_bucket.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
            points.extend(of_bucket);
        }
        points
    }

    /// Means over about a hundred stretches, to draw over a long noisy series; `None` where the series is short or smooth enough to
    /// be followed by itself.
    pub fn trend(&self) -> Option<Vec<(f64, f64)>> {
        if self.seen < 1000 {
            return None;
        }
        // A series that only falls varies by its range in all; noise goes up and down many times more.
        let points = self.points();
        let variation: f64 = points.windows(2).map(|w| (w[1].1 - w[0].1).abs()).filter(|v| v.is_finite()).sum();
        let (low, high) = self.extent()?;
        if variation <= 8.0 * (high - low) {
            return None;
        }
        let stretch = self.buckets.len().div_ceil(100).max(1);
        let mean = |part: &[Bucket]| {
            let n: f64 = part.iter().map(|b| f64::from(b.finite)).sum();
            let (x, y) = part.iter().fold((0.0, 0.0), |(x, y), b| (x + b.sum.0 / n, y + b.sum.1 / n));
            if n > 0.0 { (x, y) } else { (part[0].first.0, f64::NAN) }
        };
        Some(self.buckets.chunks(stretch).map(mean).collect())
    }

    /// The last finite value.
    pub fn last(&self) -> Option<(f64, f64)> {
        self.buckets.iter().rev().find(|b| b.finite > 0).map(|b| b.last)
    }

    /// The lowest and the highest finite value.
    pub fn extent(&self) -> Option<(f64, f64)> {
        let full = || self.buckets.iter().filter(|b| b.finite > 0);
        let low = full().map(|b| b.low.1).min_by(f64::total_cmp)?;
        let high = full().map(|b| b.high.1).max_by(f64::total_cmp)?;
        Some((low, high))
    }
}

impl Bucket {
    fn merged(&self, next: &Bucket) -> Bucket {
        let filled = self.filled + next.filled;
        let gap = self.gap.or(next.gap);
        match (self.finite, next.finite) {
            (0, _) => Bucket { filled, gap, ..*next },
            (_, 0) => Bucket { filled, gap, ..*self },
            _ => Bucket {
                first: self.first,
                low: if next.low.1 < self.low.1 { next.low } else { self.low },
                high: if next.high.1 > self.high.1 { next.high } else { self.high },
                last: next.last,
                filled,
                sum: (self.sum.0 + next.sum.0, self.sum.1 + next.sum.1),
                finite: self.finite.saturating_add(next.finite),
                gap,
            },
        }
    }
}

impl FromIterator<(f64, f64)> for Thinned {
    fn from_iter<I: IntoIterator<Item = (f64, f64)>>(points: I) -> Thinned {
        let mut thinned = Thinned::new();
        points.into_iter().for_each(|(x, y)| thinned.push(x, y));
        thinned
    }
}

/// Points in pixels, thinned to four a pixel column.
pub(crate) fn by_column(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    let mut start = 0;
    while start < points.len() {
        let column = points[start].0.floor();
        let end = start + points[start..].iter().take_while(|p| p.0.floor() == column).count().max(1);
        let part = &points[start..end];
        if part.len() <= 4 {
            out.extend_from_slice(part);
        } else {
            let pick = |better: fn(f64, f64) -> bool| {
                (0..part.len()).reduce(|a, b| if better(part[b].1, part[a].1) { b } else { a }).unwrap_or(0)
            };
            let mut kept = [0, pick(|b, a| b < a), pick(|b, a| b > a), part.len() - 1];
            kept.sort_unstable();
            let mut previous = usize::MAX;
            for i in kept {
                if i != previous {
                    out.push(part[i]);
                }
                previous = i;
            }
        }
        start = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(i: u64) -> f64 {
        ((i as f64) * 0.37).sin() * 3.0 + ((i * i) as f64 * 0.011).cos()
    }

    #[test]
    fn a_million_points_keep_their_extremes_and_ends() {
        let n = 1_000_000;
        let mut thinned: Thinned = (0..n).map(|i| (i as f64, noisy(i))).collect();
        thinned.push(n as f64, 99.0);
        let points = thinned.points();
        assert!(points.len() <= 4 * BUCKETS);
        assert_eq!(points[0], (0.0, noisy(0)));
        assert_eq!(*points.last().unwrap(), (n as f64, 99.0));
        let low = (0..n).map(noisy).fold(f64::INFINITY, f64::min);
        assert_eq!(thinned.extent(), Some((low, 99.0)));
        assert!(points.windows(2).all(|w| w[0].0 <= w[1].0));
    }

    #[test]
    fn each_pixel_column_keeps_its_range() {
        // 300 columns over 100,000 points: the extremes within every column survive both thinnings.
        let n = 100_000u64;
        let thinned: Thinned = (0..n).map(|i| (i as f64, noisy(i))).collect();
        let to_pixel = |p: (f64, f64)| (p.0 * 300.0 / n as f64, p.1);
        let thin = by_column(&thinned.points().into_iter().map(to_pixel).collect::<Vec<_>>());
        assert!(thin.len() <= 1204);
        let bucket = thinned.width as u64;
        for column in 1..299u64 {
            // Whole buckets inside the column.
            let first = (column * n / 300).div_ceil(bucket) * bucket;
            let last = ((column + 1) * n / 300) / bucket * bucket;
            let truth = (first..last).map(noisy).fold(f64::NEG_INFINITY, f64::max);
            let seen =
                thin.iter().filter(|p| p.0.floor() == column as f64).map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
            assert!(seen >= truth, "column {column}: {seen} < {truth}");
        }
    }

    #[test]
    fn the_trend_is_the_mean_of_stretches() {
        let thinned: Thinned =
            (0..100_000u64).map(|i| (i as f64, i as f64 + if i % 2 == 0 { 5e4 } else { -5e4 })).collect();
        let trend = thinned.trend().unwrap();
        assert!((50..=100).contains(&trend.len()), "{}", trend.len());
        assert!(trend.iter().all(|(x, y)| (x - y).abs() < 1e-6));
        assert_eq!((0..100_000).map(|i| (f64::from(i), f64::from(i).sqrt())).collect::<Thinned>().trend(), None);
        assert_eq!((0..999).map(|i| (f64::from(i), 0.0)).collect::<Thinned>().trend(), None);
    }

    #[test]
    fn values_without_a_place_break_the_line() {
        let thinned: Thinned =
            [(0.0, 1.0), (1.0, f64::NAN), (2.0, 2.0), (f64::NAN, 5.0), (3.0, f64::INFINITY)].into_iter().collect();
        assert_eq!((thinned.seen(), thinned.missing()), (4, 2));
        assert_eq!(thinned.extent(), Some((1.0, 2.0)));
        assert!(thinned.points()[1].1.is_nan());
        let nothing: Thinned = [(0.0, f64::NAN)].into_iter().collect();
        assert!(nothing.is_empty() && nothing.extent().is_none() && nothing.last().is_none());
    }
}
