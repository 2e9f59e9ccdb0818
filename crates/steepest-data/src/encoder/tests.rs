//! Encodings of small tables against what they must be by definition.

use super::*;
use crate::schema::Choices;
use crate::table::{Column, MISSING};

fn words(list: &[&str]) -> Column {
    let mut levels: Vec<String> = Vec::new();
    let mut codes = Vec::new();
    for &w in list {
        codes.push(match levels.iter().position(|l| l == w) {
            _ if w.is_empty() => MISSING,
            Some(at) => at as u32,
            None => {
                levels.push(w.to_string());
                levels.len() as u32 - 1
            }
        });
    }
    Column::Category { codes, levels }
}

fn table(columns: Vec<(&str, Column)>) -> Table {
    let rows = columns[0].1.len();
    let (names, columns) = columns.into_iter().map(|(n, c)| (n.to_string(), c)).unzip();
    Table { names, columns, rows }
}

fn all(table: &Table) -> Vec<u32> {
    (0..table.rows as u32).collect()
}

fn fit(table: &Table, options: &EncodeOptions) -> (TableEncoder, Vec<Notice>) {
    let (schema, _) = Schema::resolve(&mut table.clone(), &Choices::default()).unwrap();
    TableEncoder::fit(table, schema, &all(table), None, options).unwrap()
}

fn cells(m: &Matrix) -> Vec<Vec<f64>> {
    let row = |i| {
        let mut row = vec![0.0; m.cols()];
        m.for_row(i, |j, v| row[j] = v);
        row
    };
    (0..m.rows()).map(row).collect()
}

fn names(encoder: &TableEncoder) -> Vec<String> {
    encoder.features().into_iter().map(|f| f.name).collect()
}

#[test]
fn numbers_have_mean_zero_and_deviation_one_with_the_mean_for_missing() {
    let t = table(vec![("x", Column::Number(vec![1.0, f64::NAN, 4.0, 7.0]))]);
    let (encoder, notices) = fit(&t, &EncodeOptions::default());
    assert_eq!((names(&encoder), notices), (vec!["x".to_string(), "x missing".to_string()], vec![]));
    // Mean 4, variance (9 + 0 + 9) / 3 = 6.
    let z = 3.0 / 6f64.sqrt();
    let (m, notices) = encoder.transform(&t, None).unwrap();
    assert_eq!(cells(&m), [[-z, 0.0], [0.0, 1.0], [0.0, 0.0], [z, 0.0]]);
    assert_eq!(notices, []);
}

#[test]
fn every_scale_does_what_it_says() {
    let t = table(vec![("x", Column::Number(vec![-8.0, 0.0, 2.0]))]);
    let encode = |standardize| {
        let (encoder, _) = fit(&t, &EncodeOptions { standardize: Some(standardize), ..EncodeOptions::default() });
        let m = encoder.transform(&t, None).unwrap().0;
        cells(&m).concat()
    };
    // Mean −2, variance (36 + 4 + 16) / 3.
    let sd = (56f64 / 3.0).sqrt();
    assert_eq!(encode(Standardize::None), [-8.0, 0.0, 2.0]);
    assert_eq!(encode(Standardize::MaxAbs), [-1.0, 0.0, 0.25]);
    for (found, expected) in encode(Standardize::Scale).iter().zip([-8.0 / sd, 0.0, 2.0 / sd]) {
        assert!((found - expected).abs() < 1e-15);
    }
    for (found, expected) in encode(Standardize::Standard).iter().zip([-6.0 / sd, 2.0 / sd, 4.0 / sd]) {
        assert!((found - expected).abs() < 1e-15);
    }
}

#[test]
fn categories_become_indicators_with_rare_and_missing_apart() {
    let t = table(vec![("c", words(&["b", "a", "b", "rare", "", "a", "once"]))]);
    let (encoder, _) = fit(&t, &EncodeOptions::default());
    assert_eq!(names(&encoder), ["c=a", "c=b", "c=other", "c missing"]);
    let (m, _) = encoder.transform(&t, None).unwrap();
    let (a, b, other, missing) =
        ([1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(cells(&m), [b, a, b, other, missing, a, other]);
    let groups: Vec<_> = encoder.features().iter().map(|f| f.group).collect();
    assert_eq!(groups, [Some(0); 4]);

    let new = table(vec![("c", words(&["z", "a", ""]))]);
    let (m, notices) = encoder.transform(&new, None).unwrap();
    assert_eq!(cells(&m), [other, a, missing]);
    assert_eq!(notices, [], "`other` is there for such levels");
}

#[test]
fn unseen_levels_and_missing_values_are_noticed_where_training_had_none() {
    let t = table(vec![("c", words(&["a", "b", "a", "b"])), ("x", Column::Number(vec![1.0, 2.0, 3.0, 4.0]))]);
    let (encoder, _) = fit(&t, &EncodeOptions::default());
    assert_eq!(names(&encoder), ["c=a", "c=b", "x"]);
    let new = table(vec![("x", Column::Number(vec![f64::NAN, f64::INFINITY])), ("c", words(&["z", "a"]))]);
    let (m, notices) = encoder.transform(&new, None).unwrap();
    assert_eq!(cells(&m), [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]);
    let unseen = Notice::UnseenLevels { column: "c".into(), rows: 1, example: "z".into() };
    assert_eq!(notices, [unseen, Notice::UnseenMissing { column: "x".into(), rows: 2 }]);
}

#[test]
fn a_reference_level_is_left_out_on_request() {
    let t = table(vec![("c", words(&["a", "b", "b", "b", "a"])), ("d", words(&["x", "y", "x", "y", "x"]))]);
    let (encoder, _) = fit(&t, &EncodeOptions { reference: true, ..EncodeOptions::default() });
    assert_eq!(names(&encoder), ["c=a", "d=y"], "the most frequent level is the reference");
    let (m, notices) = encoder.transform(&t, None).unwrap();
    assert_eq!(cells(&m), [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]);
    assert_eq!(notices, []);
    assert!(encoder.features().iter().all(|f| f.group.is_none()));
}

#[test]
fn constant_and_rare_columns_are_left_out() {
    let t = table(vec![
        ("one", Column::Number(vec![5.0; 3])),
        ("same", words(&["a", "a", "a"])),
        ("names", words(&["p", "q", "r"])),
        ("x", Column::Number(vec![1.0, 2.0, 3.0])),
    ]);
    let (encoder, notices) = fit(&t, &EncodeOptions::default());
    assert_eq!(names(&encoder), ["x"]);
    let expected = [
        Notice::Constant { column: "one".into(), value: "5".into() },
        Notice::Constant { column: "same".into(), value: "`a`".into() },
        Notice::OnlyRareLevels { column: "names".into(), levels: 3 },
    ];
    assert_eq!(notices, expected);
    let t = table(vec![("one", Column::Number(vec![5.0; 3]))]);
    let (schema, _) = Schema::resolve(&mut t.clone(), &Choices::default()).unwrap();
    let error = TableEncoder::fit(&t, schema, &all(&t), None, &EncodeOptions::default()).unwrap_err();
    assert_eq!(error, EncodeError::NoFeatures);
}

#[test]
fn only_the_training_rows_count() {
    let t = table(vec![
        ("x", Column::Number(vec![1.0, 3.0, 1000.0, f64::NAN])),
        ("c", words(&["a", "b", "c", ""])),
        ("only", Column::Number(vec![1.0, 1.0, 2.0, 2.0])),
    ]);
    let (schema, _) = Schema::resolve(&mut t.clone(), &Choices::default()).unwrap();
    let options = EncodeOptions { min_level: Some(1.0), ..EncodeOptions::default() };
    let (encoder, notices) = TableEncoder::fit(&t, schema, &[0, 1], None, &options).unwrap();
    assert_eq!(names(&encoder), ["x", "c=a", "c=b"]);
    assert_eq!(notices, [Notice::Constant { column: "only".into(), value: "1".into() }]);
    let (m, _) = encoder.transform(&t, Some(&[2])).unwrap();
    assert_eq!(cells(&m), [[998.0, 0.0, 0.0]], "mean 2, deviation 1; no column for `c`");
}

#[test]
fn very_many_levels_are_pooled() {
    let n = 100_000u32;
    // Level k occurs in rows k and, below 500, in rows beyond; levels in the reverse of the order of frequency.
    let codes: Vec<u32> = (0..n).chain((0..2_000).map(|i| i % 500)).collect();
    let levels = (0..n).map(|k| format!("u{k}")).collect();
    let rows = codes.len();
    let t = Table { names: vec!["u".into()], columns: vec![Column::Category { codes, levels }], rows };
    let (encoder, notices) = fit(&t, &EncodeOptions { max_levels: 100, ..EncodeOptions::default() });
    assert_eq!(encoder.cols(), 101);
    assert_eq!(notices, [Notice::ManyLevels { column: "u".into(), levels: n as usize, kept: 100 }]);
    let (m, _) = encoder.transform(&t, None).unwrap();
    assert!(matches!(&m, Matrix::Sparse(s) if matches!(s.values, crate::Values::Ones(_)) && s.indices.len() == rows));
}

#[test]
fn hashing_keeps_all_levels_in_a_fixed_space() {
    let t = table(vec![
        ("x", Column::Number(vec![1.0, 2.0, 3.0, 6.0])),
        ("c", words(&["a", "b", "c", ""])),
        ("d", words(&["p", "q", "p", "q"])),
    ]);
    let (encoder, _) =
        fit(&t, &EncodeOptions { hash_bits: Some(2), storage: Some(Storage::Sparse), ..EncodeOptions::default() });
    assert_eq!(encoder.cols(), 5);
    let (sparse, _) = encoder.transform(&t, None).unwrap();
    let rows = cells(&sparse);
    for row in &rows {
        // Two signed units, which may meet.
        let squares: f64 = row[1..].iter().map(|v| v * v).sum();
        assert!([0.0, 2.0, 4.0].contains(&squares), "{row:?}");
    }
    let Matrix::Sparse(s) = &sparse else { panic!() };
    assert!((0..4).all(|i| s.indices[s.starts[i]..s.starts[i + 1]].is_sorted_by(|a, b| a < b)));
    // A level keeps its place whatever else the file has.
    let alone = table(vec![("x", Column::Number(vec![2.0])), ("d", words(&["q"])), ("c", words(&["b"]))]);
    assert_eq!(cells(&encoder.transform(&alone, None).unwrap().0)[0][1..], rows[1][1..]);
}

#[test]
fn times_become_parts() {
    let day = 86_400.0;
    // Tuesday 1 January 2013 00:00, Friday 1 February 2013 06:00, Saturday 1 March 2014 12:00, missing.
    let start = 1_356_998_400.0;
    let values = vec![start, start + 31.25 * day, start + 424.5 * day, f64::NAN];
    let t = table(vec![("t", Column::Time(values))]);
    let (encoder, _) = fit(&t, &EncodeOptions { standardize: Some(Standardize::None), ..EncodeOptions::default() });
    let expected = [
        "t year",
        "t month=1",
        "t month=2",
        "t month=3",
        "t weekday=2",
        "t weekday=5",
        "t weekday=6",
        "t sin 24h",
        "t cos 24h",
        "t sin 12h",
        "t cos 12h",
        "t missing",
    ];
    assert_eq!(names(&encoder), expected);
    let rows = cells(&encoder.transform(&t, None).unwrap().0);
    let close = |found: &[f64], expected: &[f64]| {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {expected:?}");
    };
    close(&rows[0], &[2013.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    close(&rows[1], &[2013.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0]);
    close(&rows[2], &[2014.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, 1.0, 0.0]);
    close(&rows[3], &[6040.0 / 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn coefficients_return_to_original_units() {
    let t = table(vec![
        ("x", Column::Number(vec![1.0, 2.0, 4.0, 9.0])),
        ("y", Column::Number(vec![-100.0, 300.0, 200.0, 50.0])),
        ("c", words(&["a", "b", "a", "b"])),
    ]);
    let (encoder, _) = fit(&t, &EncodeOptions::default());
    let (w, b) = ([0.5, -2.0, 3.0, -1.0], 0.25);
    let (coefficients, intercept) = encoder.original_units(&w, b);
    let encoded = cells(&encoder.transform(&t, None).unwrap().0);
    let raw = cells(
        &fit(&t, &EncodeOptions { standardize: Some(Standardize::None), ..EncodeOptions::default() })
            .0
            .transform(&t, None)
            .unwrap()
            .0,
    );
    let dot = |row: &[f64], w: &[f64]| row.iter().zip(w).map(|(a, b)| a * b).sum::<f64>();
    for (z, x) in encoded.iter().zip(&raw) {
        assert!((dot(z, &w) + b - dot(x, &coefficients) - intercept).abs() < 1e-12);
    }
}

#[test]
fn weights_count_as_repetitions() {
    let t = table(vec![("x", Column::Number(vec![1.0, 5.0, 2.0, 3.0])), ("c", words(&["a", "b", "c", "a"]))]);
    let (schema, _) = Schema::resolve(&mut t.clone(), &Choices::default()).unwrap();
    let weights = [1.0, 2.0, 0.0, 1.0];
    let options = EncodeOptions { standardize: Some(Standardize::Standard), ..EncodeOptions::default() };
    let (weighted, _) = TableEncoder::fit(&t, schema.clone(), &all(&t), Some(&weights), &options).unwrap();
    let (repeated, _) = TableEncoder::fit(&t, schema, &[0, 1, 1, 3], None, &options).unwrap();
    assert_eq!(names(&weighted), names(&repeated));
    for (a, b) in weighted.features().iter().zip(repeated.features()) {
        assert!((a.shift - b.shift).abs() < 1e-15 && (a.scale - b.scale).abs() < 1e-15);
    }
}

#[test]
fn a_column_of_another_type_is_mended_or_refused() {
    let t = table(vec![
        ("x", Column::Number(vec![1.0, 3.0])),
        ("c", words(&["1", "two"])),
        ("t", Column::Time(vec![0.0, 1e8])),
    ]);
    let options = EncodeOptions { min_level: Some(1.0), ..EncodeOptions::default() };
    let (encoder, _) = fit(&t, &options);
    let time = ("t", Column::Time(vec![0.0]));
    let new = table(vec![("x", words(&["3"])), ("c", Column::Number(vec![1.0])), time.clone()]);
    let row = cells(&encoder.transform(&new, None).unwrap().0);
    assert_eq!(row[0][..3], [1.0, 1.0, 0.0]);
    let bad = table(vec![("x", words(&["three"])), ("c", words(&["1"])), time]);
    let error = encoder.transform(&bad, None).unwrap_err();
    assert_eq!(error.to_string(), "column `x`, row 1: `three` cannot be read as a number");
    let empty = table(vec![("x", words(&["3"])), ("c", words(&["1"])), ("t", Column::Number(vec![f64::NAN]))]);
    assert!(encoder.transform(&empty, None).is_ok(), "a column without values has no type");
    let bad = table(vec![("x", words(&["3"])), ("c", words(&["1"])), ("t", Column::Number(vec![5.0]))]);
    let error = encoder.transform(&bad, None).unwrap_err();
    assert_eq!(error.to_string(), "column `t` holds numbers, times expected as in training");
}

#[test]
fn a_value_that_overflows_names_its_row() {
    let t = table(vec![("x", Column::Number(vec![0.0, 1e-300]))]);
    for storage in [Storage::Dense, Storage::Sparse] {
        let (encoder, _) = fit(&t, &EncodeOptions { storage: Some(storage), ..EncodeOptions::default() });
        let new = table(vec![("x", Column::Number(vec![0.0, 1e300]))]);
        let error = encoder.transform(&new, None).unwrap_err();
        assert_eq!(error, EncodeError::Overflow { row: 2, feature: "x".into() });
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// A table with a number column with gaps, a category with gaps, a time and a whole number.
    fn tables() -> impl Strategy<Value = Table> {
        let row = (prop::option::of(-1e3f64..1e3), prop::option::of(0u32..6), -1e9f64..2e9, 0i32..4);
        prop::collection::vec(row, 30..400).prop_map(|rows| {
            let number = rows.iter().map(|r| r.0.unwrap_or(f64::NAN)).collect();
            let codes = rows.iter().map(|r| r.1.unwrap_or(MISSING)).collect();
            let levels = ["f", "e", "d", "c", "b", "a"].map(String::from).to_vec();
            table(vec![
                ("x", Column::Number(number)),
                ("c", Column::Category { codes, levels }),
                ("t", Column::Time(rows.iter().map(|r| r.2).collect())),
                ("k", Column::Number(rows.iter().map(|r| f64::from(r.3)).collect())),
            ])
        })
    }

    fn bits(m: &Matrix) -> Vec<Vec<u64>> {
        cells(m).iter().map(|row| row.iter().map(|v| (v + 0.0).to_bits()).collect()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn saved_and_read_back_it_encodes_to_the_same_bits(t in tables(), hash: bool) {
            let (encoder, _) = fit(&t, &EncodeOptions { hash_bits: hash.then_some(4), ..EncodeOptions::default() });
            let saved = Encoder::Table(encoder.clone());
            let text = serde_json::to_string(&saved).unwrap();
            let read: Encoder = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &saved);
            let Encoder::Table(read) = read else { panic!() };
            prop_assert_eq!(bits(&read.transform(&t, None).unwrap().0), bits(&encoder.transform(&t, None).unwrap().0));
        }

        #[test]
        fn storage_threads_and_order_of_rows_change_nothing(t in tables(), hash: bool, seed: u64) {
            let with = |storage| {
                let options = EncodeOptions { hash_bits: hash.then_some(4), storage: Some(storage), ..EncodeOptions::default() };
                fit(&t, &options).0.transform(&t, None).unwrap().0
            };
            let dense = with(Storage::Dense);
            prop_assert_eq!(bits(&dense), bits(&with(Storage::Sparse)));
            for threads in [1, 7] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                prop_assert_eq!(bits(&pool.install(|| with(Storage::Dense))), bits(&dense));
            }
            let (encoder, _) = fit(&t, &EncodeOptions::default());
            let order = steepest_core::random::Stream::new(seed, steepest_core::random::Purpose::custom(1), 0)
                .permutation(t.rows as u32);
            let (whole, _) = encoder.transform(&t, None).unwrap();
            let (moved, _) = encoder.transform(&t, Some(&order)).unwrap();
            prop_assert_eq!(bits(&moved), bits(&whole.select(&order)));
        }

        #[test]
        fn standardized_columns_have_mean_zero_and_deviation_one(t in tables()) {
            let (encoder, _) = fit(&t, &EncodeOptions::default());
            let rows = cells(&encoder.transform(&t, None).unwrap().0);
            for (j, feature) in encoder.features().iter().enumerate() {
                if feature.kind != FeatureKind::Number || feature.name == "t year" {
                    continue;
                }
                let there = rows.iter().filter(|r| feature.name != "x" || r[1] == 0.0);
                let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
                for r in there {
                    n += 1.0;
                    sum += r[j];
                    squares += r[j] * r[j];
                }
                prop_assert!((sum / n).abs() < 1e-12 && (squares / n - 1.0).abs() < 1e-10, "{}", feature.name);
            }
        }
    }
}
