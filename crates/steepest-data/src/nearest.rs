//! Finding the names someone may have meant.

/// Up to `limit` of `names` that are closest to `wanted`, best first; names that share nothing with it are left out.
///
/// Closeness is the number of single-character edits with adjacent swaps (Damerau 1964, doi:10.1145/363958.363994;
/// restricted form), without regard to case; a name that contains what was written, or the reverse, counts as one edit.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>, limit: usize) -> Vec<String> {
    let wanted_lower: Vec<char> = wanted.to_lowercase().chars().take(200).collect();
    let text: String = wanted_lower.iter().collect();
    let mut scored: Vec<(usize, usize, &str)> = names
        .enumerate()
        .filter_map(|(position, name)| {
            let lower: Vec<char> = name.to_lowercase().chars().take(200).collect();
            let joined: String = lower.iter().collect();
            let contained = text.len() >= 2 && joined.len() >= 2 && (joined.contains(&text) || text.contains(&joined));
            let edits = if contained { 1 } else { edits(&wanted_lower, &lower) };
            (edits <= 1 + wanted_lower.len().min(lower.len()) / 3).then_some((edits, position, name))
        })
        .collect();
    scored.sort();
    scored.dedup_by(|a, b| a.2 == b.2);
    scored.into_iter().take(limit).map(|(_, _, name)| name.to_string()).collect()
}

/// The end of an error message: ` (did you mean …?)`, or the first of the names there are.
pub(crate) fn suggestion<'a>(wanted: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = nearest(wanted, names.clone(), 3);
    if !near.is_empty() {
        let quoted: Vec<String> = near.iter().map(|n| format!("`{n}`")).collect();
        return format!("; did you mean {}?", quoted.join(", "));
    }
    let first: Vec<String> = names.clone().take(12).map(|n| format!("`{n}`")).collect();
    let more = names.skip(12).count();
    match (first.len(), more) {
        (0, _) => String::new(),
        (_, 0) => format!("; there are {}", first.join(", ")),
        _ => format!("; there are {} and {more} more", first.join(", ")),
    }
}

fn edits(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut before_last = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; width];
        for j in 1..width {
            let differ = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + differ);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits_and_swaps() {
        let chars = |s: &str| s.chars().collect::<Vec<_>>();
        assert_eq!(edits(&chars("kitten"), &chars("sitting")), 3);
        assert_eq!(edits(&chars("ab"), &chars("ba")), 1);
        assert_eq!(edits(&chars(""), &chars("abc")), 3);
    }

    #[test]
    fn suggests_close_names_else_lists_them() {
        let names = ["median_house_value", "median_income", "latitude"];
        assert_eq!(nearest("house_value", names.into_iter(), 3), ["median_house_value"]);
        assert_eq!(nearest("Latitud", names.into_iter(), 3), ["latitude"]);
        // Three letters of six that happen to stand in this order mean nothing.
        assert!(nearest("target", ["age", "bmi"].into_iter(), 3).is_empty());
        assert_eq!(
            suggestion("zzz", names.into_iter()),
            "; there are `median_house_value`, `median_income`, `latitude`"
        );
    }
}
