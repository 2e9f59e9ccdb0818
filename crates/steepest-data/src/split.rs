//! Cutting rows into training, validation and test rows: at random, by class, by group, by time.
//!
//! A split is a pure function of the seed and what it is by; the lists it gives are ascending. Fractions are of all rows given.

use std::collections::HashMap;

use steepest_core::random::{Purpose, Stream};
use thiserror::Error;

use crate::notice::Notice;
use crate::table::{Column, MISSING};

/// How many rows to hold out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Portion {
    /// This share of the rows, in [0, 1).
    Fraction(f64),
    /// This many rows.
    Rows(usize),
}

impl Portion {
    /// No rows.
    pub const NONE: Portion = Portion::Rows(0);

    /// The number of rows it means out of `n`: the nearest whole number, but one at least where a fraction is not 0.
    pub fn of(self, n: usize) -> usize {
        match self {
            Portion::Rows(rows) => rows,
            Portion::Fraction(share) if share > 0.0 => ((share * n as f64).round() as usize).max(1),
            Portion::Fraction(_) => 0,
        }
    }
}

/// Reads `20%`, `0.2` or a number of rows.
///
/// ```
/// use steepest_data::Portion;
/// assert_eq!("20%".parse(), Ok(Portion::Fraction(0.2)));
/// assert_eq!("0.2".parse(), Ok(Portion::Fraction(0.2)));
/// assert_eq!("500".parse(), Ok(Portion::Rows(500)));
/// assert!("120%".parse::<Portion>().is_err());
/// ```
impl std::str::FromStr for Portion {
    type Err = SplitError;

    fn from_str(text: &str) -> Result<Portion, SplitError> {
        let wrong = || SplitError::Portion { written: text.to_string() };
        let trimmed = text.trim();
        if let Ok(rows) = trimmed.parse() {
            return Ok(Portion::Rows(rows));
        }
        let share = match trimmed.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().map_err(|_| wrong())? / 100.0,
            None => trimmed.parse().map_err(|_| wrong())?,
        };
        if (0.0..1.0).contains(&share) { Ok(Portion::Fraction(share)) } else { Err(wrong()) }
    }
}

/// What decides which rows are held out. Each list has one entry for each row that is split, in the same order.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// Chance.
    Random,
    /// Chance, with each class in every part in proportion to its rows.
    Classes(&'a [u32]),
    /// Chance, with all rows of a group in the same part.
    Groups(&'a [u32]),
    /// Time: the latest rows are the test rows, those before them the validation rows. Rows of the same time stay together;
    /// rows without a time count as the earliest.
    Time(&'a [f64]),
}

/// The rows of each part, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// Rows that models are fitted on.
    pub train: Vec<u32>,
    /// Rows that choose among models, and when to stop.
    pub valid: Vec<u32>,
    /// Rows that are looked at once, in the end.
    pub test: Vec<u32>,
}

/// What is wrong with a split.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Not a portion.
    #[error(
        "`{written}` is no portion of rows: give a percentage below 100 (`20%`), a fraction below 1 (`0.2`) or a number of rows"
    )]
    Portion {
        /// What was written.
        written: String,
    },
    /// Nothing would be left to train on.
    #[error("{held_out} held-out rows of {rows} leave none to train on")]
    NothingLeft {
        /// Rows held out.
        held_out: usize,
        /// All rows.
        rows: usize,
    },
    /// Fewer groups, times or rows than parts.
    #[error("{parts} parts need as many different {what}; there are {found}")]
    TooFew {
        /// `groups`, `times` or `rows`.
        what: &'static str,
        /// Parts with rows.
        parts: usize,
        /// How many there are.
        found: usize,
    },
    /// Fewer than two folds.
    #[error("{folds} folds: cross-validation needs two or more")]
    Folds {
        /// The number asked for.
        folds: usize,
    },
}

/// Cuts `rows` into training, validation and test rows.
///
/// The same seed and rows always give the same split. By class, each part gets its share of each class to within one row, and
/// every class keeps a training row; classes too small for the other parts bring a notice. By group and time the parts come
/// as close to their sizes as whole groups and times allow. O(n log n).
///
/// ```
/// use steepest_data::{By, Portion, split};
/// let rows: Vec<u32> = (0..100).collect();
/// let (parts, _) = split(&rows, By::Random, Portion::Fraction(0.1), Portion::Fraction(0.2), 0).unwrap();
/// assert_eq!((parts.train.len(), parts.valid.len(), parts.test.len()), (70, 10, 20));
/// ```
///
/// # Panics
/// If the list that `by` holds is not as long as `rows`.
pub fn split(
    rows: &[u32],
    by: By<'_>,
    valid: Portion,
    test: Portion,
    seed: u64,
) -> Result<(Split, Vec<Notice>), SplitError> {
    let n = rows.len();
    let (valid, test) = (valid.of(n), test.of(n));
    let held_out = valid.saturating_add(test);
    if held_out >= n {
        return Err(SplitError::NothingLeft { held_out, rows: n });
    }
    let stream = Stream::new(seed, Purpose::SPLIT, 0);
    let mut notices = Vec::new();
    let part = match by {
        By::Random => random(n, valid, test, stream),
        By::Classes(classes) => by_class(classes, n, valid, test, stream, &mut notices),
        By::Groups(groups) => by_group(groups, n, valid, test, stream)?,
        By::Time(times) => by_time(times, n, valid, test)?,
    };
    let mut split = Split::default();
    for (k, &row) in rows.iter().enumerate() {
        match part[k] {
            Part::Train => split.train.push(row),
            Part::Valid => split.valid.push(row),
            Part::Test => split.test.push(row),
        }
    }
    for list in [&mut split.train, &mut split.valid, &mut split.test] {
        list.sort_unstable();
    }
    Ok((split, notices))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Train,
    Valid,
    Test,
}

fn random(n: usize, valid: usize, test: usize, stream: Stream) -> Vec<Part> {
    let mut part = vec![Part::Train; n];
    for (place, &k) in stream.permutation(n as u32).iter().enumerate().take(valid + test) {
        part[k as usize] = if place < test { Part::Test } else { Part::Valid };
    }
    part
}

fn by_class(
    classes: &[u32],
    n: usize,
    valid: usize,
    test: usize,
    stream: Stream,
    notices: &mut Vec<Notice>,
) -> Vec<Part> {
    let members = shuffled_members(classes, n, stream);
    let sizes: Vec<usize> = members.iter().map(Vec::len).collect();
    let room: Vec<usize> = sizes.iter().map(|s| s.saturating_sub(1)).collect();
    let of_test = shares(&sizes, test, &room);
    let room: Vec<usize> = room.iter().zip(&of_test).map(|(r, t)| r - t).collect();
    let of_valid = shares(&sizes, valid, &room);
    let mut part = vec![Part::Train; n];
    for (class, list) in members.iter().enumerate() {
        let (t, v) = (of_test[class], of_valid[class]);
        list[..t].iter().for_each(|&k| part[k as usize] = Part::Test);
        list[t..t + v].iter().for_each(|&k| part[k as usize] = Part::Valid);
        if !list.is_empty() && ((t == 0 && test > 0) || (v == 0 && valid > 0)) {
            notices.push(Notice::TinyClass { class: class as u32, label: None, rows: list.len() });
        }
    }
    part
}

/// The group of each of the given rows, from the column that names groups. A row without a group is a group of its own.
pub fn group_codes(column: &Column, rows: &[u32]) -> Vec<u32> {
    let mut codes = HashMap::new();
    let mut next = 0;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    let mut code = |key: Option<u64>| match key {
        None => fresh(),
        Some(key) => *codes.entry(key).or_insert_with(&mut fresh),
    };
    let key = |i: u32| match column {
        Column::Category { codes, .. } => (codes[i as usize] != MISSING).then_some(u64::from(codes[i as usize])),
        Column::Number(v) | Column::Time(v) => (!v[i as usize].is_nan()).then_some((v[i as usize] + 0.0).to_bits()),
    };
    rows.iter().map(|&i| code(key(i))).collect()
}

/// The positions of each class, in random order.
pub(crate) fn shuffled_members(classes: &[u32], n: usize, stream: Stream) -> Vec<Vec<u32>> {
    assert_eq!(classes.len(), n, "one class for each row");
    let count = classes.iter().max().map_or(0, |&c| c as usize + 1);
    let mut members = vec![Vec::new(); count];
    for k in stream.permutation(n as u32) {
        members[classes[k as usize] as usize].push(k);
    }
    members
}

/// Divides `total` in proportion to `sizes`, at most `room` each: whole parts first, then the largest remainders.
fn shares(sizes: &[usize], total: usize, room: &[usize]) -> Vec<usize> {
    let n: usize = sizes.iter().sum();
    let exact = |c: usize| total as u128 * sizes[c] as u128;
    let mut given: Vec<usize> =
        (0..sizes.len()).map(|c| ((exact(c) / n.max(1) as u128) as usize).min(room[c])).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&c| std::cmp::Reverse(exact(c) % n.max(1) as u128));
    let mut left = total.saturating_sub(given.iter().sum());
    while left > 0 {
        let before = left;
        for &c in &order {
            if left > 0 && given[c] < room[c] {
                given[c] += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    given
}

fn by_group(groups: &[u32], n: usize, valid: usize, test: usize, stream: Stream) -> Result<Vec<Part>, SplitError> {
    assert_eq!(groups.len(), n, "one group for each row");
    let mut sizes = group_sizes(groups);
    stream.shuffle(&mut sizes);
    let parts = 1 + usize::from(valid > 0) + usize::from(test > 0);
    if sizes.len() < parts {
        return Err(SplitError::TooFew { what: "groups", parts, found: sizes.len() });
    }
    // The training rows need a group too, so each part may take all but one for every part after it.
    let mut part_of = HashMap::new();
    let mut after = parts;
    for (part, wanted) in [(Part::Test, test), (Part::Valid, valid)] {
        if wanted == 0 {
            continue;
        }
        after -= 1;
        let mut taken = 0;
        let mut left = Vec::new();
        let may_take = sizes.len() - after;
        let mut groups_taken = 0;
        for &(group, size) in &sizes {
            // Taken if that comes closer to the number wanted.
            if groups_taken < may_take && 2 * taken + size <= 2 * wanted {
                taken += size;
                groups_taken += 1;
                part_of.insert(group, part);
            } else {
                left.push((group, size));
            }
        }
        if groups_taken == 0 {
            let smallest = (0..left.len()).min_by_key(|&k| left[k].1).expect("there are as many groups as parts");
            part_of.insert(left.remove(smallest).0, part);
        }
        sizes = left;
    }
    Ok(groups.iter().map(|g| part_of.get(g).copied().unwrap_or(Part::Train)).collect())
}

/// Each group with its number of rows, by ascending group.
pub(crate) fn group_sizes(groups: &[u32]) -> Vec<(u32, usize)> {
    let mut sorted = groups.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect()
}

fn by_time(times: &[f64], n: usize, valid: usize, test: usize) -> Result<Vec<Part>, SplitError> {
    assert_eq!(times.len(), n, "one time for each row");
    let (order, edges) = time_order(times);
    let parts = 1 + usize::from(valid > 0) + usize::from(test > 0);
    let distinct = edges.len() + 1;
    if distinct < parts {
        return Err(SplitError::TooFew { what: "times", parts, found: distinct });
    }
    // Each boundary moves to the nearest place between two times, leaving one for the boundary before it.
    let nearest = |wanted: usize, from: usize, to: usize| {
        (from..to).min_by_key(|&e| (edges[e].abs_diff(wanted), e)).expect("there are as many times as parts")
    };
    let keep = usize::from(valid > 0);
    let mut last = edges.len();
    let mut test_from = n;
    if test > 0 {
        last = nearest(n - test, keep, edges.len());
        test_from = edges[last];
    }
    let valid_from = if valid > 0 { edges[nearest(n - test - valid, 0, last)] } else { test_from };
    let mut part = vec![Part::Train; n];
    for (place, &k) in order.iter().enumerate().skip(valid_from) {
        part[k as usize] = if place >= test_from { Part::Test } else { Part::Valid };
    }
    Ok(part)
}

/// Positions by ascending time (missing first, ties by position), and the places at which the time changes.
pub(crate) fn time_order(times: &[f64]) -> (Vec<u32>, Vec<usize>) {
    let key = |k: u32| if times[k as usize].is_nan() { f64::NEG_INFINITY } else { times[k as usize] + 0.0 };
    let mut order: Vec<u32> = (0..times.len() as u32).collect();
    order.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
    let edges = (1..order.len()).filter(|&p| key(order[p - 1]) < key(order[p])).collect();
    (order, edges)
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
