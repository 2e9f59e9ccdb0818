//! Points, bounds and windows as text: `x=5,y=5`, `-1,2`, a file; `x=0..1,y=..5`.

use std::ops::Range;
use std::path::Path;

use steepest_core::random::{Purpose, Stream};
use steepest_functions::FormulaError;

use super::function::Target;
use crate::failure::Failure;
use crate::say::counted;

/// A number without a given start is this.
const DEFAULT: f64 = 1.0;

/// A starting point.
pub struct Start {
    /// One number a variable.
    pub x: Vec<f64>,
    /// Where it comes from, where nobody named it.
    pub why: Option<String>,
}

/// The start that a text describes, or the one that is taken where none is given: a problem's own, else all ones.
pub fn start(text: Option<&str>, target: &Target, seed: u64) -> Result<Start, Failure> {
    let Some(text) = text else {
        return Ok(match &target.start {
            Some(x) => Start { x: x.clone(), why: Some("the problem's own".into()) },
            None => {
                let why = format!("{DEFAULT} for every variable; --from names another");
                Start { x: vec![DEFAULT; target.dim()], why: Some(why) }
            }
        });
    };
    if text.trim() == "random" {
        return Ok(Start { x: random(target, seed), why: Some(format!("random, seed {seed}")) });
    }
    // A number that is also a file's name is meant as a number.
    let numeric = text.contains('=') || text.split([',', ' ']).any(|part| part.trim().parse::<f64>().is_ok());
    let x = if !numeric && Path::new(text).is_file() {
        let content = std::fs::read_to_string(text).map_err(|e| Failure::usage(format!("{text}: cannot read: {e}")))?;
        read_point(&content, &target.names).map_err(|e| Failure::pointed(text, &e))?
    } else if !numeric && (text.contains(['/', '\\']) || Path::new(text).extension().is_some()) {
        return Err(Failure::usage(format!("--from: there is no file {text}"))
            .with_help("give a point such as `x=5,y=5` or `-1,2`, a file with one, or `random`"));
    } else {
        read_point(text, &target.names).map_err(|e| Failure::pointed("--from", &e))?
    };
    Ok(Start { x, why: None })
}

/// Uniform in a problem's box, else normal.
fn random(target: &Target, seed: u64) -> Vec<f64> {
    let draws = Stream::new(seed, Purpose::NOISE, 0);
    match &target.domain {
        Some(domain) => domain.iter().zip(0..).map(|(&(low, high), i)| low + (high - low) * draws.uniform(i)).collect(),
        None => (0..target.dim() as u64).map(|i| draws.normal(i)).collect(),
    }
}

/// The pieces between commas, semicolons and line ends, without the blanks around them. Blanks inside a piece without `=`
/// separate too.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let mut at = begin;
        if !content.is_empty() {
            for part in content.split([',', ';']) {
                let start = at + part.len() - part.trim_start().len();
                let trimmed = part.trim();
                if trimmed.contains('=') || !trimmed.contains(char::is_whitespace) {
                    out.push(start..start + trimmed.len());
                } else {
                    for word in trimmed.split_whitespace() {
                        let offset = word.as_ptr() as usize - text.as_ptr() as usize;
                        out.push(offset..offset + word.len());
                    }
                }
                at += part.len() + 1;
            }
        }
        begin += line.len();
    }
    out
}

/// The variables a name means: one, or all elements of a vector. `x` also means `x0`, `x1`, … of a test problem.
fn meant(name: &str, names: &[String]) -> Vec<usize> {
    if let Some(i) = names.iter().position(|n| n == name) {
        return vec![i];
    }
    let element = |n: &String| {
        n.strip_prefix(name).is_some_and(|rest| {
            let inner = rest.strip_prefix('[').and_then(|r| r.strip_suffix(']')).unwrap_or(rest);
            !inner.is_empty()
                && inner.bytes().all(|b| b.is_ascii_digit())
                && (rest.starts_with('[') || is_numbered(names))
        })
    };
    names.iter().enumerate().filter(|(_, n)| element(n)).map(|(i, _)| i).collect()
}

/// Whether the names are those of a test problem: x0, x1, ….
fn is_numbered(names: &[String]) -> bool {
    names.iter().enumerate().all(|(i, n)| n.strip_prefix('x').is_some_and(|d| d == i.to_string()))
}

/// `x`, `y` and `z`, or the first and how many.
fn listed(names: &[String]) -> String {
    const MOST: usize = 8;
    if names.len() <= MOST {
        names.join(", ")
    } else {
        format!("{}, … ({} in all)", names[..MOST].join(", "), names.len())
    }
}

fn number(text: &str, span: &Range<usize>) -> Result<f64, FormulaError> {
    let digits = &text[span.clone()];
    if digits.is_empty() {
        return Err(FormulaError::at(text, span.clone(), "expected a number here"));
    }
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(FormulaError::at(text, span.clone(), "a start is made of finite numbers")),
        Err(_) => Err(FormulaError::at(text, span.clone(), format!("`{digits}` is not a number"))),
    }
}

/// The parts before and behind the first `=` of a piece, trimmed.
fn assignment(text: &str, piece: &Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let at = piece.start + text[piece.clone()].find('=')?;
    let name = text[piece.start..at].trim_end();
    let value = text[at + 1..piece.end].trim_start();
    Some((piece.start..piece.start + name.len(), piece.end - value.len()..piece.end))
}

fn read_point(text: &str, names: &[String]) -> Result<Vec<f64>, FormulaError> {
    let pieces = pieces(text);
    let end = text.len()..text.len();
    if pieces.is_empty() {
        return Err(FormulaError::at(text, end, format!("expected values for {}", listed(names))));
    }
    let assigned: Vec<_> = pieces.iter().map(|piece| assignment(text, piece)).collect();
    if assigned.iter().all(Option::is_none) {
        let mut x = Vec::with_capacity(names.len());
        for piece in &pieces {
            let value = number(text, piece)?;
            if x.len() == names.len() {
                let message = format!(
                    "there is place for {} ({}), this is value {}",
                    counted(x.len() as u64, "variable"),
                    listed(names),
                    x.len() + 1
                );
                return Err(FormulaError::at(text, piece.clone(), message));
            }
            x.push(value);
        }
        if x.len() < names.len() {
            let message =
                format!("no value for `{}`; the {} variables are {}", names[x.len()], names.len(), listed(names));
            return Err(FormulaError::at(text, end, message));
        }
        return Ok(x);
    }
    let mut x = vec![None; names.len()];
    let mut exact = vec![false; names.len()];
    for (piece, assigned) in pieces.iter().zip(assigned) {
        let Some((name, value)) = assigned else {
            let message = "expected `name=value`, as the others are; either all values are named or none";
            return Err(FormulaError::at(text, piece.clone(), message));
        };
        let found = variables(text, &name, names)?;
        let value = number(text, &value)?;
        for &i in &found {
            if found.len() == 1 && std::mem::replace(&mut exact[i], true) {
                return Err(FormulaError::at(text, name, format!("`{}` is given twice", names[i])));
            }
            // A vector as a whole does not override elements that are named.
            if found.len() == 1 || !exact[i] {
                x[i] = Some(value);
            }
        }
    }
    x.iter()
        .zip(names)
        .map(|(x, name)| {
            x.ok_or_else(|| {
                FormulaError::at(
                    text,
                    end.clone(),
                    format!("no value for `{name}`; the variables are {}", listed(names)),
                )
            })
        })
        .collect()
}

/// What a name at a place means.
fn variables(text: &str, name: &Range<usize>, names: &[String]) -> Result<Vec<usize>, FormulaError> {
    let word = &text[name.clone()];
    let found = meant(word, names);
    if found.is_empty() {
        let message = if word.is_empty() {
            "expected a name before `=`".to_string()
        } else {
            format!("there is no variable `{word}`; the variables are {}", listed(names))
        };
        return Err(FormulaError::at(text, name.clone(), message));
    }
    Ok(found)
}

/// Lower and upper bounds: `x=0..1,y=..5`, or `0..1` for every variable.
pub fn bounds(flag: &str, text: &str, names: &[String]) -> Result<Vec<(f64, f64)>, Failure> {
    read_bounds(text, names).map_err(|e| Failure::pointed(flag, &e))
}

fn read_bounds(text: &str, names: &[String]) -> Result<Vec<(f64, f64)>, FormulaError> {
    let mut out = vec![(f64::NEG_INFINITY, f64::INFINITY); names.len()];
    let pieces = pieces(text);
    if pieces.is_empty() {
        return Err(FormulaError::at(text, text.len()..text.len(), "expected bounds such as `x=0..1,y=..5`"));
    }
    for piece in &pieces {
        let (found, range) = match assignment(text, piece) {
            Some((name, range)) => (variables(text, &name, names)?, range),
            None => ((0..names.len()).collect(), piece.clone()),
        };
        let (low, high) = interval(text, &range)?;
        for i in found {
            out[i] = (low, high);
        }
    }
    Ok(out)
}

/// `0..1`, `0..`, `..1`.
fn interval(text: &str, span: &Range<usize>) -> Result<(f64, f64), FormulaError> {
    let content = &text[span.clone()];
    let Some(dots) = content.find("..") else {
        return Err(FormulaError::at(text, span.clone(), "expected a range such as `0..1`, `0..` or `..1`"));
    };
    let side = |from: usize, to: usize, open: f64| {
        let inner = text[from..to].trim();
        if inner.is_empty() { Ok(open) } else { number(text, &(from..to)) }
    };
    let low = side(span.start, span.start + dots, f64::NEG_INFINITY)?;
    let high = side(span.start + dots + 2, span.end, f64::INFINITY)?;
    if low > high {
        return Err(FormulaError::at(
            text,
            span.clone(),
            format!("the lower bound {low} is above the upper one {high}"),
        ));
    }
    Ok((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| s.to_string()).collect()
    }

    #[test]
    fn points_are_read_by_name_and_by_order() {
        let xy = names(&["x", "y"]);
        assert_eq!(read_point("x=5,y=-1e-3", &xy).unwrap(), [5.0, -1e-3]);
        assert_eq!(read_point("y = 2 , x = 1", &xy).unwrap(), [1.0, 2.0]);
        assert_eq!(read_point("-1,2", &xy).unwrap(), [-1.0, 2.0]);
        assert_eq!(read_point("-1 2\n", &xy).unwrap(), [-1.0, 2.0]);
        assert_eq!(read_point("1\n2\n", &xy).unwrap(), [1.0, 2.0]);
        let vector = names(&["a", "x[1]", "x[2]"]);
        assert_eq!(read_point("x=3,x[2]=4,a=0", &vector).unwrap(), [0.0, 3.0, 4.0]);
        assert_eq!(read_point("x[2]=4,a=0,x=3", &vector).unwrap(), [0.0, 3.0, 4.0]);
        assert_eq!(read_point("x=2", &names(&["x0", "x1"])).unwrap(), [2.0, 2.0]);
    }

    #[test]
    fn mistakes_in_points_have_their_place() {
        let xy = names(&["x", "y"]);
        for (text, position, word) in [
            ("", 1, "expected values"),
            ("x=5", 4, "no value for `y`"),
            ("x=5,z=1", 5, "no variable `z`"),
            ("x=5,y=a", 7, "not a number"),
            ("x=5,y=", 7, "expected a number"),
            ("x=5,=3", 5, "expected a name"),
            ("x=5,3", 5, "name=value"),
            ("x=1,x=2,y=3", 5, "twice"),
            ("x=inf,y=0", 3, "finite"),
            ("1", 2, "no value for `y`"),
            ("1,2,3", 5, "2 variables"),
            ("1,,2", 3, "expected a number"),
            ("1;b", 3, "not a number"),
            ("x==5,y=2", 3, "not a number"),
        ] {
            let e = read_point(text, &xy).unwrap_err();
            assert!(e.message().contains(word), "{text}: {e}");
            assert_eq!(e.position(), position, "{text}: {e}");
        }
    }

    #[test]
    fn bounds_may_be_open() {
        let xy = names(&["x", "y"]);
        let all = f64::INFINITY;
        assert_eq!(read_bounds("x=0..1", &xy).unwrap(), [(0.0, 1.0), (-all, all)]);
        assert_eq!(read_bounds("-1..1,y=..2.5", &xy).unwrap(), [(-1.0, 1.0), (-all, 2.5)]);
        assert_eq!(read_bounds("x=1e-3..", &xy).unwrap()[0], (1e-3, all));
        for (text, position) in [("", 1), ("x=3", 3), ("x=2..1", 3), ("z=0..1", 1), ("x=a..1", 3), ("x=0..b", 6)] {
            assert_eq!(read_bounds(text, &xy).unwrap_err().position(), position, "{text}");
        }
    }
}
