//! From a text to a problem: names, near misses, parameters.

use super::{Dims, Parameter, Problem, ProblemEntry, entries};

/// Why a problem cannot be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProblemError {
    /// No problem has this name.
    #[error("there is no problem named {name:?}{} ({count} are known)",
        suggestion.as_ref().map(|s| format!(", did you mean {s:?}?")).unwrap_or_default())]
    Unknown {
        /// The name asked for.
        name: String,
        /// The nearest name of the list, when one is near.
        suggestion: Option<&'static str>,
        /// How many problems there are.
        count: usize,
    },
    /// The problem does not exist in this dimension.
    #[error("{problem} does not exist in {asked} variables: {allowed} are allowed; the nearest is {near}")]
    Dimension {
        /// The problem.
        problem: &'static str,
        /// The dimension asked for.
        asked: usize,
        /// The dimensions there are.
        allowed: Dims,
        /// The nearest of them.
        near: usize,
    },
    /// The problem takes no number besides its dimension.
    #[error("{problem} takes no parameter")]
    NoParameter {
        /// The problem.
        problem: &'static str,
    },
    /// The text after the colon is not `name=number` with the problem's parameter.
    #[error("{text:?} is not understood: {problem} takes {}=NUMBER, such as {problem}:{}={:e}", parameter.name, parameter.name, parameter.default)]
    Parameter {
        /// The problem.
        problem: &'static str,
        /// What was given.
        text: String,
        /// What it takes.
        parameter: Parameter,
    },
    /// The parameter is outside its range.
    #[error("{problem}: {} = {value:e} is outside {:e} to {:e}", parameter.name, parameter.least, parameter.greatest)]
    Range {
        /// The problem.
        problem: &'static str,
        /// What it takes.
        parameter: Parameter,
        /// The value given.
        value: f64,
    },
}

/// Names are compared without regard to case and with `_` and blanks read as `-`.
fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace(['_', ' '], "-")
}

/// The entry of that name or alias.
///
/// # Errors
/// [`ProblemError::Unknown`] with the nearest name.
pub fn problem(name: &str) -> Result<&'static ProblemEntry, ProblemError> {
    let wanted = plain(name);
    let answers = |e: &&ProblemEntry| e.name == wanted || e.aliases.contains(&wanted.as_str());
    entries().iter().find(answers).ok_or_else(|| ProblemError::Unknown {
        name: name.to_string(),
        suggestion: nearest(&wanted),
        count: entries().len(),
    })
}

/// The problem a text describes, `name` or `name:parameter=value`, in `dim` variables or its default dimension.
///
/// # Errors
/// [`ProblemError`] says what was expected.
pub fn build(text: &str, dim: Option<usize>) -> Result<Problem, ProblemError> {
    let (name, options) = text.split_once(':').map_or((text, None), |(name, options)| (name, Some(options)));
    let entry = problem(name)?;
    let Some(options) = options else {
        return entry.build(dim);
    };
    let Some(parameter) = entry.parameter() else {
        return Err(ProblemError::NoParameter { problem: entry.name });
    };
    let value = options.split_once('=').filter(|(key, _)| key.trim() == parameter.name);
    match value.and_then(|(_, value)| value.trim().parse::<f64>().ok()) {
        Some(value) => entry.build_with(dim, Some(value)),
        None => Err(ProblemError::Parameter { problem: entry.name, text: options.to_string(), parameter }),
    }
}

/// The name at the least edit distance, if that is at most a third of the length.
fn nearest(wanted: &str) -> Option<&'static str> {
    let names = entries().iter().flat_map(|e| e.aliases.iter().copied().chain([e.name]));
    let (distance, name) = names.map(|name| (edits(wanted, name), name)).min_by_key(|(distance, _)| *distance)?;
    let inside = || entries().iter().map(|e| e.name).find(|name| wanted.len() >= 3 && name.contains(wanted));
    if distance <= wanted.chars().count().div_ceil(3) { Some(name) } else { inside() }
}

/// Levenshtein's distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whatever_their_case_and_near_misses_are_named() {
        assert_eq!(problem("ROSENBROCK").unwrap().name, "rosenbrock");
        assert_eq!(problem("powell_singular").unwrap().name, "powell-singular");
        let Err(ProblemError::Unknown { suggestion, .. }) = problem("rosenbrok") else { panic!("found") };
        assert_eq!(suggestion, Some("rosenbrock"));
        let Err(ProblemError::Unknown { suggestion, .. }) = problem("zzzzzzzzzzzz") else { panic!("found") };
        assert_eq!(suggestion, None);
    }

    #[test]
    fn parameters_are_read_and_refused_with_what_is_expected() {
        assert!(build("quadratic:kappa=1e3", Some(10)).is_ok());
        for (text, needed) in [
            ("quadratic:kappa", "kappa=NUMBER"),
            ("quadratic:k=3", "kappa=NUMBER"),
            ("quadratic:kappa=x", "kappa=NUMBER"),
            ("quadratic:kappa=0.5", "outside"),
            ("quadratic:kappa=nan", "outside"),
            ("beale:kappa=2", "takes no parameter"),
        ] {
            let message = build(text, None).err().unwrap().to_string();
            assert!(message.contains(needed), "{text}: {message}");
        }
    }

    #[test]
    fn dimensions_that_do_not_exist_name_the_nearest() {
        let message = build("woods", Some(10)).err().unwrap().to_string();
        assert!(message.contains("multiples of 4") && message.contains("12"), "{message}");
        let message = build("beale", Some(3)).err().unwrap().to_string();
        assert!(message.contains("2 are allowed"), "{message}");
        assert!(build("rosenbrock", Some(0)).is_err());
    }

    #[test]
    fn edit_distance() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("same", "same"), 0);
    }
}
