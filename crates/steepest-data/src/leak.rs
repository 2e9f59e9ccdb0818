//! Columns that tell the target by themselves, which are often recorded after it.
//!
//! Nothing is left out for it: a rule that fits perfectly may be the very thing to find. From 20 rows on, a notice is given for
//!
//! - a number that is the target times a constant plus another (correlation beyond 1 − 10⁻⁹), and two numbers whose sum is the
//!   target (such as casual + registered = all riders);
//! - a category of which every level has one class or target only, on average three rows or more a level;
//! - a number that orders all classes: no class reaches into the range of another.

use crate::notice::Notice;
use crate::schema::Schema;
use crate::table::{Column, MISSING, Table};
use crate::target::{Target, TargetValues, Task};

const ROWS: usize = 20;

/// Number columns of which all pairs are tried as a sum.
const PAIRED: usize = 200;

/// A notice for each feature of the schema, or sum of two, that alone tells the target. O(rows · columns), and a few rows
/// for each pair.
pub fn leaks(table: &Table, schema: &Schema, target: &Target, values: &TargetValues) -> Vec<Notice> {
    if values.rows.len() < ROWS {
        return vec![];
    }
    let rows = &values.rows;
    let y = &values.values;
    let tells = |column: &Column| match column {
        Column::Number(x) | Column::Time(x) if target.task == Task::Regression => is_affine(x, y, rows),
        Column::Number(x) | Column::Time(x) => orders_classes(x, y, rows, target.classes.len()),
        Column::Category { codes, levels } => decides(codes, levels.len(), y, rows),
    };
    let notice = |column: String| Notice::Leak { column, target: target.name.clone() };
    let alone = schema.features.iter().filter(|&&at| tells(&table.columns[at]));
    let mut notices: Vec<Notice> = alone.map(|&at| notice(table.names[at].clone())).collect();
    if target.task == Task::Regression {
        let numbers: Vec<(usize, &[f64])> = schema
            .features
            .iter()
            .filter_map(|&at| match &table.columns[at] {
                Column::Number(x) => Some((at, &x[..])),
                _ => None,
            })
            .take(PAIRED)
            .collect();
        for (k, &(a, xa)) in numbers.iter().enumerate() {
            for &(b, xb) in &numbers[k + 1..] {
                // A constant target or a column of zeros makes no sum worth a word.
                let sum = |i: u32| xa[i as usize] + xb[i as usize] == y[i as usize];
                let both = |x: &[f64]| rows.iter().any(|&i| x[i as usize] != 0.0);
                if rows.iter().all(|&i| sum(i)) && both(xa) && both(xb) {
                    notices.push(notice(format!("{} + {}", table.names[a], table.names[b])));
                }
            }
        }
    }
    notices
}

fn is_affine(x: &[f64], y: &[f64], rows: &[u32]) -> bool {
    let n = rows.len() as f64;
    let mean = |v: &[f64]| rows.iter().map(|&i| v[i as usize]).sum::<f64>() / n;
    let (mx, my) = (mean(x), mean(y));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for &i in rows {
        let (dx, dy) = (x[i as usize] - mx, y[i as usize] - my);
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
    }
    // Missing values make this NaN, and so no leak.
    xx > 0.0 && yy > 0.0 && (xy / xx.sqrt() / yy.sqrt()).abs() > 1.0 - 1e-9
}

fn orders_classes(x: &[f64], y: &[f64], rows: &[u32], classes: usize) -> bool {
    let mut range = vec![(f64::INFINITY, f64::NEG_INFINITY); classes];
    for &i in rows {
        let v = x[i as usize];
        if v.is_nan() {
            return false;
        }
        let r = &mut range[y[i as usize] as usize];
        *r = (r.0.min(v), r.1.max(v));
    }
    range.retain(|r| r.0 <= r.1);
    range.sort_by(|a, b| a.0.total_cmp(&b.0));
    range.len() > 1 && range.windows(2).all(|pair| pair[0].1 < pair[1].0)
}

fn decides(codes: &[u32], levels: usize, y: &[f64], rows: &[u32]) -> bool {
    let mut value: Vec<Option<f64>> = vec![None; levels];
    for &i in rows {
        let code = codes[i as usize];
        if code == MISSING || *value[code as usize].get_or_insert(y[i as usize]) != y[i as usize] {
            return false;
        }
    }
    let seen: Vec<f64> = value.into_iter().flatten().collect();
    seen.len() * 3 <= rows.len() && seen.iter().any(|&v| v != seen[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Choices;
    use crate::target::TargetChoices;

    fn found(columns: Vec<(&str, Column)>) -> Vec<String> {
        let rows = columns[0].1.len();
        let (names, columns) = columns.into_iter().map(|(n, c)| (n.to_string(), c)).unzip();
        let mut table = Table { names, columns, rows };
        let choices = Choices { target: Some("y".into()), ..Choices::default() };
        let (schema, _) = Schema::resolve(&mut table, &choices).unwrap();
        let y = table.position("y").unwrap();
        let (target, values, _) = Target::detect("y", &table.columns[y], &TargetChoices::default()).unwrap();
        let notices = leaks(&table, &schema, &target, &values);
        notices
            .into_iter()
            .map(|n| match n {
                Notice::Leak { column, .. } => column,
                other => panic!("{other}"),
            })
            .collect()
    }

    fn number(n: usize, f: impl Fn(f64) -> f64) -> Column {
        Column::Number((0..n).map(|i| f(i as f64)).collect())
    }

    #[test]
    fn copies_and_sums_of_a_number_are_found() {
        let wave = |i: f64| (i * 7.0 % 11.0) + 0.5;
        let list = found(vec![
            ("double", number(40, |i| 2.0 * (wave(i) + 2.0 * i) - 3.0)),
            ("a", number(40, wave)),
            ("b", number(40, |i| 2.0 * i)),
            ("near", number(40, |i| wave(i) + 2.0 * i + 0.01 * (i % 2.0))),
            ("y", number(40, |i| wave(i) + 2.0 * i)),
        ]);
        assert_eq!(list, ["double", "a + b"]);
    }

    #[test]
    fn columns_that_decide_the_class_are_found() {
        let codes = |f: fn(u32) -> u32| Column::Category {
            codes: (0..40).map(f).collect(),
            levels: ["p", "q", "r", "s"].map(String::from).to_vec(),
        };
        let list = found(vec![
            ("same", codes(|i| i % 4)),
            ("other", codes(|i| i % 3)),
            ("apart", number(40, |i| (i % 2.0) * 100.0 + i)),
            ("x", number(40, |i| i * 3.0 % 7.0)),
            ("y", codes(|i| i % 2)),
        ]);
        assert_eq!(list, ["same", "apart"]);
    }
}
