//! svmlight files that are all right.

use steepest_data::Values;
use steepest_data::read::{Input, Place, ReadError, ReadOptions, Sources, Warning, read};

use super::{error, rows};

#[test]
fn a_small_file_of_everything() {
    let text = "# made by hand\n+1 1:0.5 3:-2 # a comment\n-1\n\n2.5 qid:7 2:1\t4:1e3 \r\n0 # nothing\n";
    let (r, report) = rows(text).unwrap();
    assert_eq!(r.labels, [1.0, -1.0, 2.5, 0.0]);
    assert_eq!((r.matrix.rows, r.matrix.cols, r.base), (4, 4, 1));
    assert_eq!(r.matrix.starts, [0, 2, 2, 4, 4]);
    assert_eq!(r.matrix.indices, [0, 2, 1, 3]);
    assert_eq!((0..4).map(|k| r.matrix.values.get(k)).collect::<Vec<_>>(), [0.5, -2.0, 1.0, 1000.0]);
    assert!(matches!(r.matrix.values, Values::F32(_)));
    assert_eq!(r.queries, Some(vec![0, 0, 7, 0]));
    assert_eq!(report.rows(), 4);
}

#[test]
fn the_index_base_is_found_and_the_dimension_may_be_larger() {
    let (r, _) = rows("1 1:1 2:1\n0 0:1\n").unwrap();
    assert_eq!((r.base, r.matrix.cols, &r.matrix.indices[..]), (0, 3, &[1, 2, 0][..]));
    let sources = Sources::bytes("f", *b"1 1:1 2:1\n");
    let options = ReadOptions { dimension: 123, ..ReadOptions::default() };
    let Input::Rows(r) = read(&sources, &options).unwrap().0 else { panic!() };
    assert_eq!((r.matrix.cols, r.base), (123, 1));
    let options = ReadOptions { base: Some(0), ..ReadOptions::default() };
    let Input::Rows(r) = read(&sources, &options).unwrap().0 else { panic!() };
    assert_eq!((r.matrix.cols, r.base), (3, 0));
    let options = ReadOptions { base: Some(1), ..ReadOptions::default() };
    let found = read(&Sources::bytes("f", *b"1 1:1\n1 0:1 2:1\n"), &options);
    let Err(ReadError::Svmlight { place, .. }) = found else { panic!() };
    assert_eq!(place, Place { file: "f".into(), line: 2, column: 3 });
}

#[test]
fn values_are_stored_as_narrowly_as_they_can() {
    assert!(matches!(rows("1 1:1 2:1.0\n").unwrap().0.matrix.values, Values::Ones(2)));
    assert!(matches!(rows("1 1:1 2:0.25\n").unwrap().0.matrix.values, Values::F32(_)));
    // Ones first, then singles, then a number that needs a double; each wider storage must keep what came before.
    let text = "1 1:1\n".repeat(3000) + &"1 2:0.5\n".repeat(3000) + &"1 2:0.1 3:1\n".repeat(3000);
    let options = ReadOptions { window: 1000, ..ReadOptions::default() };
    let Input::Rows(r) = read(&Sources::bytes("f", text.into_bytes()), &options).unwrap().0 else { panic!() };
    assert!(matches!(r.matrix.values, Values::F64(_)));
    let at = |k: usize| r.matrix.values.get(k);
    assert_eq!([at(0), at(2999), at(3000), at(5999), at(6000), at(6001)], [1.0, 1.0, 0.5, 0.5, 0.1, 1.0]);
}

#[test]
fn unsorted_rows_are_sorted_with_a_warning() {
    let (r, report) = rows("1 1:1 2:2\n1 3:3 1:1.5 2:2\n1 2:1 1:1\n").unwrap();
    assert_eq!(r.matrix.indices, [0, 1, 0, 1, 2, 0, 1]);
    assert_eq!(r.matrix.values.get(2), 1.5);
    let [Warning::Unsorted { place, rows }] = &report.warnings[..] else { panic!("{:?}", report.warnings) };
    assert_eq!((place.line, *rows), (2, 2));
}

#[test]
fn the_largest_index_is_read_and_one_more_is_not() {
    let (r, _) = rows("1 2147483647:1\n").unwrap();
    assert_eq!(r.matrix.cols, 2147483647);
    assert!(error("1 1:1 2147483648:1\n").contains("f:1:7"));
}

#[test]
fn a_comment_may_end_a_file_without_line_end() {
    let (r, _) = rows("1 1:1\n0 2:1 #x").unwrap();
    assert_eq!(r.labels, [1.0, 0.0]);
    let (r, _) = rows("1 1:1\n0").unwrap();
    assert_eq!(r.labels, [1.0, 0.0]);
}
