//! What is predicted: regression, two classes or several, chosen from the values of the target column.
//!
//! The rules, in order; `task` and `positive` in [`TargetChoices`] decide otherwise:
//!
//! 1. Two distinct values, words or numbers: **binary**, unless several classes are asked for, of which two is the fewest. The positive class is the larger number (1 of 0/1, +1 of ±1); of two
//!    words the one that says so (`true`, `yes`, `y`, `t`, `positive`, `pos`, `+`, `1`), else the second in the order of
//!    characters (`>50K` after `<=50K`, `M` after `B`).
//! 2. More than two words: **multiclass**, in the order of characters.
//! 3. Numbers that are not all whole: **regression**.
//! 4. Whole numbers that run from 0 or 1 without gap to at most 100 values, on average 5 rows or more each, the rarest 2 or
//!    more and at least 1 % of the average (10 % for more than ten values): **multiclass** — the digits 0…9, but neither the
//!    rings of abalone (1…29 with a thin tail) nor wine marks (3…9).
//! 5. Other whole numbers: **regression**; counts with many small values bring a hint at Poisson regression.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cast::level_of;
use crate::nearest::suggestion;
use crate::notice::Notice;
use crate::table::{Column, MISSING};

/// The kind of prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// A real number.
    Regression,
    /// One of two classes.
    Binary,
    /// One of several classes, each with a predictor of its own: three or more, or two where that was asked for.
    Multiclass,
}

impl Task {
    /// The word for it in options, files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Task::Regression => "regression",
            Task::Binary => "binary",
            Task::Multiclass => "multiclass",
        }
    }
}

impl std::str::FromStr for Task {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Task, TargetError> {
        match text.trim().to_lowercase().as_str() {
            "regression" => Ok(Task::Regression),
            "binary" => Ok(Task::Binary),
            "multiclass" => Ok(Task::Multiclass),
            _ => Err(TargetError::UnknownTask { written: text.to_string() }),
        }
    }
}

/// What the person said about the target.
#[derive(Debug, Clone, Default)]
pub struct TargetChoices {
    /// The kind of prediction; chosen from the values if absent.
    pub task: Option<Task>,
    /// The positive class of two.
    pub positive: Option<String>,
}

/// How the target column is read; saved with the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Name of the column.
    pub name: String,
    /// The kind of prediction.
    pub task: Task,
    /// The classes as written in the file, by index: two for a binary task (the second is the positive one), more for
    /// several classes, none for regression.
    pub classes: Vec<String>,
}

/// The values of a target column.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetValues {
    /// One for each row of the column: the number of a regression, the index of the class otherwise; NaN where it is missing.
    pub values: Vec<f64>,
    /// The rows that have a target, ascending.
    pub rows: Vec<u32>,
}

/// What is wrong with a target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Every row lacks it.
    #[error("target `{column}` is missing in every row")]
    AllMissing {
        /// Name of the column.
        column: String,
    },
    /// All rows have the same value.
    #[error("target `{column}` is {value} in every row: there is nothing to predict")]
    Constant {
        /// Name of the column.
        column: String,
        /// The value.
        value: String,
    },
    /// So many words that they are hardly classes.
    #[error(
        "target `{column}` has {classes} different words in {rows} rows, too many for classes; is it the right column?"
    )]
    TooManyClasses {
        /// Name of the column.
        column: String,
        /// Distinct words.
        classes: usize,
        /// Rows with a target.
        rows: usize,
    },
    /// Not two values although a binary task was asked for.
    #[error("target `{column}` has {classes} different values, a binary task needs two (such as {examples})")]
    NotBinary {
        /// Name of the column.
        column: String,
        /// Distinct values.
        classes: usize,
        /// Some of them.
        examples: String,
    },
    /// Not numbers although a regression was asked for.
    #[error("target `{column}`, row {row}: `{value}` is no number, as regression needs")]
    NotANumber {
        /// Name of the column.
        column: String,
        /// Number of the row, counted from 1 behind the header.
        row: usize,
        /// What stands there.
        value: String,
    },
    /// An infinite number.
    #[error("target `{column}`, row {row}: the value is infinite")]
    Infinite {
        /// Name of the column.
        column: String,
        /// Number of the row, counted from 1 behind the header.
        row: usize,
    },
    /// A label of a new file that is none of the classes.
    #[error("target `{column}`, row {row}: `{label}` is no class of the model{suggestion}")]
    UnknownLabel {
        /// Name of the column.
        column: String,
        /// Number of the row, counted from 1 behind the header.
        row: usize,
        /// What stands there.
        label: String,
        /// The classes.
        suggestion: String,
    },
    /// `--positive` names no class.
    #[error("--positive: `{written}` is no value of target `{column}`{suggestion}")]
    UnknownPositive {
        /// Name of the column.
        column: String,
        /// What was written.
        written: String,
        /// The classes.
        suggestion: String,
    },
    /// `--positive` where there are not two classes.
    #[error("--positive needs a target of two classes, `{column}` makes a {task} task")]
    PositiveWithoutTwo {
        /// Name of the column.
        column: String,
        /// The task.
        task: &'static str,
    },
    /// A target of times.
    #[error("target `{column}` holds times; `--types {column}=number` predicts seconds since 1970")]
    Times {
        /// Name of the column.
        column: String,
    },
    /// A word that names no task.
    #[error("`{written}` is no task; there are regression, binary and multiclass")]
    UnknownTask {
        /// What was written.
        written: String,
    },
}

impl Target {
    /// Chooses the task from the column and reads its values.
    ///
    /// Rows without a target are left out of [`TargetValues::rows`] with a notice. O(n log n).
    pub fn detect(
        name: &str,
        column: &Column,
        choices: &TargetChoices,
    ) -> Result<(Target, TargetValues, Vec<Notice>), TargetError> {
        let mut notices = Vec::new();
        let (task, mut classes) = match column {
            Column::Time(_) => return Err(TargetError::Times { column: name.to_string() }),
            Column::Number(values) => of_numbers(name, values, choices.task, &mut notices)?,
            Column::Category { codes, levels } => of_words(name, codes, levels, choices.task)?,
        };
        if let Some(written) = &choices.positive {
            if task != Task::Binary {
                return Err(TargetError::PositiveWithoutTwo { column: name.to_string(), task: task.name() });
            }
            let at = find_class(&classes, written).ok_or_else(|| TargetError::UnknownPositive {
                column: name.to_string(),
                written: written.clone(),
                suggestion: suggestion(written, classes.iter().map(String::as_str)),
            })?;
            if at.index == 0 {
                classes.swap(0, 1);
            }
        }
        let target = Target { name: name.to_string(), task, classes };
        let (values, more) = target.read(column)?;
        notices.extend(more);
        Ok((target, values, notices))
    }

    /// Reads the target of another file. Labels agree with a class exactly, or as numbers, or after removing space around
    /// them and a full stop at their end (with a notice); any other label is an error.
    pub fn read(&self, column: &Column) -> Result<(TargetValues, Vec<Notice>), TargetError> {
        let name = || self.name.clone();
        let mut notices = Vec::new();
        let values: Vec<f64> = match (column, self.task) {
            (Column::Time(_), _) => return Err(TargetError::Times { column: name() }),
            (Column::Number(values), Task::Regression) => values.clone(),
            (Column::Category { codes, levels }, Task::Regression) => {
                let numbers: Vec<Option<f64>> = levels.iter().map(|l| l.trim().parse().ok()).collect();
                let read = |(row, &code): (usize, &u32)| match code {
                    MISSING => Ok(f64::NAN),
                    _ => numbers[code as usize].ok_or_else(|| TargetError::NotANumber {
                        column: name(),
                        row: row + 1,
                        value: levels[code as usize].clone(),
                    }),
                };
                codes.iter().enumerate().map(read).collect::<Result<_, _>>()?
            }
            (Column::Number(values), _) => {
                let numbers: Vec<f64> = self.classes.iter().map(|c| c.parse().unwrap_or(f64::NAN)).collect();
                let read = |(row, &v): (usize, &f64)| match numbers.iter().position(|&c| c == v) {
                    _ if v.is_nan() => Ok(f64::NAN),
                    Some(class) => Ok(class as f64),
                    None => Err(self.unknown(row, &level_of(v))),
                };
                values.iter().enumerate().map(read).collect::<Result<_, _>>()?
            }
            (Column::Category { codes, levels }, _) => self.read_words(codes, levels, &mut notices)?,
        };
        if let Some(row) = values.iter().position(|v| v.is_infinite()) {
            return Err(TargetError::Infinite { column: name(), row: row + 1 });
        }
        let rows: Vec<u32> = (0..values.len() as u32).filter(|&i| !values[i as usize].is_nan()).collect();
        if rows.is_empty() {
            return Err(TargetError::AllMissing { column: name() });
        }
        if rows.len() < values.len() {
            notices.push(Notice::MissingTarget { column: name(), rows: values.len() - rows.len() });
        }
        Ok((TargetValues { values, rows }, notices))
    }

    /// The index of the class that a label means, by the rules of [`Target::read`].
    pub fn class_of(&self, label: &str) -> Option<usize> {
        find_class(&self.classes, label).map(|found| found.index)
    }

    fn read_words(&self, codes: &[u32], levels: &[String], notices: &mut Vec<Notice>) -> Result<Vec<f64>, TargetError> {
        let found: Vec<Option<Found>> = levels.iter().map(|l| find_class(&self.classes, l)).collect();
        let mut inexact = 0;
        let mut example = None;
        let mut values = Vec::with_capacity(codes.len());
        for (row, &code) in codes.iter().enumerate() {
            if code == MISSING {
                values.push(f64::NAN);
                continue;
            }
            let label = &levels[code as usize];
            let found = found[code as usize].ok_or_else(|| self.unknown(row, label))?;
            if !found.exact {
                inexact += 1;
                example.get_or_insert((label.clone(), self.classes[found.index].clone()));
            }
            values.push(found.index as f64);
        }
        if let Some((written, class)) = example {
            notices.push(Notice::InexactLabels { rows: inexact, written, class });
        }
        Ok(values)
    }

    fn unknown(&self, row: usize, label: &str) -> TargetError {
        let suggestion = suggestion(label, self.classes.iter().map(String::as_str));
        TargetError::UnknownLabel { column: self.name.clone(), row: row + 1, label: label.to_string(), suggestion }
    }
}

impl TargetValues {
    /// The class of each row that has a target, in the order of [`TargetValues::rows`]; for stratified splits.
    pub fn classes(&self) -> Vec<u32> {
        self.rows.iter().map(|&i| self.values[i as usize] as u32).collect()
    }

    /// The values of the given rows.
    pub fn gather(&self, rows: &[u32]) -> Vec<f64> {
        rows.iter().map(|&i| self.values[i as usize]).collect()
    }
}

/// The class a label means.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Found {
    index: usize,
    exact: bool,
}

fn find_class(classes: &[String], label: &str) -> Option<Found> {
    if let Some(index) = classes.iter().position(|c| c == label) {
        return Some(Found { index, exact: true });
    }
    if let Ok(number) = label.trim().parse::<f64>()
        && let Some(index) = classes.iter().position(|c| c.trim().parse() == Ok(number))
    {
        return Some(Found { index, exact: true });
    }
    let bare = |s: &str| s.trim().trim_end_matches('.').trim_end().to_string();
    let wanted = bare(label);
    classes.iter().position(|c| bare(c) == wanted).map(|index| Found { index, exact: false })
}

fn of_numbers(
    name: &str,
    values: &[f64],
    asked: Option<Task>,
    notices: &mut Vec<Notice>,
) -> Result<(Task, Vec<String>), TargetError> {
    let column = || name.to_string();
    if let Some(row) = values.iter().position(|v| v.is_infinite()) {
        return Err(TargetError::Infinite { column: column(), row: row + 1 });
    }
    let mut sorted: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| v + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut runs: Vec<(f64, usize)> = Vec::new();
    for &v in &sorted {
        match runs.last_mut() {
            Some(run) if run.0 == v => run.1 += 1,
            _ => runs.push((v, 1)),
        }
    }
    match runs[..] {
        [] => return Err(TargetError::AllMissing { column: column() }),
        [(value, _)] => return Err(TargetError::Constant { column: column(), value: level_of(value) }),
        _ => {}
    }
    let whole = runs.iter().all(|r| r.0.fract() == 0.0);
    let task = asked.unwrap_or(match runs.len() {
        2 => Task::Binary,
        _ if whole && look_like_labels(&runs, sorted.len()) => Task::Multiclass,
        _ => Task::Regression,
    });
    if task == Task::Binary && runs.len() != 2 {
        let examples = runs.iter().take(3).map(|r| level_of(r.0)).collect::<Vec<_>>().join(", ");
        return Err(TargetError::NotBinary { column: column(), classes: runs.len(), examples });
    }
    if task == Task::Multiclass && runs.len() > sorted.len() / 2 {
        return Err(TargetError::TooManyClasses { column: column(), classes: runs.len(), rows: sorted.len() });
    }
    if asked.is_none() && whole && runs.len() > 2 {
        if task == Task::Multiclass || runs.len() <= 20 {
            notices.push(Notice::IntegerTarget {
                column: column(),
                distinct: runs.len(),
                classes: task == Task::Multiclass,
            });
        }
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        let (least, median) = (sorted[0], sorted[sorted.len() / 2]);
        if task == Task::Regression && (0.0..=1.0).contains(&least) && mean > median {
            notices.push(Notice::CountTarget { column: column() });
        }
    }
    let classes = if task == Task::Regression { vec![] } else { runs.iter().map(|r| level_of(r.0)).collect() };
    Ok((task, classes))
}

/// Rule 4 of the module's page; `runs` are the distinct whole numbers ascending with their counts.
fn look_like_labels(runs: &[(f64, usize)], rows: usize) -> bool {
    let k = runs.len();
    let (first, last) = (runs[0].0, runs[k - 1].0);
    let gapless = (first == 0.0 || first == 1.0) && last - first == (k - 1) as f64;
    let rarest = runs.iter().map(|r| r.1).min().unwrap_or(0);
    let share = if k <= 10 { 0.01 } else { 0.1 };
    gapless && k <= 100 && rows >= 5 * k && rarest >= 2 && rarest as f64 >= share * rows as f64 / k as f64
}

fn of_words(
    name: &str,
    codes: &[u32],
    levels: &[String],
    asked: Option<Task>,
) -> Result<(Task, Vec<String>), TargetError> {
    let column = || name.to_string();
    if asked == Some(Task::Regression) {
        return Ok((Task::Regression, vec![]));
    }
    let mut present = vec![false; levels.len()];
    let mut rows = 0;
    for &code in codes.iter().filter(|&&c| c != MISSING) {
        present[code as usize] = true;
        rows += 1;
    }
    let mut classes: Vec<String> = levels.iter().zip(&present).filter(|(_, p)| **p).map(|(l, _)| l.clone()).collect();
    classes.sort();
    match classes.len() {
        0 => return Err(TargetError::AllMissing { column: column() }),
        1 => return Err(TargetError::Constant { column: column(), value: format!("`{}`", classes[0]) }),
        2 if asked != Some(Task::Multiclass) => {
            if says_positive(&classes[0]) && !says_positive(&classes[1]) {
                classes.swap(0, 1);
            }
            return Ok((Task::Binary, classes));
        }
        _ => {}
    }
    if asked == Some(Task::Binary) {
        let examples = classes[..3].iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
        return Err(TargetError::NotBinary { column: column(), classes: classes.len(), examples });
    }
    if classes.len() > 1000 || classes.len() > rows / 2 {
        return Err(TargetError::TooManyClasses { column: column(), classes: classes.len(), rows });
    }
    Ok((Task::Multiclass, classes))
}

fn says_positive(class: &str) -> bool {
    ["true", "t", "yes", "y", "positive", "pos", "+", "1", "+1"].contains(&class.trim().to_lowercase().as_str())
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
