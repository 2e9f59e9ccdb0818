//! Non-finite values: how they are announced, and the checks that find them.

use thiserror::Error;

use crate::{Layout, Real};

/// A NaN or an infinity where a finite number was needed, and where it was.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NonFinite {
    /// The loss of one row of the data. Messages count rows from 1, as people do.
    #[error("the loss of row {} is {value}", row.saturating_add(1))]
    Row {
        /// Index of the row, from 0, in the data the objective was built on.
        row: u64,
        /// What was computed.
        value: f64,
    },
    /// The objective as a whole.
    #[error("the objective is {value}")]
    Objective {
        /// What was computed.
        value: f64,
    },
    /// One element of the gradient.
    #[error("the gradient of {element} is {value}")]
    Gradient {
        /// The element: tensor and position in it.
        element: String,
        /// What was computed.
        value: f64,
    },
    /// One parameter.
    #[error("parameter {element} is {value}")]
    Parameter {
        /// The element: tensor and position in it.
        element: String,
        /// What it holds.
        value: f64,
    },
}

impl NonFinite {
    /// The same with the row that `place` says it stands in where it was read; indices that it does not know stay.
    #[must_use]
    pub fn in_rows(self, place: &[u32]) -> NonFinite {
        match self {
            NonFinite::Row { row, value } => {
                let read = usize::try_from(row).ok().and_then(|i| place.get(i));
                NonFinite::Row { row: read.map_or(row, |&i| u64::from(i)), value }
            }
            other => other,
        }
    }
}

/// Index of the first element that is not finite.
///
/// One pass without branches decides; only when it finds something does a second pass look for the place. Multiplying by
/// zero turns every non-finite value into NaN, and NaN survives the sum.
pub fn first_non_finite<T: Real>(values: &[T]) -> Option<usize> {
    const LANES: usize = 16;
    let mut sums = [T::ZERO; LANES];
    let chunks = values.chunks_exact(LANES);
    let tail = chunks.remainder();
    for chunk in chunks {
        for k in 0..LANES {
            sums[k] += chunk[k] * T::ZERO;
        }
    }
    let clean = sums.iter().all(|&s| s == T::ZERO) && tail.iter().all(|v| v.is_finite());
    if clean { None } else { values.iter().position(|v| !v.is_finite()) }
}

/// Checks a gradient and names the first element that is not finite.
///
/// # Errors
/// [`NonFinite::Gradient`] with the tensor and the position.
pub fn check_gradient<T: Real>(gradient: &[T], layout: &Layout) -> Result<(), NonFinite> {
    match first_non_finite(gradient) {
        None => Ok(()),
        Some(i) => Err(NonFinite::Gradient { element: layout.describe(i), value: gradient[i].to_f64() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_them_is_found_anywhere() {
        for len in [0usize, 1, 15, 16, 17, 100] {
            let mut v = vec![1e300f64; len];
            assert_eq!(first_non_finite(&v), None);
            for i in 0..len {
                for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                    let keep = std::mem::replace(&mut v[i], bad);
                    assert_eq!(first_non_finite(&v), Some(i));
                    v[i] = keep;
                }
            }
        }
    }

    #[test]
    fn rows_are_counted_from_one_and_as_they_were_read() {
        let e = NonFinite::Row { row: 2, value: f64::INFINITY };
        assert_eq!(e.to_string(), "the loss of row 3 is inf");
        assert_eq!(e.clone().in_rows(&[10, 7, 41, 3]).to_string(), "the loss of row 42 is inf");
        assert_eq!(e.clone().in_rows(&[1]), e);
    }

    #[test]
    fn the_message_names_the_tensor() {
        let layout = Layout::vector(3);
        let e = check_gradient(&[0.0f32, f32::NAN, 1.0], &layout).unwrap_err();
        assert_eq!(e.to_string(), "the gradient of x[1] is NaN");
    }
}
