//! Contours of a function of two variables over a grid, with the ways that solvers take through them.

use super::color::Ink;
use super::figure::Figure;
use super::matrix::color_bar;
use super::number::{counted, significant};
use super::{Axis, Chart};

/// Values over a rectangular grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
}

impl Grid {
    /// Values `f(x, y)` at all pairs.
    ///
    /// ```
    /// use steepest_report::plot::Grid;
    /// let grid = Grid::of(&[0.0, 1.0], &[0.0, 1.0, 2.0], |x, y| x + 10.0 * y);
    /// assert_eq!(grid.value(1, 2), 21.0);
    /// ```
    pub fn of(x: &[f64], y: &[f64], mut f: impl FnMut(f64, f64) -> f64) -> Grid {
        let z = y.iter().flat_map(|y| x.iter().map(move |x| (*x, *y))).map(|(x, y)| f(x, y)).collect();
        Grid { x: x.to_vec(), y: y.to_vec(), z }
    }

    /// The value at the `i`-th x and the `j`-th y. Panics outside the grid.
    pub fn value(&self, i: usize, j: usize) -> f64 {
        self.z[j * self.x.len() + i]
    }

    /// The places in x.
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// The places in y.
    pub fn y(&self) -> &[f64] {
        &self.y
    }

    /// The smallest and the largest finite value; `None` where there is none.
    pub fn extent(&self) -> Option<(f64, f64)> {
        let finite = || self.z.iter().copied().filter(|v| v.is_finite());
        Some((finite().min_by(f64::total_cmp)?, finite().max_by(f64::total_cmp)?))
    }
}

/// At which heights contours are drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Levels {
    /// So many at equal distances.
    Linear(usize),
    /// So many with equal ratios of their heights above the lowest value, for valleys that are flat against their walls.
    Log(usize),
    /// At these heights.
    At(Vec<f64>),
    /// Twelve; logarithmic where half the grid lies within the lowest tenth of the heights.
    Auto,
}

impl Levels {
    /// The heights, growing, for the values of `grid`.
    pub fn heights(&self, grid: &Grid) -> Vec<f64> {
        let Some((lo, hi)) = grid.extent() else { return Vec::new() };
        let span = hi / 2.0 - lo / 2.0;
        let mut heights: Vec<f64> = match self {
            Levels::At(heights) => heights.clone(),
            Levels::Linear(n) => (1..=*n).map(|k| lo + 2.0 * span * (k as f64 / (*n as f64 + 1.0))).collect(),
            Levels::Log(n) => {
                let mut above: Vec<f64> =
                    grid.z.iter().filter(|v| v.is_finite()).map(|v| v - lo).filter(|d| *d > 0.0).collect();
                above.sort_by(f64::total_cmp);
                // The lowest line encloses about a fiftieth of the grid.
                let lowest = above.get(above.len() / 50).copied().unwrap_or(span);
                let lowest = lowest.max(2.0 * span * 1e-8);
                let ratio = (2.0 * span / lowest).max(1.0);
                (0..*n).map(|k| lo + lowest * ratio.powf(k as f64 / *n as f64)).collect()
            }
            Levels::Auto => {
                let finite = grid.z.iter().filter(|v| v.is_finite());
                let low = finite.clone().filter(|v| *v / 2.0 - lo / 2.0 < 0.1 * span).count();
                let rule = if 2 * low > finite.count() { Levels::Log(12) } else { Levels::Linear(12) };
                return rule.heights(grid);
            }
        };
        heights.retain(|h| h.is_finite());
        heights.sort_by(f64::total_cmp);
        heights.dedup();
        heights
    }
}

/// Contour lines at `height`: open where they leave the grid, else closed. Marching squares with linear interpolation; where
/// a cell is ambiguous the mean of its corners decides.
pub fn contour_lines(grid: &Grid, height: f64) -> Vec<Vec<(f64, f64)>> {
    Marching { grid, height, margin: 0 }.chains()
}

/// The closed outlines of the region where the function is at least `height`.
pub fn contour_regions(grid: &Grid, height: f64) -> Vec<Vec<(f64, f64)>> {
    Marching { grid, height, margin: 1 }.chains()
}

/// One pass of marching squares. With a margin of 1, the grid is surrounded by nodes below everything at the places of its border,
/// so that every chain closes.
struct Marching<'a> {
    grid: &'a Grid,
    height: f64,
    margin: usize,
}

const NONE: u32 = u32::MAX;

impl Marching<'_> {
    fn columns(&self) -> usize {
        self.grid.x.len() + 2 * self.margin
    }

    fn rows(&self) -> usize {
        self.grid.y.len() + 2 * self.margin
    }

    /// Value at a node; below everything outside the grid and where it is not a number.
    fn value(&self, i: usize, j: usize) -> f64 {
        let inside = i >= self.margin
            && j >= self.margin
            && i < self.grid.x.len() + self.margin
            && j < self.grid.y.len() + self.margin;
        let v = if inside { self.grid.value(i - self.margin, j - self.margin) } else { f64::NEG_INFINITY };
        if v.is_nan() { f64::NEG_INFINITY } else { v }
    }

    fn place(&self, i: usize, j: usize) -> (f64, f64) {
        let at = |axis: &[f64], k: usize| axis[k.saturating_sub(self.margin).min(axis.len() - 1)];
        (at(&self.grid.x, i), at(&self.grid.y, j))
    }

    /// Where the contour crosses an edge: edge 2n goes right from node n, edge 2n + 1 up.
    fn crossing(&self, edge: usize) -> (f64, f64) {
        let (node, up) = (edge / 2, edge % 2 == 1);
        let (i, j) = (node % self.columns(), node / self.columns());
        let (k, l) = if up { (i, j + 1) } else { (i + 1, j) };
        let (p, q) = (self.value(i, j), self.value(k, l));
        let share = match (p.is_finite(), q.is_finite()) {
            (true, true) => ((self.height / 2.0 - p / 2.0) / (q / 2.0 - p / 2.0)).clamp(0.0, 1.0),
            (true, false) => 0.0,
            (false, true) => 1.0,
            (false, false) => 0.5,
        };
        let (a, b) = (self.place(i, j), self.place(k, l));
        (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1))
    }

    /// Pairs of edges that the contour joins in a cell, the higher side on the left.
    fn segments(&self, i: usize, j: usize) -> ([(usize, usize); 2], usize) {
        let node = |i: usize, j: usize| j * self.columns() + i;
        let (bottom, left) = (2 * node(i, j), 2 * node(i, j) + 1);
        let (right, top) = (2 * node(i + 1, j) + 1, 2 * node(i, j + 1));
        let corners = [self.value(i, j), self.value(i + 1, j), self.value(i + 1, j + 1), self.value(i, j + 1)];
        let case = corners.iter().enumerate().fold(0, |case, (k, v)| case | (usize::from(*v >= self.height) << k));
        let one = |a, b| ([(a, b), (0, 0)], 1);
        let joined = || corners.iter().map(|v| v / 4.0).sum::<f64>() >= self.height;
        match case {
            1 => one(bottom, left),
            2 => one(right, bottom),
            3 => one(right, left),
            4 => one(top, right),
            5 if joined() => ([(bottom, right), (top, left)], 2),
            5 => ([(bottom, left), (top, right)], 2),
            6 => one(top, bottom),
            7 => one(top, left),
            8 => one(left, top),
            9 => one(bottom, top),
            10 if joined() => ([(left, bottom), (right, top)], 2),
            10 => ([(right, bottom), (left, top)], 2),
            11 => one(right, top),
            12 => one(left, right),
            13 => one(bottom, right),
            14 => one(left, bottom),
            _ => ([(0, 0); 2], 0),
        }
    }

    fn chains(&self) -> Vec<Vec<(f64, f64)>> {
        if self.grid.x.len() < 2 || self.grid.y.len() < 2 || self.height.is_nan() {
            return Vec::new();
        }
        let edges = 2 * self.columns() * self.rows();
        let (mut next, mut entered) = (vec![NONE; edges], vec![false; edges]);
        for j in 0..self.rows() - 1 {
            for i in 0..self.columns() - 1 {
                let (segments, n) = self.segments(i, j);
                for (from, to) in &segments[..n] {
                    next[*from] = *to as u32;
                    entered[*to] = true;
                }
            }
        }
        let mut chains = Vec::new();
        // Open chains begin at edges that no segment enters; what is left is closed.
        for open in [true, false] {
            for start in 0..edges {
                if next[start] == NONE || (open && entered[start]) {
                    continue;
                }
                let mut chain = vec![self.crossing(start)];
                let mut edge = start;
                while next[edge] != NONE {
                    let to = next[edge] as usize;
                    next[edge] = NONE;
                    chain.push(self.crossing(to));
                    edge = to;
                }
                chain.dedup();
                if chain.len() > 1 {
                    chains.push(chain);
                }
            }
        }
        chains
    }
}

/// A constraint over the grid of a contour figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// As the legend calls it.
    pub name: String,
    /// By how much it is violated, at the places of the contours' grid: allowed is what is not above 0, or for an equality what is 0.
    pub excess: Grid,
    /// Whether only the border itself is allowed.
    pub equality: bool,
}

/// Filled contours of `grid` with the ways of solvers over them, each from a ring (start) to a cross (end).
pub fn contour(
    title: &str,
    labels: [&str; 2],
    grid: &Grid,
    levels: &Levels,
    ways: &[(String, Vec<(f64, f64)>)],
) -> Figure {
    contour_within(title, labels, grid, levels, &[], ways)
}

/// The same under constraints: their borders are drawn, and what they forbid is veiled.
pub fn contour_within(
    title: &str,
    labels: [&str; 2],
    grid: &Grid,
    levels: &Levels,
    limits: &[Limit],
    ways: &[(String, Vec<(f64, f64)>)],
) -> Figure {
    let heights = levels.heights(grid);
    let ends = |axis: &[f64]| {
        let finite = || axis.iter().copied().filter(|v| v.is_finite());
        (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max))
    };
    let (x, y) = (ends(&grid.x), ends(&grid.y));
    let mut chart = Chart::new(title, Axis::linear(labels[0]).range(x.0, x.1), Axis::linear(labels[1]).range(y.0, y.1))
        .size(480.0, 430.0)
        .headline()
        .clipped()
        .region(contour_regions(grid, f64::MIN), 0.0);
    for (k, height) in heights.iter().enumerate() {
        chart = chart.region(contour_regions(grid, *height), (k + 1) as f64 / heights.len() as f64);
    }
    for height in &heights {
        chart = chart.isolines(contour_lines(grid, *height), Ink::Paper);
    }
    for limit in limits.iter().filter(|l| !l.equality) {
        chart = chart.veil(contour_regions(&limit.excess, f64::MIN_POSITIVE));
    }
    for limit in limits {
        chart = chart.border(&limit.name, contour_lines(&limit.excess, 0.0));
    }
    for (i, (name, way)) in ways.iter().enumerate() {
        // Orange first: it stands out best on the ramp.
        chart = chart.way(name, way.clone()).colored([1, 3, 5, 0, 4, 2, 6, 7][i % 8]);
    }
    let extent = grid.extent();
    let range = extent.map_or("no finite values".to_string(), |(lo, hi)| {
        format!("values from {} to {}", significant(lo, 4), significant(hi, 4))
    });
    let mut parts = vec![counted(heights.len(), "contour"), range];
    parts.extend((!limits.is_empty()).then(|| counted(limits.len(), "constraint")));
    parts.extend((!ways.is_empty()).then(|| counted(ways.len(), "way")));
    let mut figure = chart.description(parts.join(", ")).figure();
    if let Some((lo, hi)) = extent {
        let y = figure.height + 4.0;
        color_bar(&mut figure.shapes, 0.0, y, 240.0, &significant(lo, 3), &significant(hi, 3), heights.len() + 1);
        figure.height += 32.0;
    }
    figure.readout = None;
    figure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(n: usize) -> Vec<f64> {
        (0..n).map(|i| -2.0 + 4.0 * i as f64 / (n - 1) as f64).collect()
    }

    #[test]
    fn a_circle_is_one_closed_line_on_the_circle() {
        let grid = Grid::of(&axis(81), &axis(81), |x, y| x * x + y * y);
        let lines = contour_lines(&grid, 1.0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        for (x, y) in &lines[0] {
            // Linear interpolation over cells of width h errs by at most h²/8 · f″ = h²/4 in f.
            assert!((x * x + y * y - 1.0).abs() < 0.05 * 0.05 / 4.0 + 1e-12);
        }
    }

    #[test]
    fn open_lines_end_at_the_border() {
        let grid = Grid::of(&axis(21), &axis(31), |x, y| x + 0.3 * y);
        let lines = contour_lines(&grid, 0.25);
        assert_eq!(lines.len(), 1);
        for (x, y) in [lines[0][0], *lines[0].last().unwrap()] {
            assert!(x.abs() == 2.0 || y.abs() == 2.0);
        }
        assert!(lines[0].iter().all(|(x, y)| (x + 0.3 * y - 0.25).abs() < 1e-12));
    }

    /// The area inside closed loops by the shoelace formula; the higher side is on the left, so holes count negative.
    fn area(loops: &[Vec<(f64, f64)>]) -> f64 {
        let double = |l: &Vec<(f64, f64)>| l.windows(2).map(|w| w[0].0 * w[1].1 - w[1].0 * w[0].1).sum::<f64>();
        loops.iter().map(double).sum::<f64>() / 2.0
    }

    #[test]
    fn regions_close_and_have_the_right_area() {
        let grid = Grid::of(&axis(201), &axis(201), |x, y| x * x + y * y);
        let regions = contour_regions(&grid, 1.0);
        assert!(regions.iter().all(|l| l.first() == l.last()));
        assert!((area(&regions) - (16.0 - std::f64::consts::PI)).abs() < 1e-3, "{}", area(&regions));
        assert!((area(&contour_regions(&grid, f64::MIN)) - 16.0).abs() < 1e-9);
        assert!(contour_regions(&grid, 9.0).is_empty());
    }

    #[test]
    fn saddles_and_holes_are_survived() {
        let saddle = Grid::of(&[0.0, 1.0], &[0.0, 1.0], |x, y| if x == y { 1.0 } else { 0.0 });
        assert_eq!(contour_lines(&saddle, 0.6).len(), 2);
        assert_eq!(contour_lines(&saddle, 0.4).len(), 2);
        let holed = Grid::of(&axis(41), &axis(41), |x, y| if x > 1.0 { f64::NAN } else { x / y });
        for height in Levels::Linear(9).heights(&holed) {
            contour_regions(&holed, height);
        }
        let empty = Grid::of(&[], &[], |_, _| 0.0);
        assert!(contour_lines(&empty, 0.0).is_empty() && Levels::Auto.heights(&empty).is_empty());
        contour("none", ["x", "y"], &empty, &Levels::Auto, &[]);
    }

    #[test]
    fn what_constraints_forbid_is_veiled_and_described() {
        let grid = Grid::of(&axis(41), &axis(41), |x, y| x * x + y * y);
        let limit = |equality| Limit {
            name: "x + y >= 2".into(),
            excess: Grid::of(&axis(41), &axis(41), |x, y| 2.0 - x - y),
            equality,
        };
        let way = vec![("lm".to_string(), vec![(0.0, 0.0), (1.0, 1.0)])];
        let plain = contour("f", ["x", "y"], &grid, &Levels::Auto, &way);
        let within = |equality| contour_within("f", ["x", "y"], &grid, &Levels::Auto, &[limit(equality)], &way);
        assert!(plain.description.ends_with("1 way"), "{}", plain.description);
        assert!(within(false).description.contains("1 constraint, 1 way"));
        let (veiled, bordered) = (within(false).to_svg(), within(true).to_svg());
        assert!(veiled.contains(r#"opacity="0.62""#) && !bordered.contains(r#"opacity="0.62""#));
        assert!(bordered.contains("x + y &gt;= 2"), "the legend names it");
    }

    #[test]
    fn narrow_valleys_get_logarithmic_levels() {
        let grid = Grid::of(&axis(61), &axis(61), |x, y| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2));
        let heights = Levels::Auto.heights(&grid);
        assert_eq!(heights.len(), 12);
        assert!(heights.windows(3).all(|h| h[2] - h[1] > h[1] - h[0]));
        let (lo, hi) = grid.extent().unwrap();
        assert!(heights.iter().all(|h| *h > lo && *h < hi));
    }
}
