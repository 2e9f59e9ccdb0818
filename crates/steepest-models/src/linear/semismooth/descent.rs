//! Newton's method on the smoothed problem, whichever space its unknowns live in.

use super::rows::SmoothRows;

/// The unknowns of the smoothed problem, and the quadratic that they carry besides the rows.
pub(super) trait Space {
    /// Finds the Newton direction for rows with these dual values; `inside` has the weights of those inside their boxes, 0 for the
    /// others. Writes the changes of the margins, and returns slope and curvature of the quadratic along it; `None` when the system is singular.
    fn direction(&mut self, rows: &SmoothRows, dual: &[f64], inside: &[f64], dz: &mut Vec<f64>) -> Option<[f64; 2]>;

    /// Goes `t` along the direction found last.
    fn advance(&mut self, t: f64);
}

/// How a descent went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Descent {
    /// Newton steps made.
    pub(super) steps: u64,
    /// Whether the rows inside their boxes have settled, so that the minimum is near.
    pub(super) settled: bool,
    /// Whether no step was found that lowers the objective in working precision.
    pub(super) still: bool,
}

/// Newton steps until not more than the share `tolerance` of the rows inside their boxes came or went in a full one, at most `most`.
pub(super) fn descend(space: &mut impl Space, rows: &mut SmoothRows, tolerance: f64, most: u64) -> Descent {
    let (mut dual, mut inside, mut next, mut dz) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    rows.look(&mut dual, &mut inside);
    let mut steps = 0;
    while steps < most {
        let Some([first, second]) = space.direction(rows, &dual, &inside, &mut dz) else {
            return Descent { steps, settled: false, still: true };
        };
        let t = rows.search(&dz, first, second);
        if t == 0.0 {
            return Descent { steps, settled: true, still: steps == 0 };
        }
        space.advance(t);
        rows.z.iter_mut().zip(&dz).for_each(|(z, dz)| *z += t * dz);
        steps += 1;
        rows.look(&mut dual, &mut next);
        let changed = next.iter().zip(&inside).filter(|(a, b)| a != b).count();
        let count = next.iter().filter(|p| **p > 0.0).count();
        std::mem::swap(&mut inside, &mut next);
        if changed as f64 <= tolerance * count as f64 && (t - 1.0).abs() <= 0.1 {
            return Descent { steps, settled: true, still: false };
        }
    }
    Descent { steps, settled: false, still: false }
}
