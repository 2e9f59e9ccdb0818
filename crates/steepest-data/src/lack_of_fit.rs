//! Whole numbers that act like levels: an hour of the day or a code, where a straight line misses what the values tell.

use std::collections::BTreeMap;

use crate::cast::cast;
use crate::schema::find;
use crate::{Column, Kind, Notice, Schema, Table};

/// Distinct values of a column that may be read as levels.
const FEWEST: usize = 3;
const MOST: usize = 50;
/// Rows a level needs on average, so that its mean is known.
const ROWS_PER_LEVEL: usize = 20;
/// What levels must explain of the target's variance beyond a straight line.
const GAIN: f64 = 0.05;

/// How much of a target a column of whole numbers explains in two ways; both adjusted for the parameters they take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LackOfFit {
    /// Distinct values.
    pub levels: usize,
    /// R² = 1 − (SSₚ/(n − k))/(SS/(n − 1)) of a mean for each of k values, SSₚ about those means.
    pub by_levels: f64,
    /// The same of a straight line, with k = 2.
    pub by_line: f64,
}

/// Compares a mean for each value with a straight line through them, over the rows given; `target` has one number for each of
/// `rows`. `None` where the column has other than whole numbers, fewer than 3 or more than 50 values or fewer than 20 rows
/// a value on average, and where the target does not vary. Missing values are left out. O(rows).
///
/// This is the comparison of the classical test for lack of fit: N. R. Draper and H. Smith, “Applied Regression Analysis”,
/// 3rd edition, 1998, section 2.1.
pub fn lack_of_fit(values: &[f64], target: &[f64], rows: &[u32]) -> Option<LackOfFit> {
    let mut groups: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for (&row, &y) in rows.iter().zip(target) {
        let x = values[row as usize];
        if x.is_nan() {
            continue;
        }
        if x.fract() != 0.0 || x.abs() > 1e9 {
            return None;
        }
        let group = groups.entry(x as i64).or_default();
        (group.0, group.1) = (group.0 + 1.0, group.1 + y);
        (n, sum, squares) = (n + 1.0, sum + y, squares + y * y);
        if groups.len() > MOST {
            return None;
        }
    }
    let k = groups.len();
    if k < FEWEST || n < (k * ROWS_PER_LEVEL) as f64 {
        return None;
    }
    let total = squares - sum * sum / n;
    if total <= 1e-12 * squares {
        return None;
    }
    let mean = groups.iter().map(|(&x, g)| x as f64 * g.0).sum::<f64>() / n;
    let (mut between, mut xx, mut xy) = (0.0, 0.0, 0.0);
    for (&x, &(count, y)) in &groups {
        let x = x as f64 - mean;
        between += (y - count * sum / n).powi(2) / count;
        xx += count * x * x;
        xy += x * y;
    }
    let adjusted = |explained: f64, k: f64| 1.0 - (1.0 - explained / total) * (n - 1.0) / (n - k);
    Some(LackOfFit { levels: k, by_levels: adjusted(between, k as f64), by_line: adjusted(xy * xy / xx, 2.0) })
}

/// Reads feature columns of whole numbers as categories where a mean for each value explains at least 0.05 more of the
/// target's variance than a straight line does. Columns that `fixed` names, as options do, stay as they are. The rows should be those of training.
pub fn read_as_levels(
    table: &mut Table,
    schema: &mut Schema,
    target: &[f64],
    rows: &[u32],
    fixed: &[String],
) -> Vec<Notice> {
    let fixed: Vec<usize> = fixed.iter().filter_map(|written| find(table, written, "--types").ok()).collect();
    let mut notices = Vec::new();
    for &at in &schema.features {
        let Column::Number(values) = &table.columns[at] else { continue };
        if fixed.contains(&at) {
            continue;
        }
        let Some(found) = lack_of_fit(values, target, rows) else { continue };
        if found.by_levels - found.by_line < GAIN {
            continue;
        }
        let Ok(levels) = cast(&table.names[at], &table.columns[at], Kind::Category) else { continue };
        table.columns[at] = levels;
        schema.fields[at].kind = Kind::Category;
        notices.push(Notice::ReadAsLevels { column: table.names[at].clone(), fit: found });
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_explains_a_line_and_levels_a_wave() {
        let rows: Vec<u32> = (0..1200).collect();
        let hour: Vec<f64> = rows.iter().map(|i| f64::from(i % 24)).collect();
        let line: Vec<f64> = hour.iter().map(|h| 3.0 * h - 1.0).collect();
        let found = lack_of_fit(&hour, &line, &rows).unwrap();
        assert_eq!(found.levels, 24);
        assert!((found.by_line - 1.0).abs() < 1e-12 && (found.by_levels - 1.0).abs() < 1e-12, "{found:?}");
        // One full wave over the day has the slope of a sine about its line: R² = 6/π² · (n²/(n²−1)) up to the steps.
        let wave: Vec<f64> = hour.iter().map(|h| (h * std::f64::consts::TAU / 24.0).cos()).collect();
        let found = lack_of_fit(&hour, &wave, &rows).unwrap();
        assert!(found.by_levels > 0.999_999 && found.by_line < 0.05, "{found:?}");
    }

    #[test]
    fn columns_that_cannot_be_levels_are_let_be() {
        let rows: Vec<u32> = (0..300).collect();
        let target: Vec<f64> = rows.iter().map(|&i| f64::from(i % 7)).collect();
        let of = |f: &dyn Fn(u32) -> f64| rows.iter().map(|&i| f(i)).collect::<Vec<f64>>();
        assert!(lack_of_fit(&of(&|i| f64::from(i % 5) + 0.5), &target, &rows).is_none(), "not whole");
        assert!(lack_of_fit(&of(&|i| f64::from(i % 60)), &target, &rows).is_none(), "many values");
        assert!(lack_of_fit(&of(&|i| f64::from(i % 2)), &target, &rows).is_none(), "two values");
        assert!(lack_of_fit(&of(&|i| f64::from(i % 20)), &target, &rows).is_none(), "few rows a value");
        assert!(lack_of_fit(&of(&|i| f64::from(i % 5)), &vec![1.0; 300], &rows).is_none(), "constant target");
        let gaps = of(&|i| if i % 3 == 0 { f64::NAN } else { f64::from(i % 7) });
        assert_eq!(lack_of_fit(&gaps, &target, &rows).unwrap().levels, 7);
    }
}
