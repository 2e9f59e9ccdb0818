//! The progressive loss: sums of what rows cost before they were learned, with marks at powers of two.

use steepest_core::StateVisitor;

/// The loss so far, and since the last mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Rows so far.
    pub rows: u64,
    /// Σ sφ/Σ s over all rows so far.
    pub mean: f64,
    /// The same over the rows since the mark before.
    pub recent: f64,
}

/// Adds up losses as they are told.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    rows: u64,
    total: Sum,
    weight: Sum,
    /// Both at the last mark.
    marked: (f64, f64),
    marks: Vec<Mark>,
}

/// A sum with the correction of K. G. Neumaier, 1974, doi:10.1002/zamm.19740540106.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, v: f64) {
        let sum = self.sum + v;
        self.lost += if self.sum.abs() >= v.abs() { (self.sum - sum) + v } else { (v - sum) + self.sum };
        self.sum = sum;
    }

    fn value(self) -> f64 {
        self.sum + self.lost
    }
}

impl Progress {
    /// Adds the loss of a row; returns a mark at every power of two.
    pub fn add(&mut self, loss: f64, weight: f64) -> Option<Mark> {
        self.rows += 1;
        self.total.add(weight * loss);
        self.weight.add(weight);
        self.rows.is_power_of_two().then(|| self.mark())
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Σ sφ.
    pub fn total(&self) -> f64 {
        self.total.value()
    }

    /// The progressive loss Σ sφ/Σ s; 0 before the first row.
    pub fn mean(&self) -> f64 {
        ratio(self.total.value(), self.weight.value())
    }

    /// All marks, the last one at the last row.
    pub fn finish(mut self) -> Vec<Mark> {
        if self.marks.last().is_none_or(|m| m.rows < self.rows) && self.rows > 0 {
            self.mark();
        }
        self.marks
    }

    /// Everything that is needed to go on adding up later, to the bit.
    pub fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.int("rows", &mut self.rows);
        for (name, sum) in [("total", &mut self.total), ("weight", &mut self.weight)] {
            state.number(name, &mut sum.sum);
            state.number(&format!("{name}_lost"), &mut sum.lost);
        }
        state.number("marked_total", &mut self.marked.0);
        state.number("marked_weight", &mut self.marked.1);
        // Counts of rows below 2⁵³ are exact as numbers.
        let mut marks: Vec<f64> = self.marks.iter().flat_map(|m| [m.rows as f64, m.mean, m.recent]).collect();
        state.history("marks", &mut marks);
        let triples = marks.as_chunks::<3>().0;
        self.marks = triples.iter().map(|&[rows, mean, recent]| Mark { rows: rows as u64, mean, recent }).collect();
    }

    fn mark(&mut self) -> Mark {
        let (total, weight) = (self.total.value(), self.weight.value());
        let recent = ratio(total - self.marked.0, weight - self.marked.1);
        let mark = Mark { rows: self.rows, mean: self.mean(), recent };
        self.marked = (total, weight);
        self.marks.push(mark);
        mark
    }
}

fn ratio(total: f64, weight: f64) -> f64 {
    if weight > 0.0 { total / weight } else { 0.0 }
}
