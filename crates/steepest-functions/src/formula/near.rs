//! The nearest known name to a mistyped one.

/// The candidate with the fewest edits (insertions, deletions, changes, swaps of neighbours), if it is near enough to be meant.
pub(super) fn near<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given: Vec<char> = given.to_lowercase().chars().take(32).collect();
    candidates
        .map(|name| (edits(&given, &name.chars().collect::<Vec<_>>()), name))
        .min_by_key(|&(edits, _)| edits)
        .filter(|&(edits, name)| edits <= 1.max(name.len().min(given.len()) / 2))
        .map(|(_, name)| name)
}

/// Edits from one to the other, row by row of the table of prefixes; swaps look two rows back.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let mut best = (last[j] + usize::from(a[i] != b[j])).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["sin", "sqrt", "tanh", "softplus"];
        for (given, expected) in
            [("sine", Some("sin")), ("Sin", Some("sin")), ("sqr", Some("sqrt")), ("sqtr", Some("sqrt"))]
        {
            assert_eq!(near(given, names.into_iter()), expected);
        }
        assert_eq!(near("softpuls", names.into_iter()), Some("softplus"));
        assert_eq!(near("determinant", names.into_iter()), None);
    }
}
