//! Random tables survive writing and reading; random bytes never panic; threads and windows change nothing.

use proptest::prelude::*;
use steepest_data::read::{Input, MISSING_MARKERS, ReadOptions, Separator, Sources, read};
use steepest_data::{Column, Destination, MISSING, Table, write_csv};

use super::same;

fn options(window: usize) -> ReadOptions {
    ReadOptions { header: Some(true), separator: Some(Separator::Byte(b',')), window, ..ReadOptions::default() }
}

fn on_threads(threads: usize, text: &[u8], options: &ReadOptions) -> Result<Table, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    match pool.install(|| read(&Sources::bytes("f", text), options)) {
        Ok((Input::Table(table), _)) => Ok(table),
        Ok(_) => panic!("read as svmlight"),
        Err(e) => Err(e.to_string()),
    }
}

/// A level that is read back as it is: no missing marker, no number, no time, no blank at the ends.
fn word() -> impl Strategy<Value = String> {
    let text =
        prop_oneof!["[a-z]{1,3}", "[a-z,;\"\n\r\t |é😀]{1,12}", Just("\"".to_string()), Just("x\r\ny".to_string())];
    text.prop_map(|s| format!("w{}w", s)).prop_filter("a marker", |s| !MISSING_MARKERS.contains(&s.as_str()))
}

fn column(rows: usize) -> impl Strategy<Value = Column> {
    let number = prop_oneof![3 => any::<f64>().prop_filter("finite", |v| v.is_finite()), 1 => Just(f64::NAN), 2 => (-50..50i32).prop_map(f64::from)];
    let time = prop_oneof![4 => (-10_000_000_000i64..10_000_000_000).prop_map(|t| t as f64), 1 => Just(f64::NAN)];
    prop_oneof![
        proptest::collection::vec(number, rows).prop_map(Column::Number),
        proptest::collection::vec(time, rows).prop_map(Column::Time),
        proptest::collection::vec(proptest::option::weighted(0.9, word()), rows).prop_map(|words| {
            let mut levels: Vec<String> = Vec::new();
            let mut code = |w: String| match levels.iter().position(|l| *l == w) {
                Some(k) => k as u32,
                None => {
                    levels.push(w);
                    levels.len() as u32 - 1
                }
            };
            let codes = words.into_iter().map(|w| w.map_or(MISSING, &mut code)).collect();
            Column::Category { codes, levels }
        }),
    ]
}

fn tables() -> impl Strategy<Value = Table> {
    (1usize..30, 1usize..6).prop_flat_map(|(rows, cols)| {
        let names = proptest::collection::btree_set("[a-z \",]{0,6}", cols);
        (names, proptest::collection::vec(column(rows), cols)).prop_map(move |(names, columns)| {
            let names = names.into_iter().enumerate().map(|(j, n)| format!("n{j}{n}n")).collect::<Vec<_>>();
            let columns = columns[..names.len()].to_vec();
            Table { names, columns, rows }
        })
    })
}

/// What reading makes of a table: a column without any value has no type but number.
fn as_read(table: &Table) -> Table {
    let mut table = table.clone();
    for column in &mut table.columns {
        if column.missing() == column.len() {
            *column = Column::Number(vec![f64::NAN; column.len()]);
        }
        if let Column::Number(v) | Column::Time(v) = column {
            v.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = f64::NAN);
        }
    }
    table
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn writing_and_reading_are_inverse(table in tables(), window in 1usize..300) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        write_csv(&table, Destination::Path(&path)).unwrap();
        let text = std::fs::read(&path).unwrap();
        let whole = on_threads(2, &text, &options(1 << 20)).unwrap();
        prop_assert!(same(&as_read(&table), &whole), "{table:?}\n{}\n{whole:?}", String::from_utf8_lossy(&text));
        prop_assert!(same(&whole, &on_threads(1, &text, &options(window)).unwrap()));
    }

    #[test]
    fn threads_and_windows_change_neither_table_nor_error(
        fields in proptest::collection::vec("[0-9]{1,3}|[0-9]\\.[0-9]|-|x|\"a\nb\"|\"\"|2020-01-0[1-9]|inf|1,2|\"q|5\"", 0..200),
        cols in 1usize..4,
        window in 1usize..200,
    ) {
        let text: String = fields.chunks(cols).map(|row| row.join(",") + "\n").collect();
        let text = format!("{}\n{text}", (0..cols).map(|j| format!("h{j}")).collect::<Vec<_>>().join(","));
        let wanted = on_threads(1, text.as_bytes(), &options(1 << 20));
        for (threads, window) in [(1, window), (2, window), (7, window + 13)] {
            match (&wanted, on_threads(threads, text.as_bytes(), &options(window))) {
                (Ok(a), Ok(b)) => prop_assert!(same(a, &b)),
                (a, b) => prop_assert_eq!(a.clone().err(), b.err()),
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), start in 0usize..14, window in 1usize..100) {
        let starts: [&[u8]; 14] = [b"", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"\xff\xfe",
            b"\xef\xbb\xbf", b"1 1:", b"a,b\n1,", b"\"", b"1 qid:", b"\x50\x2a\x4d\x18", b"\xfe\xff"];
        let bytes = [starts[start], &bytes].concat();
        let _ = read(&Sources::bytes("f", bytes), &ReadOptions { window, ..ReadOptions::default() });
    }

    #[test]
    fn random_text_never_panics(text in "[0-9a,;:.\"\n\r\t |#eE+-]{0,200}", window in 1usize..100) {
        let _ = read(&Sources::bytes("f", text.clone().into_bytes()), &ReadOptions { window, ..ReadOptions::default() });
        let _ = read(&Sources::bytes("f", format!("1 1:1\n{text}").into_bytes()), &ReadOptions { window, ..ReadOptions::default() });
    }
}
