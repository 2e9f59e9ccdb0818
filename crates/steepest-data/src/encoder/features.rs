//! What each column of an encoded matrix is: its name, the column it comes from, and its scale.

use super::{Encoding, TableEncoder};

/// What a feature says about its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureKind {
    /// A number, shifted and scaled.
    Number,
    /// 1 where the column has a certain level.
    Level,
    /// 1 where the column has one of the pooled or unseen levels.
    Other,
    /// 1 where the column is missing.
    Missing,
    /// A harmonic of the time of day.
    Harmonic,
    /// A sum of ±1 for levels that share it by hashing.
    Hash,
}

/// A column of the encoded matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Its name: `age`, `age missing`, `workclass=Private`, `workclass=other`, `day month=7`, `hash 12`.
    pub name: String,
    /// Name of the column it comes from; empty for a hashed feature.
    pub column: String,
    /// What it says.
    pub kind: FeatureKind,
    /// The encoded value is (x − shift) / scale of the value x in the file.
    pub shift: f64,
    /// See `shift`.
    pub scale: f64,
    /// Features of one group add up to 1 in every training row: the levels of one category. With an intercept and without
    /// a penalty one of them must be left out ([`EncodeOptions::reference`](super::EncodeOptions::reference)).
    pub group: Option<u32>,
}

impl TableEncoder {
    /// Number of columns of the encoded matrix.
    pub fn cols(&self) -> usize {
        let hashed = self.hash_bits.map_or(0, |bits| 1usize << bits);
        self.columns.iter().map(|c| c.encoding.width()).sum::<usize>() + hashed
    }

    /// What each column of the encoded matrix is.
    pub fn features(&self) -> Vec<Feature> {
        let mut list = Vec::with_capacity(self.cols());
        let mut group = 0;
        for column in &self.columns {
            let name = &self.schema.fields[column.field].name;
            column.encoding.describe(name, &mut group, &mut list);
        }
        for bucket in 0..self.hash_bits.map_or(0, |bits| 1usize << bits) {
            list.push(feature(format!("hash {bucket}"), "", FeatureKind::Hash, None));
        }
        list
    }

    /// The coefficients and intercept of a linear model in the units of the file; see
    /// [`Encoder::original_units`](super::Encoder::original_units).
    ///
    /// # Panics
    /// If there are not as many weights as features.
    pub fn original_units(&self, weights: &[f64], intercept: f64) -> (Vec<f64>, f64) {
        original_units(&self.features(), weights, intercept)
    }
}

pub(crate) fn original_units(features: &[Feature], weights: &[f64], intercept: f64) -> (Vec<f64>, f64) {
    assert_eq!(features.len(), weights.len(), "one weight for each feature");
    let coefficients: Vec<f64> = features.iter().zip(weights).map(|(f, w)| w / f.scale).collect();
    let shift: f64 = features.iter().zip(&coefficients).map(|(f, c)| c * f.shift).sum();
    (coefficients, intercept - shift)
}

fn feature(name: String, column: &str, kind: FeatureKind, group: Option<u32>) -> Feature {
    Feature { name, column: column.to_string(), kind, shift: 0.0, scale: 1.0, group }
}

impl Encoding {
    /// Number of features, hashed ones apart.
    pub(crate) fn width(&self) -> usize {
        match self {
            Encoding::Number { missing, .. } => 1 + usize::from(*missing),
            Encoding::Category { levels, other, missing, .. } => {
                levels.len() + usize::from(*other) + usize::from(*missing)
            }
            Encoding::Time { year, months, weekdays, hours, missing } => {
                usize::from(year.is_some())
                    + months.len()
                    + weekdays.len()
                    + 4 * usize::from(*hours)
                    + usize::from(*missing)
            }
            Encoding::Hashed {} => 0,
        }
    }

    fn describe(&self, column: &str, groups: &mut u32, list: &mut Vec<Feature>) {
        let mut push = |name: String, kind, group| list.push(feature(name, column, kind, group));
        let mut next = |partition: bool| {
            *groups += u32::from(partition);
            partition.then(|| *groups - 1)
        };
        match self {
            Encoding::Number { shift, scale, missing, .. } => {
                push(column.to_string(), FeatureKind::Number, None);
                if *missing {
                    push(format!("{column} missing"), FeatureKind::Missing, None);
                }
                let number = list.len() - 1 - usize::from(*missing);
                (list[number].shift, list[number].scale) = (*shift, *scale);
            }
            Encoding::Category { levels, other, missing, reference } => {
                let group = next(reference.is_none());
                levels.iter().for_each(|l| push(format!("{column}={l}"), FeatureKind::Level, group));
                if *other {
                    push(format!("{column}=other"), FeatureKind::Other, group);
                }
                if *missing {
                    push(format!("{column} missing"), FeatureKind::Missing, group);
                }
            }
            Encoding::Time { year, months, weekdays, hours, missing } => {
                let first = list.len();
                let mut push = |name: String, kind, group| list.push(feature(name, column, kind, group));
                if year.is_some() {
                    push(format!("{column} year"), FeatureKind::Number, None);
                }
                // With missing times the parts add up to 0 in some rows, to 1 in the others.
                let group = next(!*missing && !months.is_empty());
                months.iter().for_each(|m| push(format!("{column} month={m}"), FeatureKind::Level, group));
                let group = next(!*missing && !weekdays.is_empty());
                weekdays.iter().for_each(|d| push(format!("{column} weekday={d}"), FeatureKind::Level, group));
                if *hours {
                    for name in ["sin 24h", "cos 24h", "sin 12h", "cos 12h"] {
                        push(format!("{column} {name}"), FeatureKind::Harmonic, None);
                    }
                }
                if *missing {
                    push(format!("{column} missing"), FeatureKind::Missing, None);
                }
                if let Some(year) = year {
                    (list[first].shift, list[first].scale) = (year.shift, year.scale);
                }
            }
            Encoding::Hashed {} => {}
        }
    }
}
