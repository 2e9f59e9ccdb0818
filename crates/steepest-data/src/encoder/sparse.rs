//! Encoding of numbered features (svmlight files): nothing but an optional scale for each, so that zeros stay zeros.
//!
//! By default features are divided by their largest absolute value over the training rows, but only when the largest of the
//! whole matrix is not already between ½ and 1: indicator features, normalized tf-idf and files scaled to [−1, 1] pass
//! unchanged, to the bit and without a copy.

use serde::{Deserialize, Serialize};

use super::features::{Feature, FeatureKind};
use super::{EncodeError, EncodeOptions, Standardize, VERSION};
use crate::matrix::{Matrix, Sparse, Values};
use crate::notice::Notice;

/// The scale of each numbered feature, fitted on the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SparseEncoder {
    version: u32,
    cols: usize,
    /// The number in the file of the first column: 0 or 1.
    base: u32,
    /// What each feature is divided by; absent if by nothing.
    scale: Option<Vec<f64>>,
}

impl SparseEncoder {
    /// Fits on the given rows of a matrix; `base` is the number that the file gives to its first column.
    ///
    /// Only `standardize` of the options applies, and `standard` (which would fill all zeros) is taken as `scale`.
    /// With weights (one for each row of the matrix) a row of weight 2 counts as two.
    pub fn fit(
        matrix: &Sparse,
        base: u32,
        rows: &[u32],
        weights: Option<&[f64]>,
        options: &EncodeOptions,
    ) -> Result<SparseEncoder, EncodeError> {
        if rows.is_empty() {
            return Err(EncodeError::NoRows);
        }
        if matrix.cols == 0 {
            return Err(EncodeError::NoFeatures);
        }
        let scale = match options.standardize {
            Some(Standardize::None) => None,
            Some(Standardize::MaxAbs) => Some(max_abs(matrix, rows)),
            Some(Standardize::Scale | Standardize::Standard) => Some(deviations(matrix, rows, weights)),
            None if matches!(matrix.values, Values::Ones(_)) => None,
            None => {
                let largest = max_abs(matrix, rows);
                let overall = largest.iter().copied().fold(0.0, f64::max);
                (!(0.5..=1.0).contains(&overall)).then_some(largest)
            }
        };
        // A feature that the training rows never have keeps its scale.
        let sound = |s: f64| if s > 0.0 && s.is_finite() { s } else { 1.0 };
        let scale: Option<Vec<f64>> = scale.map(|list| list.into_iter().map(sound).collect());
        let scale = scale.filter(|list| list.iter().any(|&s| s != 1.0));
        Ok(SparseEncoder { version: VERSION, cols: matrix.cols, base, scale })
    }

    /// Number of features.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// What each feature is divided by; `None` if by nothing.
    pub fn scale(&self) -> Option<&[f64]> {
        self.scale.as_deref()
    }

    /// What each column is; features are named by their numbers in the file.
    pub fn features(&self) -> Vec<Feature> {
        let feature = |j: usize| {
            let name = (j as u64 + u64::from(self.base)).to_string();
            let scale = self.scale.as_ref().map_or(1.0, |s| s[j]);
            Feature { column: name.clone(), name, kind: FeatureKind::Number, shift: 0.0, scale, group: None }
        };
        (0..self.cols).map(feature).collect()
    }

    /// Encodes a whole matrix, in place where it can. Features beyond those of training are dropped with a notice; a matrix
    /// with fewer is taken to have zeros there.
    pub fn transform(&self, mut matrix: Sparse) -> Result<(Matrix, Vec<Notice>), EncodeError> {
        if self.version != VERSION {
            return Err(EncodeError::Version { found: self.version });
        }
        let before = matrix.values.len();
        matrix.set_cols(self.cols);
        let ignored = before - matrix.values.len();
        let notices = match ignored {
            0 => vec![],
            _ => vec![Notice::ExtraFeatures { known: self.cols, ignored }],
        };
        if let Some(scale) = &self.scale {
            matrix.divide_columns(scale);
            if let Some((row, column)) = matrix.first_not_finite() {
                let feature = (column as u64 + u64::from(self.base)).to_string();
                return Err(EncodeError::Overflow { row: row + 1, feature });
            }
        }
        Ok((Matrix::Sparse(matrix), notices))
    }

    /// Encodes several lists of rows, as the parts of a split.
    pub fn transform_parts(
        &self,
        matrix: &Sparse,
        parts: &[&[u32]],
    ) -> Result<(Vec<Matrix>, Vec<Notice>), EncodeError> {
        let mut notices: Vec<Notice> = Vec::new();
        let mut matrices = Vec::with_capacity(parts.len());
        for rows in parts {
            let (part, found) = self.transform(matrix.select(rows))?;
            matrices.push(part);
            notices.extend(found);
        }
        Ok((matrices, notices))
    }
}

fn max_abs(matrix: &Sparse, rows: &[u32]) -> Vec<f64> {
    let mut largest = vec![0.0f64; matrix.cols];
    for &i in rows {
        for k in matrix.starts[i as usize]..matrix.starts[i as usize + 1] {
            let slot = &mut largest[matrix.indices[k] as usize];
            *slot = slot.max(matrix.values.get(k).abs());
        }
    }
    largest
}

/// Standard deviations about the mean, zeros included. Values are first divided by the largest of their column, and
/// deviations taken about the mean of the stored values, so that nothing overflows or cancels.
fn deviations(matrix: &Sparse, rows: &[u32], weights: Option<&[f64]>) -> Vec<f64> {
    let unit = max_abs(matrix, rows);
    let weight = |i: u32| weights.map_or(1.0, |w| w[i as usize]);
    let total: f64 = rows.iter().map(|&i| weight(i)).sum();
    let mut stored = vec![0.0; matrix.cols];
    let mut mean = vec![0.0; matrix.cols];
    let mut squares = vec![0.0; matrix.cols];
    // Welford's update with weights (West 1979, doi:10.1145/359146.359153).
    for &i in rows {
        let w = weight(i);
        for k in matrix.starts[i as usize]..matrix.starts[i as usize + 1] {
            let j = matrix.indices[k] as usize;
            if w == 0.0 || unit[j] == 0.0 {
                continue;
            }
            let apart = matrix.values.get(k) / unit[j] - mean[j];
            stored[j] += w;
            mean[j] += apart * w / stored[j];
            squares[j] += apart * apart * w * (stored[j] - w) / stored[j];
        }
    }
    // The zeros join as one block with mean 0.
    let deviation = |j: usize| {
        let zeros = (total - stored[j]).max(0.0);
        let all = squares[j] + mean[j] * mean[j] * (stored[j] * zeros / total);
        let sd = (all / total).sqrt();
        // A feature that is the same in every row has no spread but the rounding of the sums.
        if sd > 1e-14 { sd * unit[j] } else { 1.0 }
    };
    (0..matrix.cols).map(deviation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows (1, 0, 4), (3, 0, 0), (0, 2, −2).
    fn matrix() -> Sparse {
        let values = Values::narrow(vec![1.0, 4.0, 3.0, 2.0, -2.0]);
        Sparse { rows: 3, cols: 3, starts: vec![0, 2, 3, 5], indices: vec![0, 2, 0, 1, 2], values }
    }

    fn fit(matrix: &Sparse, standardize: Option<Standardize>) -> SparseEncoder {
        let options = EncodeOptions { standardize, ..EncodeOptions::default() };
        SparseEncoder::fit(matrix, 1, &[0, 1, 2], None, &options).unwrap()
    }

    #[test]
    fn counts_are_divided_by_the_largest_and_scaled_files_pass() {
        assert_eq!(fit(&matrix(), None).scale(), Some(&[3.0, 2.0, 4.0][..]));
        let mut scaled = matrix();
        scaled.values = Values::narrow(vec![1.0, 0.5, -0.25, 0.125, 0.7]);
        assert_eq!(fit(&scaled, None).scale(), None);
        assert_eq!(fit(&scaled, Some(Standardize::MaxAbs)).scale(), Some(&[1.0, 0.125, 0.7][..]));
        assert_eq!(fit(&matrix(), Some(Standardize::None)).scale(), None);
        let only_first = SparseEncoder::fit(&matrix(), 1, &[0], None, &EncodeOptions::default()).unwrap();
        assert_eq!(only_first.scale(), Some(&[1.0, 1.0, 4.0][..]), "features unseen in training keep their scale");
    }

    #[test]
    fn deviations_count_the_zeros() {
        let encoder = fit(&matrix(), Some(Standardize::Scale));
        let sd = |x: [f64; 3]| {
            let mean = x.iter().sum::<f64>() / 3.0;
            (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 3.0).sqrt()
        };
        let expected = [sd([1.0, 3.0, 0.0]), sd([0.0, 0.0, 2.0]), sd([4.0, 0.0, -2.0])];
        for (found, expected) in encoder.scale().unwrap().iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 1e-14);
        }
        let weighted = SparseEncoder::fit(
            &matrix(),
            1,
            &[0, 1, 2],
            Some(&[2.0, 1.0, 0.0]),
            &EncodeOptions { standardize: Some(Standardize::Scale), ..EncodeOptions::default() },
        );
        let found = weighted.unwrap().scale().unwrap()[0];
        assert!((found / sd([1.0, 1.0, 3.0]) - 1.0).abs() < 1e-14, "a weight is a repetition");
    }

    #[test]
    fn another_file_may_have_fewer_or_more_features() {
        let encoder = fit(&matrix(), None);
        let wider = Sparse { cols: 5, indices: vec![0, 4, 0, 1, 2], ..matrix() };
        let (encoded, notices) = encoder.transform(wider).unwrap();
        assert_eq!((encoded.cols(), encoded.stored()), (3, 4));
        assert_eq!(notices, [Notice::ExtraFeatures { known: 3, ignored: 1 }]);
        let narrower = Sparse { rows: 1, cols: 1, starts: vec![0, 1], indices: vec![0], values: Values::Ones(1) };
        let (encoded, notices) = encoder.transform(narrower).unwrap();
        assert_eq!((encoded.cols(), notices.len()), (3, 0));
        encoded.for_row(0, |j, v| assert_eq!((j, v), (0, 1.0 / 3.0)));
    }

    #[test]
    fn names_and_json_survive() {
        let encoder = fit(&matrix(), Some(Standardize::Scale));
        assert_eq!(encoder.features()[2].name, "3");
        let text = serde_json::to_string(&encoder).unwrap();
        assert_eq!(serde_json::from_str::<SparseEncoder>(&text).unwrap(), encoder);
    }
}
