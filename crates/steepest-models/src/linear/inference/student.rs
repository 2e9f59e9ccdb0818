//! Student's distribution, for intervals and p-values.

use statrs::distribution::{Continuous, ContinuousCDF, Normal, StudentsT};

/// The probability outside the intervals.
pub(super) const OUTSIDE: f64 = 0.05;

pub(super) fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("at least one degree of freedom")
}

/// t with P(|T| > t) = 0.05, by Newton's method from the left: the survival function is convex there, so that no step
/// overshoots.
pub(super) fn student_reach(freedom: f64) -> f64 {
    let distribution = student(freedom);
    let mut t = Normal::standard().inverse_cdf(1.0 - OUTSIDE / 2.0);
    for _ in 0..100 {
        let step = (distribution.sf(t) - OUTSIDE / 2.0) / distribution.pdf(t);
        t += step;
        if step.abs() <= 1e-14 * t {
            break;
        }
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy.stats.t.ppf(0.975, ν).
    #[test]
    fn quantiles_of_student() {
        let known = [
            (1.0, 12.706204736174694),
            (2.5, 3.5746548420036817),
            (7.0, 2.364624251592784),
            (100.0, 1.9839715185235518),
            (1e5, 1.9599877075346095),
            (1e7, 1.959964221767205),
        ];
        for (freedom, t) in known {
            assert!((student_reach(freedom) - t).abs() < 1e-8 * t, "{freedom}: {} {t}", student_reach(freedom));
        }
    }
}
