//! The nearest known name to a mistyped one.

/// The candidate with the fewest edits (insertions, deletions, changes, swaps of neighbours), if it is near enough to be meant.
pub fn suggest<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    candidates
        .map(|c| (distance(&given, c), c))
        .min_by_key(|d| d.0)
        .filter(|(d, c)| *d <= 1.max(c.chars().count().min(given.chars().count()) / 3))
        .map(|d| d.1)
}

/// Optimal string alignment distance.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i.max(j)
            } else {
                let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["adam", "adamw", "sgd", "rmsprop", "weight_decay"];
        assert_eq!(suggest("adanw", names.into_iter()), Some("adamw"));
        assert_eq!(suggest("SDG", names.into_iter()), Some("sgd"));
        assert_eq!(suggest("weightdecay", names.into_iter()), Some("weight_decay"));
        assert_eq!(suggest("rms_prop", names.into_iter()), Some("rmsprop"));
        assert_eq!(suggest("newton", names.into_iter()), None);
    }
}
