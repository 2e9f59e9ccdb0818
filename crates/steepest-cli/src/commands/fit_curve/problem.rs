//! The curve with its data: its two sides, the columns it uses, what it should meet.

use std::ops::Range;

use steepest_functions::{Formula, FormulaError, Function, Sense};

use super::FitCurveArgs;
use super::data::Columns;
use crate::failure::Failure;

/// A curve with its data.
pub(super) struct Problem {
    pub(super) formula: Formula,
    /// The columns that the curve uses.
    pub(super) used: Vec<(String, Vec<f64>)>,
    /// What the curve should meet, and how it is called.
    pub(super) target: Vec<f64>,
    pub(super) target_name: String,
    pub(super) weights: Option<Vec<f64>>,
}

/// An error of the curve behind `y =`, shown in the whole text.
pub(super) fn whole(text: &str, error: &FormulaError) -> Failure {
    Failure::pointed("curve", &FormulaError::at(text, error.span(), error.message()))
}

/// The place of the `=` or `~` between what is met and the curve.
fn sides(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut depth = 0;
    for (i, b) in bytes.iter().enumerate() {
        match b {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'~' if depth == 0 => return Some(i..i + 1),
            b'=' if depth == 0 => {
                let compares = bytes.get(i + 1) == Some(&b'=') || (i > 0 && b"<>!=".contains(&bytes[i - 1]));
                if !compares {
                    return Some(i..i + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The curve with its columns.
pub(super) fn problem(args: &FitCurveArgs, table: Columns) -> Result<Problem, Failure> {
    let split = sides(&args.curve);
    // Blanks in the place of the left side keep the places of the right one.
    let right = split.as_ref().map_or(args.curve.clone(), |s| " ".repeat(s.end) + &args.curve[s.end..]);
    let formula = Formula::parse(&right).map_err(|e| whole(&args.curve, &e))?;
    let used: Vec<String> = formula.names().filter(|n| table.position(n).is_some()).map(String::from).collect();
    let used: Vec<(String, Vec<f64>)> =
        used.into_iter().map(|name| table.numbers(&name).map(|v| (name, v))).collect::<Result<_, _>>()?;
    if used.is_empty() {
        let names = table.names().join(", ");
        let message = format!("the curve uses no column of the data; the columns are {names}");
        let end = args.curve.len();
        return Err(Failure::pointed("curve", &FormulaError::at(&args.curve, 0..end, message)));
    }
    let weights = args.weights.as_ref().map(|name| table.numbers(name)).transpose()?;
    if let Some(row) = weights.iter().flatten().position(|w| *w < 0.0) {
        return Err(Failure::usage(format!("--weights: the weight of row {} is negative", row + 1)));
    }
    let (target, target_name) = match (split, &args.target) {
        (Some(_), Some(_)) => {
            return Err(Failure::usage("the curve says what it should meet, and --target says it too; leave one out"));
        }
        (Some(sign), None) => {
            let left = &args.curve[..sign.start];
            (left_side(&args.curve, left, &table)?, left.trim().to_string())
        }
        (None, Some(name)) => (table.numbers(name)?, name.clone()),
        (None, None) => {
            let mut skip: Vec<&str> = used.iter().map(|c| c.0.as_str()).collect();
            skip.extend(args.weights.as_deref());
            let name = table.left_over(&skip)?;
            (table.numbers(&name)?, name)
        }
    };
    let (mut used, mut target, mut weights) = (used, target, weights);
    if let Some(w) = weights.clone() {
        // A row without weight is no row: it must not count among the degrees of freedom either.
        let keep = |column: &mut Vec<f64>| {
            let mut weights = w.iter();
            column.retain(|_| weights.next().is_some_and(|w| *w > 0.0));
        };
        used.iter_mut().for_each(|c| keep(&mut c.1));
        keep(&mut target);
        weights.iter_mut().for_each(keep);
    }
    if let Some(row) = target.iter().position(|y| !y.is_finite()) {
        return Err(Failure::usage(format!(
            "row {}: `{target_name}` is {}, not a finite number",
            row + 1,
            target[row]
        )));
    }
    Ok(Problem { formula, used, target, target_name, weights })
}

/// The values of an expression of columns.
fn left_side(whole_text: &str, left: &str, table: &Columns) -> Result<Vec<f64>, Failure> {
    if table.position(left.trim()).is_some() {
        return table.numbers(left.trim());
    }
    let compiled = Formula::parse(left).and_then(|f| f.compile(None, Sense::Minimize));
    let compiled = compiled.map_err(|e| whole(whole_text, &e))?;
    let mut columns = Vec::new();
    for name in &compiled.variables {
        if table.position(name).is_none() {
            let at = left.find(name.as_str()).unwrap_or(0);
            let message = format!("`{name}` is no column of the data; the columns are {}", table.names().join(", "));
            return Err(Failure::pointed("curve", &FormulaError::at(whole_text, at..at + name.len(), message)));
        }
        columns.push(table.numbers(name)?);
    }
    let mut f = Function::new(compiled.graph);
    let row = |i: usize| columns.iter().map(|c| c[i]).collect::<Vec<f64>>();
    Ok((0..table.rows()).map(|i| f.value(&row(i))).collect())
}

#[cfg(test)]
mod tests {
    use super::sides;

    #[test]
    fn the_sides_are_parted_at_the_equals_sign() {
        assert_eq!(sides("y = a*x"), Some(2..3));
        assert_eq!(sides("log(y) ~ a*x"), Some(7..8));
        assert_eq!(sides("sum(i=1..3, a*x^i)"), None);
        assert_eq!(sides("y = sum(i=1..3, a*x^i)"), Some(2..3));
        assert_eq!(sides("if(x <= 2, a, b)*(x == 3)"), None);
        assert_eq!(sides("a*(x >= b)"), None);
    }
}
