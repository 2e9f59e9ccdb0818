use proptest::prelude::*;

use super::*;

fn all(n: usize) -> Vec<u32> {
    (0..n as u32).collect()
}

/// Every row in exactly one part, each part ascending.
fn check(split: &Split, rows: &[u32]) {
    let mut together = [&split.train[..], &split.valid, &split.test].concat();
    assert!([&split.train, &split.valid, &split.test].iter().all(|p| p.is_sorted()));
    together.sort_unstable();
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    assert_eq!(together, rows);
}

proptest! {
    #[test]
    fn random_parts_are_disjoint_exact_and_repeatable(n in 2usize..400, share in 0.0..0.5, seed: u64) {
        let rows: Vec<u32> = (0..n as u32).map(|i| 3 * i + 1).collect();
        let cut = || split(&rows, By::Random, Portion::Fraction(share / 2.0), Portion::Fraction(share), seed);
        let Ok((parts, _)) = cut() else { return Ok(()) };
        check(&parts, &rows);
        prop_assert_eq!(parts.test.len(), Portion::Fraction(share).of(n));
        prop_assert_eq!(parts.valid.len(), Portion::Fraction(share / 2.0).of(n));
        prop_assert_eq!(cut().unwrap().0, parts);
    }

    #[test]
    fn classes_keep_their_proportions(
        classes in prop::collection::vec(0u32..4, 20..300), share in 0.05f64..0.4, seed: u64,
    ) {
        let n = classes.len();
        let rows = all(n);
        let (parts, _) =
            split(&rows, By::Classes(&classes), Portion::Fraction(share / 2.0), Portion::Fraction(share), seed).unwrap();
        check(&parts, &rows);
        let count = |part: &[u32], class| part.iter().filter(|&&i| classes[i as usize] == class).count();
        for class in 0..4 {
            let size = count(&rows, class);
            if size == 0 {
                continue;
            }
            prop_assert!(count(&parts.train, class) >= 1);
            if size > 10 {
                let exact = parts.test.len() as f64 * size as f64 / n as f64;
                prop_assert!((count(&parts.test, class) as f64 - exact).abs() <= 2.0);
            }
        }
    }

    #[test]
    fn groups_are_never_split(groups in prop::collection::vec(0u32..30, 60..300), share in 0.05f64..0.4, seed: u64) {
        let rows = all(groups.len());
        let test = Portion::Fraction(share);
        let (parts, _) = split(&rows, By::Groups(&groups), Portion::Fraction(0.1), test, seed).unwrap();
        check(&parts, &rows);
        let of = |part: &[u32]| part.iter().map(|&i| groups[i as usize]).collect::<std::collections::HashSet<_>>();
        let (train, valid, held) = (of(&parts.train), of(&parts.valid), of(&parts.test));
        prop_assert!(train.is_disjoint(&valid) && train.is_disjoint(&held) && valid.is_disjoint(&held));
        prop_assert!(!parts.train.is_empty() && !parts.valid.is_empty() && !parts.test.is_empty());
        let largest = group_sizes(&groups).iter().map(|g| g.1).max().unwrap();
        prop_assert!(parts.test.len().abs_diff(test.of(rows.len())) <= largest);
    }

    #[test]
    fn times_are_cut_between(times in prop::collection::vec(0u8..40, 60..300), share in 0.05f64..0.4) {
        let times: Vec<f64> = times.into_iter().map(f64::from).collect();
        let rows = all(times.len());
        let (parts, _) =
            split(&rows, By::Time(&times), Portion::Fraction(0.1), Portion::Fraction(share), 0).unwrap();
        check(&parts, &rows);
        let least = |part: &[u32]| part.iter().map(|&i| times[i as usize]).fold(f64::INFINITY, f64::min);
        let most = |part: &[u32]| part.iter().map(|&i| times[i as usize]).fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(most(&parts.train) < least(&parts.valid));
        prop_assert!(most(&parts.valid) < least(&parts.test));
    }
}

#[test]
fn a_class_of_one_row_trains() {
    let mut classes = vec![0; 50];
    classes[17] = 1;
    for seed in 0..50 {
        let (parts, notices) =
            split(&all(50), By::Classes(&classes), Portion::NONE, Portion::Fraction(0.2), seed).unwrap();
        assert!(parts.train.contains(&17));
        assert_eq!(parts.test.len(), 10);
        assert_eq!(notices, [Notice::TinyClass { class: 1, label: None, rows: 1 }]);
        let named = notices[0].clone().with_classes(&["many".into(), "few".into()]).to_string();
        assert!(named.starts_with("class `few` has 1 row:"), "{named}");
    }
}

#[test]
fn two_large_classes_are_cut_to_the_row() {
    // 357 and 212 rows, 20 % of 569 = 114: 71.5 and 42.5, of which one is rounded up.
    let classes: Vec<u32> = (0..569).map(|i| u32::from(i < 212)).collect();
    let (parts, _) = split(&all(569), By::Classes(&classes), Portion::NONE, Portion::Fraction(0.2), 0).unwrap();
    assert_eq!((parts.train.len(), parts.test.len()), (455, 114));
    let ones = parts.test.iter().filter(|&&i| i < 212).count();
    assert!(ones == 42 || ones == 43);
}

#[test]
fn the_latest_rows_are_held_out() {
    let times = [5.0, 1.0, 4.0, f64::NAN, 3.0, 4.0];
    let (parts, _) = split(&all(6), By::Time(&times), Portion::NONE, Portion::Rows(2), 0).unwrap();
    // A boundary after two rows would part the two of time 4: one row or three are equally near, the earlier edge is taken.
    assert_eq!(parts.test, [0, 2, 5]);
    assert_eq!(parts.train, [1, 3, 4]);
}

#[test]
fn what_cannot_be_cut_says_why() {
    let message = |result: Result<(Split, Vec<Notice>), SplitError>| result.unwrap_err().to_string();
    let none = Portion::NONE;
    assert_eq!(
        message(split(&all(3), By::Random, none, Portion::Rows(3), 0)),
        "3 held-out rows of 3 leave none to train on"
    );
    let groups = split(&all(4), By::Groups(&[7; 4]), none, Portion::Rows(1), 0);
    assert_eq!(message(groups), "2 parts need as many different groups; there are 1");
    assert!(split(&all(4), By::Time(&[1.0; 4]), none, Portion::Rows(1), 0).is_err());
    assert!(["", "-5", "1.0", "100%", "NaN", "x%"].iter().all(|t| t.parse::<Portion>().is_err()));
    assert_eq!("0".parse(), Ok(Portion::NONE));
}

#[test]
fn rows_without_a_group_stand_alone() {
    let numbers = Column::Number(vec![5.0, f64::NAN, 5.0, f64::NAN, 0.0, -0.0]);
    assert_eq!(group_codes(&numbers, &all(6)), [0, 1, 0, 2, 3, 3]);
    let words = Column::Category { codes: vec![1, MISSING, 1, 0], levels: vec!["a".into(), "b".into()] };
    assert_eq!(group_codes(&words, &[0, 2, 1, 3]), [0, 0, 1, 2]);
}
