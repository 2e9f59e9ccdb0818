//! Which part of which plane a picture shows, and the ways that are drawn in it.

use crate::failure::Failure;
use crate::options::Target;

/// Points of a way that are kept; a longer one is thinned evenly.
const MOST: usize = 4000;
/// Free space around what is shown, of its size.
const MARGIN: f64 = 0.2;
/// The narrower side of a window is at least this share of the wider one.
const NARROWEST: f64 = 0.35;

/// The points a solver visited.
#[derive(Debug, Clone)]
pub struct Way {
    /// The solver.
    pub name: String,
    keep: bool,
    kept: Vec<(Vec<f64>, f64)>,
    last: Option<(Vec<f64>, f64)>,
    every: usize,
    seen: usize,
}

impl Way {
    /// An empty way; without `keep` it stays empty.
    pub fn new(name: &str, keep: bool) -> Way {
        Way { name: name.into(), keep, kept: Vec::new(), last: None, every: 1, seen: 0 }
    }

    /// Appends a point and the value there.
    pub fn add(&mut self, x: &[f64], value: f64) {
        if !self.keep {
            return;
        }
        if self.seen.is_multiple_of(self.every) {
            self.kept.push((x.to_vec(), value));
            self.last = None;
        } else {
            self.last = Some((x.to_vec(), value));
        }
        self.seen += 1;
        if self.kept.len() > MOST {
            let mut index = 0;
            self.kept.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.every *= 2;
        }
    }

    /// The points with their values, the last one always among them.
    pub fn points(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.kept.iter().chain(&self.last).map(|(x, value)| (x.as_slice(), *value))
    }

    /// The steps that led to the points, with the values there.
    pub fn values(&self) -> impl Iterator<Item = (usize, f64)> {
        let kept = self.kept.iter().enumerate().map(|(k, p)| (k * self.every, p.1));
        kept.chain(self.last.iter().map(|p| (self.seen - 1, p.1)))
    }

    /// The first `n` points.
    pub fn beginning(&self, n: usize) -> Way {
        let kept = self.points().take(n).map(|(x, value)| (x.to_vec(), value)).collect();
        Way { name: self.name.clone(), keep: true, kept, last: None, every: 1, seen: n }
    }

    /// The number of points.
    pub fn len(&self) -> usize {
        self.kept.len() + usize::from(self.last.is_some())
    }
}

/// A window in a plane of the space of variables.
pub struct Frame {
    origin: Vec<f64>,
    axes: [Vec<f64>; 2],
    labels: [String; 2],
    /// The ranges along both axes.
    pub window: [(f64, f64); 2],
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Frame {
    /// The plane of two variables through `end`, the first two of a function of two; for more variables and none named, the
    /// plane of the ways: from start to end, and across where they went farthest. The window holds the ways and what is known,
    /// or is given, one range a variable.
    pub fn around(
        target: &Target,
        ways: &[Way],
        end: &[f64],
        variables: Option<[usize; 2]>,
        window: Option<&[(f64, f64)]>,
    ) -> Result<Frame, Failure> {
        let pair = variables.or((target.dim() == 2).then_some([0, 1]));
        let mut frame = match pair {
            Some(pair) => Frame::of_variables(target, end, pair),
            None => Frame::of_ways(ways, end).unwrap_or_else(|| Frame::of_variables(target, end, [0, 1])),
        };
        frame.window = frame.fitted(target, ways, end);
        match (pair, window) {
            (Some(pair), Some(given)) => {
                for (side, i) in frame.window.iter_mut().zip(pair) {
                    *side = narrowed(*side, given[i]);
                }
            }
            (None, Some(_)) => {
                return Err(Failure::usage("a window needs the two variables it is in: add --axes")
                    .with_help("for example `--axes x0,x1 --window x0=-2..2,x1=-1..3`"));
            }
            (_, None) => {}
        }
        Ok(frame)
    }

    fn of_variables(target: &Target, end: &[f64], pair: [usize; 2]) -> Frame {
        let unit = |i: usize| (0..end.len()).map(|j| f64::from(u8::from(i == j))).collect();
        let mut origin = end.to_vec();
        pair.iter().for_each(|&i| origin[i] = 0.0);
        let labels = pair.map(|i| target.names[i].clone());
        Frame { origin, axes: pair.map(unit), labels, window: [(0.0, 1.0); 2] }
    }

    fn of_ways(ways: &[Way], end: &[f64]) -> Option<Frame> {
        let finite = |x: &[f64]| x.iter().all(|v| v.is_finite());
        let offset = |x: &[f64]| -> Vec<f64> { x.iter().zip(end).map(|(a, b)| a - b).collect() };
        let unit = |v: Vec<f64>| -> Option<Vec<f64>> {
            let length = dot(&v, &v).sqrt();
            (length > 0.0 && length.is_finite()).then(|| v.iter().map(|v| v / length).collect())
        };
        let starts = ways.iter().filter_map(|w| w.points().next()).map(|p| p.0);
        let back = unit(starts.filter(|x| finite(x)).map(offset).next()?)?;
        let across = |x: &[f64]| -> Vec<f64> {
            let d = offset(x);
            let along = dot(&d, &back);
            d.iter().zip(&back).map(|(d, b)| d - along * b).collect()
        };
        let points = ways.iter().flat_map(Way::points).map(|p| p.0).filter(|x| finite(x));
        let farthest = points.map(across).max_by(|a, b| dot(a, a).total_cmp(&dot(b, b)))?;
        let across = unit(farthest).or_else(|| {
            // A straight way: any direction across it.
            let i = (0..end.len()).min_by(|&i, &j| back[i].abs().total_cmp(&back[j].abs()))?;
            unit((0..end.len()).map(|j| f64::from(u8::from(i == j)) - back[i] * back[j]).collect())
        })?;
        let labels = ["from the end towards the start".to_string(), "across".to_string()];
        Some(Frame { origin: end.to_vec(), axes: [back, across], labels, window: [(0.0, 1.0); 2] })
    }

    /// The names of the axes.
    pub fn labels(&self) -> [&str; 2] {
        [&self.labels[0], &self.labels[1]]
    }

    /// Writes the point at (a, b).
    pub fn point(&self, a: f64, b: f64, x: &mut [f64]) {
        for (i, x) in x.iter_mut().enumerate() {
            *x = self.origin[i] + a * self.axes[0][i] + b * self.axes[1][i];
        }
    }

    fn project(&self, x: &[f64]) -> (f64, f64) {
        let d: Vec<f64> = x.iter().zip(&self.origin).map(|(x, o)| x - o).collect();
        (dot(&d, &self.axes[0]), dot(&d, &self.axes[1]))
    }

    /// The ways as the figures take them.
    pub fn projected(&self, ways: &[Way]) -> Vec<(String, Vec<(f64, f64)>)> {
        ways.iter().map(|w| (w.name.clone(), w.points().map(|(x, _)| self.project(x)).collect())).collect()
    }

    /// The points up to the first that is outside the window.
    pub fn inside(&self, points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
        let [a, b] = self.window;
        points.into_iter().take_while(|p| p.0 >= a.0 && p.0 <= a.1 && p.1 >= b.0 && p.1 <= b.1).collect()
    }

    /// A window that holds the ways as far as they do not run away, the end, and the known minima.
    fn fitted(&self, target: &Target, ways: &[Way], end: &[f64]) -> [(f64, f64); 2] {
        let mut shown: Vec<(f64, f64)> = vec![self.project(end)];
        shown.extend(ways.iter().flat_map(tame).map(|x| self.project(x)));
        if self.origin.len() == 2 {
            shown.extend(target.minima.iter().filter_map(|m| m.point.as_deref()).take(4).map(|x| self.project(x)));
        }
        if ways.is_empty()
            && let (2, Some(domain)) = (self.origin.len(), &target.domain)
        {
            shown.extend([(domain[0].0, domain[1].0), (domain[0].1, domain[1].1)]);
        }
        let range = |pick: fn(&(f64, f64)) -> f64| {
            let values = || shown.iter().map(pick).filter(|v| v.is_finite());
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
        };
        let sides = [range(|p| p.0), range(|p| p.1)];
        let widest = sides.iter().map(|s| s.1 - s.0).fold(0.0, f64::max);
        sides.map(|side| widened(side, widest))
    }
}

/// The points of a way up to where it runs away: whose value is far beyond the start's.
fn tame(way: &Way) -> impl Iterator<Item = &[f64]> {
    let first = way.points().next().map_or(0.0, |p| p.1);
    let values = || way.points().map(|p| p.1).filter(|v| v.is_finite());
    let reach = values().map(|v| (v - first).abs()).fold(0.0, f64::max);
    let best = values().fold(f64::INFINITY, f64::min);
    let runs_away = reach > 1e3 * (first - best).abs().max(first.abs()).max(1e-300);
    let limit = if runs_away { 30.0 * (first - best).abs().max(first.abs()) } else { f64::INFINITY };
    way.points().filter(move |(x, v)| (v - first).abs() <= limit && x.iter().all(|x| x.is_finite())).map(|p| p.0)
}

/// With a margin, and not too narrow beside the other side.
fn widened((low, high): (f64, f64), widest: f64) -> (f64, f64) {
    let middle = low / 2.0 + high / 2.0;
    let least = if widest > 0.0 { NARROWEST * widest } else { 2.0 * middle.abs().max(1.0) };
    let half = ((high - low) * (0.5 + MARGIN)).max(0.5 * least * (1.0 + 2.0 * MARGIN));
    (middle - half, middle + half)
}

/// With the sides that are given.
fn narrowed(fitted: (f64, f64), given: (f64, f64)) -> (f64, f64) {
    let side = |given: f64, fitted: f64| if given.is_finite() { given } else { fitted };
    let (low, high) = (side(given.0, fitted.0), side(given.1, fitted.1));
    if low < high { (low, high) } else { (low.min(high) - 1.0, low.max(high) + 1.0) }
}

/// The range of a function of one variable.
pub fn curve_window(target: &Target, ways: &[Way], end: &[f64], window: Option<&[(f64, f64)]>) -> (f64, f64) {
    let mut shown: Vec<f64> = vec![end[0]];
    shown.extend(ways.iter().flat_map(tame).map(|x| x[0]));
    if ways.is_empty()
        && let Some(domain) = &target.domain
    {
        shown.extend([domain[0].0, domain[0].1]);
    }
    let (low, high) = shown.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let fitted = widened((low, high), 0.0);
    window.map_or(fitted, |given| narrowed(fitted, given[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ways_are_thinned_and_keep_their_ends() {
        let mut way = Way::new("w", true);
        for k in 0..20_001 {
            way.add(&[f64::from(k)], f64::from(k));
        }
        assert!(way.len() <= MOST + 1);
        let points: Vec<f64> = way.points().map(|p| p.1).collect();
        assert_eq!((points[0], points[points.len() - 1]), (0.0, 20_000.0));
        assert!(points.windows(2).all(|w| w[0] < w[1]));
        assert!(way.values().all(|(step, value)| step as f64 == value), "a value stands at its step");
    }

    #[test]
    fn windows_hold_what_is_shown() {
        assert_eq!(widened((0.0, 10.0), 10.0), (-2.0, 12.0));
        let (low, high) = widened((1.0, 1.0), 10.0);
        assert!((high - low - 4.9).abs() < 1e-12 && (low + high - 2.0).abs() < 1e-12);
        assert_eq!(narrowed((0.0, 1.0), (f64::NEG_INFINITY, 5.0)), (0.0, 5.0));
    }
}
