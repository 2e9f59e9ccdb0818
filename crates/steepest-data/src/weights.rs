//! Weights of rows and classes, and offsets.
//!
//! A row of weight w counts as w equal rows everywhere: in the objective Σ wᵢφᵢ / Σ wᵢ, in metrics, in the encoder's means. Class
//! weights multiply the weights of their rows.

use thiserror::Error;

use crate::nearest::suggestion;
use crate::table::Column;
use crate::target::Target;

/// What is wrong with weights or offsets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WeightError {
    /// A weight that is negative, infinite or missing.
    #[error("weights `{column}`, row {row}: {value} is no weight; numbers from 0 on are")]
    NotAWeight {
        /// Name of the column.
        column: String,
        /// Number of the row, counted from 1 behind the header.
        row: usize,
        /// What stands there.
        value: String,
    },
    /// All weights are 0.
    #[error("weights `{column}` are 0 in every row")]
    AllZero {
        /// Name of the column.
        column: String,
    },
    /// An offset that is infinite or missing.
    #[error("offset `{column}`, row {row}: {value} is no number")]
    NotAnOffset {
        /// Name of the column.
        column: String,
        /// Number of the row, counted from 1 behind the header.
        row: usize,
        /// What stands there.
        value: String,
    },
    /// A column of words or times.
    #[error("`{column}` does not hold numbers")]
    NotNumbers {
        /// Name of the column.
        column: String,
    },
    /// Class weights for a target without classes.
    #[error("class weights need classes; `{target}` is predicted as a number")]
    NoClasses {
        /// Name of the target.
        target: String,
    },
    /// A class weight for a label that is no class.
    #[error("class weights: `{label}` is no class of `{target}`{suggestion}")]
    UnknownClass {
        /// What was written.
        label: String,
        /// Name of the target.
        target: String,
        /// The classes.
        suggestion: String,
    },
    /// Something that is no list of class weights.
    #[error("class weights: `{written}` is neither `balanced` nor `LABEL=WEIGHT,…` with weights above 0")]
    Unreadable {
        /// What was written.
        written: String,
    },
}

fn numbers<'c>(name: &str, column: &'c Column) -> Result<&'c [f64], WeightError> {
    match column {
        Column::Number(values) => Ok(values),
        _ => Err(WeightError::NotNumbers { column: name.to_string() }),
    }
}

fn show(value: f64) -> String {
    if value.is_nan() { "a missing value".to_string() } else { value.to_string() }
}

/// Checks that the given rows of a column are weights: finite, 0 or more, not all 0.
pub fn check_weights(name: &str, column: &Column, rows: &[u32]) -> Result<(), WeightError> {
    let values = numbers(name, column)?;
    for &i in rows {
        let value = values[i as usize];
        if !(value >= 0.0 && value.is_finite()) {
            return Err(WeightError::NotAWeight { column: name.to_string(), row: i as usize + 1, value: show(value) });
        }
    }
    if rows.iter().all(|&i| values[i as usize] == 0.0) {
        return Err(WeightError::AllZero { column: name.to_string() });
    }
    Ok(())
}

/// Checks that the given rows of a column are offsets: finite.
pub fn check_offsets(name: &str, column: &Column, rows: &[u32]) -> Result<(), WeightError> {
    let values = numbers(name, column)?;
    match rows.iter().find(|&&i| !values[i as usize].is_finite()) {
        None => Ok(()),
        Some(&i) => {
            let value = show(values[i as usize]);
            Err(WeightError::NotAnOffset { column: name.to_string(), row: i as usize + 1, value })
        }
    }
}

/// How much the rows of each class weigh.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum ClassWeights {
    /// All the same.
    #[default]
    Equal,
    /// Each class as much as any other in sum: W / (k · W_c) for the class with weight W_c of W in all, k classes.
    Balanced,
    /// By label; classes not named weigh 1.
    Given(Vec<(String, f64)>),
}

impl std::str::FromStr for ClassWeights {
    type Err = WeightError;

    fn from_str(text: &str) -> Result<ClassWeights, WeightError> {
        let wrong = || WeightError::Unreadable { written: text.to_string() };
        match text.trim() {
            "equal" | "none" => return Ok(ClassWeights::Equal),
            "balanced" => return Ok(ClassWeights::Balanced),
            _ => {}
        }
        let pair = |item: &str| {
            let (label, weight) = item.rsplit_once('=').ok_or_else(wrong)?;
            let weight: f64 = weight.trim().parse().map_err(|_| wrong())?;
            if weight > 0.0 && weight.is_finite() { Ok((label.trim().to_string(), weight)) } else { Err(wrong()) }
        };
        Ok(ClassWeights::Given(text.split(',').map(pair).collect::<Result<_, _>>()?))
    }
}

impl ClassWeights {
    /// The weight of each class. `values` are the classes of the training rows (indices into [`Target::classes`]) and
    /// `weights` the weights of these rows.
    pub fn resolve(&self, target: &Target, values: &[f64], weights: Option<&[f64]>) -> Result<Vec<f64>, WeightError> {
        let k = target.classes.len();
        if k == 0 && *self != ClassWeights::Equal {
            return Err(WeightError::NoClasses { target: target.name.clone() });
        }
        match self {
            ClassWeights::Equal => Ok(vec![1.0; k]),
            ClassWeights::Balanced => {
                let mut sums = vec![0.0; k];
                for (row, &class) in values.iter().enumerate() {
                    sums[class as usize] += weights.map_or(1.0, |w| w[row]);
                }
                let present = sums.iter().filter(|s| **s > 0.0).count() as f64;
                let total: f64 = sums.iter().sum();
                Ok(sums.iter().map(|&s| if s > 0.0 { total / (present * s) } else { 1.0 }).collect())
            }
            ClassWeights::Given(list) => {
                let mut of_class = vec![1.0; k];
                for (label, weight) in list {
                    let at = target.class_of(label).ok_or_else(|| WeightError::UnknownClass {
                        label: label.clone(),
                        target: target.name.clone(),
                        suggestion: suggestion(label, target.classes.iter().map(String::as_str)),
                    })?;
                    of_class[at] = *weight;
                }
                Ok(of_class)
            }
        }
    }
}

/// The weight of each row: its own times that of its class; `None` where all are 1. `values` are classes where there are
/// class weights.
pub fn row_weights(weights: Option<&[f64]>, of_class: &[f64], values: &[f64]) -> Option<Vec<f64>> {
    let equal = of_class.iter().all(|&w| w == 1.0);
    match weights {
        None if equal => None,
        None => Some(values.iter().map(|&c| of_class[c as usize]).collect()),
        Some(weights) if equal => Some(weights.to_vec()),
        Some(weights) => Some(weights.iter().zip(values).map(|(w, &c)| w * of_class[c as usize]).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Task;

    fn target() -> Target {
        Target { name: "y".into(), task: Task::Multiclass, classes: ["a", "b=c", "d"].map(String::from).to_vec() }
    }

    #[test]
    fn balanced_classes_weigh_the_same_in_sum() {
        let values = [0.0, 0.0, 0.0, 1.0, 2.0, 2.0];
        let of_class = ClassWeights::Balanced.resolve(&target(), &values, None).unwrap();
        assert_eq!(of_class, [6.0 / 9.0, 2.0, 1.0]);
        let rows = row_weights(None, &of_class, &values).unwrap();
        assert!((rows[..3].iter().sum::<f64>() - 2.0).abs() < 1e-15 && (rows.iter().sum::<f64>() - 6.0).abs() < 1e-15);
        // A weight is a repetition.
        let weighted = ClassWeights::Balanced.resolve(&target(), &[0.0, 1.0, 2.0], Some(&[3.0, 1.0, 2.0])).unwrap();
        assert_eq!(weighted, of_class);
    }

    #[test]
    fn weights_by_label() {
        let given: ClassWeights = "a=2, b=c=0.5".parse().unwrap();
        assert_eq!(given.resolve(&target(), &[], None).unwrap(), [2.0, 0.5, 1.0]);
        let error = "x=1".parse::<ClassWeights>().unwrap().resolve(&target(), &[], None).unwrap_err();
        assert_eq!(error.to_string(), "class weights: `x` is no class of `y`; did you mean `a`, `d`?");
        assert!(["a", "a=-1", "a=x", "a=0"].iter().all(|t| t.parse::<ClassWeights>().is_err()));
        assert_eq!(row_weights(Some(&[2.0, 3.0]), &[1.0, 2.0], &[0.0, 1.0]), Some(vec![2.0, 6.0]));
        assert_eq!(row_weights(None, &[1.0, 1.0], &[0.0, 1.0]), None);
        assert_eq!(row_weights(None, &[], &[0.5]), None);
    }

    #[test]
    fn bad_weights_name_their_row() {
        let column = Column::Number(vec![1.0, -1.0, f64::NAN, 0.0]);
        let message = |rows: &[u32]| check_weights("w", &column, rows).unwrap_err().to_string();
        assert_eq!(message(&[0, 1]), "weights `w`, row 2: -1 is no weight; numbers from 0 on are");
        assert_eq!(message(&[2]), "weights `w`, row 3: a missing value is no weight; numbers from 0 on are");
        assert_eq!(message(&[3]), "weights `w` are 0 in every row");
        assert_eq!(check_weights("w", &column, &[0, 3]), Ok(()));
        assert_eq!(check_offsets("o", &column, &[0, 1, 3]), Ok(()));
        assert!(check_offsets("o", &column, &[2]).is_err());
    }
}
