//! Fitting the encoding on the training rows.

use rayon::prelude::*;

use super::calendar::Parts;
use super::moments::{Moments, median};
use super::{
    ColumnEncoding, EncodeError, EncodeOptions, Encoding, Impute, Standardize, Storage, TableEncoder, VERSION,
    YearScale,
};
use crate::cast::level_of;
use crate::notice::Notice;
use crate::schema::Schema;
use crate::table::{Column, MISSING, Table};

/// The training rows and what weighs them.
struct Rows<'a> {
    rows: &'a [u32],
    weights: Option<&'a [f64]>,
    options: &'a EncodeOptions,
}

/// The encoding of a column and how many values other than 0 it makes on the training rows, or why it has none.
type Fitted = (Option<(Encoding, usize)>, Vec<Notice>);

impl TableEncoder {
    /// Fits on the given rows of the table that `schema` was made from.
    ///
    /// `weights`, one for each row of the table, make a row of weight 2 count as two rows, in means and deviations as in
    /// the counts of levels. Each column is fitted by itself, in parallel; the result is the same for any number of threads.
    pub fn fit(
        table: &Table,
        schema: Schema,
        rows: &[u32],
        weights: Option<&[f64]>,
        options: &EncodeOptions,
    ) -> Result<(TableEncoder, Vec<Notice>), EncodeError> {
        if rows.is_empty() {
            return Err(EncodeError::NoRows);
        }
        let on = Rows { rows, weights, options };
        let fitted: Vec<Fitted> =
            schema.features.par_iter().map(|&at| on.fit(&table.names[at], &table.columns[at])).collect();
        let mut columns = Vec::new();
        let mut notices = Vec::new();
        let mut stored = 0;
        for (&field, (encoding, found)) in schema.features.iter().zip(fitted) {
            notices.extend(found);
            if let Some((encoding, nonzero)) = encoding {
                stored += nonzero;
                columns.push(ColumnEncoding { field, encoding });
            }
        }
        let hashed = columns.iter().any(|c| c.encoding == Encoding::Hashed {});
        let hash_bits = options.hash_bits.filter(|_| hashed);
        let mut encoder = TableEncoder { version: VERSION, schema, storage: Storage::Dense, hash_bits, columns };
        let cols = encoder.cols();
        if cols == 0 {
            return Err(EncodeError::NoFeatures);
        }
        if cols >= u32::MAX as usize {
            return Err(EncodeError::TooManyFeatures { features: cols as u64 });
        }
        let sparse = stored as f64 <= 0.25 * cols as f64 * rows.len() as f64;
        encoder.storage = options.storage.unwrap_or(if sparse { Storage::Sparse } else { Storage::Dense });
        Ok((encoder, notices))
    }
}

impl Rows<'_> {
    fn fit(&self, name: &str, column: &Column) -> Fitted {
        match column {
            Column::Number(values) => self.number(name, values),
            Column::Category { codes, levels } => match self.options.hash_bits {
                Some(_) => (Some((Encoding::Hashed {}, self.rows.len())), vec![]),
                None => self.category(name, codes, levels),
            },
            Column::Time(values) => self.time(name, values),
        }
    }

    fn number(&self, name: &str, values: &[f64]) -> Fitted {
        let column = name.to_string();
        let m = Moments::of(values, self.rows, self.weights);
        let mut notices = Vec::new();
        if m.infinite > 0 {
            notices.push(Notice::Infinite { column: column.clone(), count: m.infinite });
        }
        let missing = m.missing + m.infinite > 0;
        if m.count == 0 || m.weight == 0.0 {
            notices.push(Notice::AllMissing { column });
            return (None, notices);
        }
        if m.is_constant() && !missing {
            notices.push(Notice::Constant { column, value: level_of(m.least) });
            return (None, notices);
        }
        let fill = match self.options.impute {
            Impute::Mean => m.mean,
            Impute::Median if missing => median(values, self.rows, self.weights),
            Impute::Median => m.mean,
        };
        let standardize = self.options.standardize.unwrap_or(Standardize::Standard);
        let (shift, scale) = affine(standardize, &m);
        let encoding = Encoding::Number { shift, scale, fill, missing };
        let nonzero = if shift == 0.0 { m.nonzero } else { m.count } + m.missing + m.infinite;
        (Some((encoding, nonzero)), notices)
    }

    fn category(&self, name: &str, codes: &[u32], levels: &[String]) -> Fitted {
        let mut weight = vec![0.0; levels.len()];
        let mut missing = false;
        for &i in self.rows {
            match codes[i as usize] {
                MISSING => missing = true,
                code => weight[code as usize] += self.weights.map_or(1.0, |w| w[i as usize]),
            }
        }
        let least = self.options.min_level.unwrap_or(if self.rows.len() >= 500 { 5.0 } else { 2.0 });
        let present: Vec<usize> = (0..levels.len()).filter(|&l| weight[l] > 0.0).collect();
        let mut kept: Vec<usize> = present.iter().copied().filter(|&l| weight[l] >= least).collect();
        let column = name.to_string();
        let mut notices = Vec::new();
        if kept.is_empty() && !missing {
            notices.push(match present[..] {
                [] => Notice::AllMissing { column },
                _ => Notice::OnlyRareLevels { column, levels: present.len() },
            });
            return (None, notices);
        }
        if present.len() == 1 && !missing {
            notices.push(Notice::Constant { column, value: format!("`{}`", levels[present[0]]) });
            return (None, notices);
        }
        if kept.len() > self.options.max_levels {
            kept.sort_by(|&a, &b| weight[b].total_cmp(&weight[a]).then_with(|| levels[a].cmp(&levels[b])));
            kept.truncate(self.options.max_levels);
            notices.push(Notice::ManyLevels { column, levels: present.len(), kept: kept.len() });
        }
        let other = kept.len() < present.len();
        kept.sort_by(|&a, &b| levels[a].cmp(&levels[b]));
        let most = kept.iter().copied().rev().max_by(|&a, &b| weight[a].total_cmp(&weight[b]));
        let reference = most.filter(|_| self.options.reference);
        kept.retain(|&l| Some(l) != reference);
        let encoding = Encoding::Category {
            levels: kept.iter().map(|&l| levels[l].clone()).collect(),
            other,
            missing,
            reference: reference.map(|l| levels[l].clone()),
        };
        (Some((encoding, self.rows.len())), notices)
    }

    fn time(&self, name: &str, values: &[f64]) -> Fitted {
        let mut months = [false; 13];
        let mut weekdays = [false; 8];
        let mut hours = false;
        let years: Vec<f64> = self
            .rows
            .iter()
            .map(|&i| {
                let Some(parts) = Parts::of(values[i as usize]) else { return f64::NAN };
                months[parts.month as usize] = true;
                weekdays[parts.weekday as usize] = true;
                hours |= parts.day_share > 0.0;
                parts.year as f64
            })
            .collect();
        let all: Vec<u32> = (0..years.len() as u32).collect();
        let weights: Option<Vec<f64>> = self.weights.map(|w| self.rows.iter().map(|&i| w[i as usize]).collect());
        let m = Moments::of(&years, &all, weights.as_deref());
        let column = name.to_string();
        if m.count == 0 || m.weight == 0.0 {
            return (None, vec![Notice::AllMissing { column }]);
        }
        let missing = m.missing > 0;
        let (shift, scale) = affine(self.options.standardize.unwrap_or(Standardize::Standard), &m);
        let year = (!m.is_constant()).then_some(YearScale { shift, scale, fill: m.mean });
        // One part is the reference where one is wanted; a part that is always the same says nothing.
        let list = |seen: &[bool]| {
            let parts: Vec<u8> = (1..seen.len() as u8).filter(|&k| seen[k as usize]).collect();
            let skip = usize::from(self.options.reference);
            if parts.len() > 1 { parts[skip..].to_vec() } else { vec![] }
        };
        let encoding = Encoding::Time { year, months: list(&months), weekdays: list(&weekdays), hours, missing };
        if encoding.width() == 0 {
            let value = "the same day".to_string();
            return (None, vec![Notice::Constant { column, value }]);
        }
        let each = usize::from(year.is_some()) + 2 + 4 * usize::from(hours);
        (Some((encoding, each * self.rows.len())), vec![])
    }
}

fn affine(standardize: Standardize, m: &Moments) -> (f64, f64) {
    let (shift, scale) = match standardize {
        Standardize::None => (0.0, 1.0),
        Standardize::Standard => (m.mean, m.sd),
        Standardize::Scale => (0.0, m.sd),
        Standardize::MaxAbs => (0.0, m.least.abs().max(m.most.abs())),
    };
    // A column that is constant where it is not missing has no spread.
    (shift, if scale > 0.0 && scale.is_finite() { scale } else { 1.0 })
}
