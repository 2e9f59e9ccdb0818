//! Folds for cross-validation, in the same four ways as splits.

use steepest_core::random::{Purpose, Stream};

use crate::split::{By, SplitError, group_sizes, shuffled_members, time_order};

/// One round of cross-validation; both lists ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Rows to fit on.
    pub train: Vec<u32>,
    /// Rows to judge by.
    pub valid: Vec<u32>,
}

/// Cuts `rows` into `k` folds, each held out once.
///
/// - [`By::Random`]: sizes differ by one at most.
/// - [`By::Classes`]: so do the rows of each class in the folds.
/// - [`By::Groups`]: groups, largest first, go to the fold that is smallest so far.
/// - [`By::Time`]: k + 1 consecutive stretches; round i trains on the first i and holds out the next, so that nothing is
///   predicted from its future.
///
/// `repetition` numbers repeated cross-validation. The same arguments always give the same folds.
///
/// ```
/// use steepest_data::{By, folds};
/// let rows: Vec<u32> = (0..10).collect();
/// let rounds = folds(&rows, By::Random, 5, 0, 0).unwrap();
/// assert!(rounds.iter().all(|f| f.valid.len() == 2 && f.train.len() == 8));
/// ```
///
/// # Panics
/// If the list that `by` holds is not as long as `rows`.
pub fn folds(rows: &[u32], by: By<'_>, k: usize, seed: u64, repetition: u64) -> Result<Vec<Fold>, SplitError> {
    if k < 2 {
        return Err(SplitError::Folds { folds: k });
    }
    let n = rows.len();
    if n < k {
        return Err(SplitError::TooFew { what: "rows", parts: k, found: n });
    }
    // Index 0 belongs to the split into training and test rows.
    let stream = Stream::new(seed, Purpose::SPLIT, repetition + 1);
    let fold_of = match by {
        By::Random => deal(&stream.permutation(n as u32), k),
        By::Classes(classes) => deal(&shuffled_members(classes, n, stream).concat(), k),
        By::Groups(groups) => by_group(groups, k, stream)?,
        By::Time(times) => return by_time(rows, times, k),
    };
    let round = |fold: usize| {
        let of = |held: bool| {
            let mut list: Vec<u32> = (0..n).filter(|&p| (fold_of[p] == fold) == held).map(|p| rows[p]).collect();
            list.sort_unstable();
            list
        };
        Fold { train: of(false), valid: of(true) }
    };
    Ok((0..k).map(round).collect())
}

/// Deals positions out to the folds in turn, like cards.
fn deal(order: &[u32], k: usize) -> Vec<usize> {
    let mut fold_of = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &p)| fold_of[p as usize] = place % k);
    fold_of
}

fn by_group(groups: &[u32], k: usize, stream: Stream) -> Result<Vec<usize>, SplitError> {
    let mut sizes = group_sizes(groups);
    if sizes.len() < k {
        return Err(SplitError::TooFew { what: "groups", parts: k, found: sizes.len() });
    }
    stream.shuffle(&mut sizes);
    sizes.sort_by_key(|&(_, size)| std::cmp::Reverse(size));
    let mut filled = vec![0; k];
    let mut fold_of = std::collections::HashMap::new();
    for (group, size) in sizes {
        let smallest = (0..k).min_by_key(|&f| filled[f]).unwrap_or(0);
        filled[smallest] += size;
        fold_of.insert(group, smallest);
    }
    Ok(groups.iter().map(|g| fold_of[g]).collect())
}

fn by_time(rows: &[u32], times: &[f64], k: usize) -> Result<Vec<Fold>, SplitError> {
    assert_eq!(times.len(), rows.len(), "one time for each row");
    let (order, edges) = time_order(times);
    if edges.len() < k {
        return Err(SplitError::TooFew { what: "times", parts: k + 1, found: edges.len() + 1 });
    }
    // Boundary i nearest to i·n/(k+1), behind the one before it and leaving an edge for each one after it.
    let mut next = 0;
    let mut cuts = Vec::with_capacity(k + 1);
    for i in 1..=k {
        let wanted = i * rows.len() / (k + 1);
        let choices = next..edges.len() - (k - i);
        let at = choices.min_by_key(|&e| (edges[e].abs_diff(wanted), e)).unwrap_or(next);
        cuts.push(edges[at]);
        next = at + 1;
    }
    cuts.push(rows.len());
    let list = |from: usize, to: usize| {
        let mut list: Vec<u32> = order[from..to].iter().map(|&p| rows[p as usize]).collect();
        list.sort_unstable();
        list
    };
    Ok(cuts.windows(2).map(|cut| Fold { train: list(0, cut[0]), valid: list(cut[0], cut[1]) }).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(n: usize) -> Vec<u32> {
        (0..n as u32).collect()
    }

    /// Each row held out exactly once, and the rest trained on.
    fn check(rounds: &[Fold], n: usize) {
        let mut held: Vec<u32> = rounds.iter().flat_map(|f| f.valid.clone()).collect();
        held.sort_unstable();
        assert_eq!(held, all(n));
        for fold in rounds {
            let mut both = [&fold.train[..], &fold.valid].concat();
            both.sort_unstable();
            assert_eq!(both, all(n));
        }
    }

    proptest! {
        #[test]
        fn every_row_is_held_out_once(n in 10usize..200, k in 2usize..10, seed: u64) {
            let rounds = folds(&all(n), By::Random, k, seed, 0).unwrap();
            check(&rounds, n);
            prop_assert!(rounds.iter().all(|f| f.valid.len() == n / k || f.valid.len() == n.div_ceil(k)));
            prop_assert_ne!(&rounds, &folds(&all(n), By::Random, k, seed, 1).unwrap());
        }

        #[test]
        fn classes_differ_by_one_row(classes in prop::collection::vec(0u32..3, 20..200), k in 2usize..6, seed: u64) {
            let rounds = folds(&all(classes.len()), By::Classes(&classes), k, seed, 0).unwrap();
            check(&rounds, classes.len());
            for class in 0..3 {
                let counts: Vec<usize> = rounds
                    .iter()
                    .map(|f| f.valid.iter().filter(|&&i| classes[i as usize] == class).count())
                    .collect();
                prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1);
            }
        }

        #[test]
        fn groups_stay_whole(groups in prop::collection::vec(0u32..20, 100..200), k in 2usize..5, seed: u64) {
            let rounds = folds(&all(groups.len()), By::Groups(&groups), k, seed, 0).unwrap();
            check(&rounds, groups.len());
            for fold in &rounds {
                prop_assert!(fold.valid.iter().all(|&i| fold.train.iter().all(|&j| groups[i as usize] != groups[j as usize])));
            }
        }

        #[test]
        fn the_future_is_never_trained_on(times in prop::collection::vec(0u8..30, 100..200), k in 2usize..6) {
            let times: Vec<f64> = times.into_iter().map(f64::from).collect();
            let rounds = folds(&all(times.len()), By::Time(&times), k, 0, 0).unwrap();
            prop_assert_eq!(rounds.len(), k);
            for fold in &rounds {
                let last = fold.train.iter().map(|&i| times[i as usize]).fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(!fold.valid.is_empty() && fold.valid.iter().all(|&i| times[i as usize] > last));
            }
        }
    }

    #[test]
    fn too_few_rows_or_groups_are_refused() {
        assert_eq!(folds(&all(5), By::Random, 1, 0, 0), Err(SplitError::Folds { folds: 1 }));
        assert!(matches!(folds(&all(3), By::Random, 4, 0, 0), Err(SplitError::TooFew { what: "rows", .. })));
        assert!(matches!(
            folds(&all(3), By::Groups(&[1, 1, 2]), 3, 0, 0),
            Err(SplitError::TooFew { what: "groups", .. })
        ));
        assert!(matches!(
            folds(&all(3), By::Time(&[1.0, 1.0, 2.0]), 2, 0, 0),
            Err(SplitError::TooFew { what: "times", .. })
        ));
    }
}
