//! Delimited text that is all right.

use std::fs;

use steepest_data::Column;
use steepest_data::read::{HeaderReason, Input, Kind, Missing, ReadOptions, Separator, Sources, Warning, read};

use super::{gzip, numbers, same, table, table_with, words};

#[test]
fn a_small_file_of_everything() {
    let text = "name, age ,\"city, state\",since\r\n\
                Ada,36,\"London, \"\"old\"\" town\",1815-12-10\r\n\
                Alan,?, Manchester ,\"1912-06-23\"\r\n\
                \"multi\nline\",-1.5e1,,NA\r\n\r\n";
    let (t, report) = table_with(text, &ReadOptions::default()).unwrap();
    assert_eq!(t.names, ["name", "age", "city, state", "since"]);
    assert_eq!(t.rows, 3);
    assert_eq!(words(&t.columns[0]), [Some("Ada"), Some("Alan"), Some("multi\nline")]);
    assert_eq!(numbers(&t.columns[1])[2], -15.0);
    assert!(numbers(&t.columns[1])[1].is_nan());
    assert_eq!(words(&t.columns[2]), [Some("London, \"old\" town"), Some("Manchester"), None]);
    assert!(matches!(&t.columns[3], Column::Time(v) if v[1] == -1815350400.0));
    assert_eq!(report.separator, Some(Separator::Byte(b',')));
    assert_eq!(report.header_reason, Some(HeaderReason::WordAboveValues { word: "age".into() }));
    assert_eq!(report.bytes(), text.len() as u64);
    assert_eq!(report.hash(), format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes())));
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
}

#[test]
fn compression_is_told_by_content() {
    let plain = table("a,b\n1,x\n2,y\n");
    let (first, second) = ("a,b\n1,x\n", "2,y\n");
    let members = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    let frames =
        [zstd::encode_all(first.as_bytes(), 3).unwrap(), zstd::encode_all(second.as_bytes(), 3).unwrap()].concat();
    assert!(same(&plain, &table(members)));
    assert!(same(&plain, &table(frames)));
}

#[test]
fn a_late_word_makes_a_category_of_the_whole_column() {
    let mut text = String::from("id,x,y\n");
    for k in 0..100_000 {
        let y = if k == 90_000 { "oops".into() } else { format!("{:03}", k % 7) };
        text += &format!("{k},{}.50,{y}\n", k % 13);
    }
    // Windows far smaller than the file, so that the earlier ones are gone when the word comes.
    let options = ReadOptions { window: 50_000, ..ReadOptions::default() };
    let (t, report) = table_with(&text, &options).unwrap();
    assert_eq!(numbers(&t.columns[0])[99_999], 99_999.0);
    assert_eq!(numbers(&t.columns[1])[14], 1.5);
    let y = words(&t.columns[2]);
    assert_eq!((y[0], y[1], y[90_000], y[99_999]), (Some("000"), Some("001"), Some("oops"), Some("004")));
    let [Warning::NearlyNumbers { name, numbers, words, rows, place: Some(place) }] = &report.warnings[..] else {
        panic!("{:?}", report.warnings)
    };
    assert_eq!((name.as_str(), *numbers, *rows, place.line), ("y", 99_999, 1, 90_002));
    assert_eq!(words[..], ["oops"]);
    assert_eq!(place.column, 12);
}

#[test]
fn types_and_missing_markers_can_be_given() {
    let options = ReadOptions {
        missing: Missing::default().and(["-999", "unknown"]),
        kinds: vec![("zip".into(), Kind::Category)],
        drop: vec!["junk".into()],
        ..ReadOptions::default()
    };
    let (t, _) = table_with("zip,x,junk\n01234,-999.0,1\n00501,5,2\nunknown,6,a\n", &options).unwrap();
    assert_eq!(t.names, ["zip", "x"]);
    assert_eq!(words(&t.columns[0]), [Some("01234"), Some("00501"), None]);
    assert!(numbers(&t.columns[1])[0].is_nan());
    let (t, _) =
        table_with("zip,x\nNA,1\n", &ReadOptions { missing: Missing::new(["?"]), ..ReadOptions::default() }).unwrap();
    assert_eq!(words(&t.columns[0]), [Some("NA")]);
}

#[test]
fn decimal_commas_between_semicolons() {
    let t = table("a;b\n1,5;-0,25\n2;3.5\n");
    assert_eq!(numbers(&t.columns[0]), [1.5, 2.0]);
    assert_eq!(numbers(&t.columns[1]), [-0.25, 3.5]);
    let (t, _) =
        table_with("a;b\n1,5;2\n", &ReadOptions { decimal_comma: Some(false), ..ReadOptions::default() }).unwrap();
    assert_eq!(words(&t.columns[0]), [Some("1,5")]);
}

#[test]
fn byte_order_marks_encodings_and_line_ends() {
    let wanted = table("name,x\ncafé,1\nßü😀,2\n");
    let text = "name,x\ncafé,1\nßü😀,2\n";
    assert!(same(&wanted, &table(format!("\u{feff}{text}"))));
    assert!(same(&wanted, &table(text.replace('\n', "\r\n"))));
    assert!(same(&wanted, &table(text.replace('\n', "\r"))));
    assert!(same(&wanted, &table(text.trim_end())));
    assert!(same(&wanted, &table(format!("\n\n{text}\n  \n\n"))));
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let utf16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect();
        let (t, report) = table_with(utf16, &ReadOptions::default()).unwrap();
        assert!(same(&wanted, &t));
        assert!(matches!(report.warnings[..], [Warning::Utf16 { .. }]));
    }
    // A long text, so that surrogate pairs fall on the borders of what is converted at once.
    let long: String =
        std::iter::once("x,y\n".to_string()).chain((0..60_000).map(|k| format!("😀{},{k}\n", k % 3))).collect();
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(long.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert!(same(&table(&long), &table(utf16)));
    let (t, report) = table_with(b"name,x\ncaf\xe9,1\ncaf\xc3\xa9,2\nna\xefve,3\n", &ReadOptions::default()).unwrap();
    assert_eq!(words(&t.columns[0]), [Some("café"), Some("café"), Some("naïve")]);
    assert!(matches!(&report.warnings[..], [Warning::NotUtf8 { name, .. }] if name == "name"));
}

#[test]
fn names_and_headers() {
    let (t, report) = table_with("5,x\n6,x\n", &ReadOptions::default()).unwrap();
    assert_eq!((&t.names[..], report.header), (&["c1".to_string(), "c2".into()][..], Some(false)));
    let (t, report) = table_with("a,a,\n1,2,3\n", &ReadOptions::default()).unwrap();
    assert_eq!(t.names, ["a", "a.2", "c3"]);
    assert!(matches!(report.warnings[..], [Warning::Duplicate { .. }]));
    let told = ReadOptions { header: Some(false), ..ReadOptions::default() };
    assert_eq!(table_with("a,b\n1,2\n", &told).unwrap().0.rows, 2);
    let (t, report) = table_with("a,b\n1,\n2,NA\n", &ReadOptions::default()).unwrap();
    assert!(t.columns[1].missing() == 2 && matches!(report.warnings[..], [Warning::AllMissing { .. }]));
}

#[test]
fn one_column_and_other_separators() {
    assert_eq!(numbers(&table("adc\n1\n\"\"\n2\n").columns[0])[2], 2.0);
    assert_eq!(table("adc\n1\n\"\"\n2\n").columns[0].missing(), 1);
    assert_eq!(table("a\tb c\n1\t\n").names, ["a", "b c"]);
    assert_eq!(numbers(&table("  1   2\t3\n 4 5 6  \n").columns[2]), [3.0, 6.0]);
    let quotes = ReadOptions { quotes: false, ..ReadOptions::default() };
    assert_eq!(words(&table_with("a\tb\n\"x\t1\ny\"\t2\n", &quotes).unwrap().0.columns[0]), [Some("\"x"), Some("y\"")]);
}

#[test]
fn several_files_must_have_the_same_columns() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    put("p1.csv", "a,b\n1,x\n");
    put("p2.csv", "a,b\n2,y\n3,x\n");
    let pattern = dir.path().join("p*.csv");
    let read_all = || read(&Sources::from_args([pattern.to_str().unwrap()]).unwrap(), &ReadOptions::default());
    let (Input::Table(t), report) = read_all().unwrap() else { panic!() };
    assert_eq!(numbers(&t.columns[0]), [1.0, 2.0, 3.0]);
    assert_eq!(words(&t.columns[1]), [Some("x"), Some("y"), Some("x")]);
    assert_eq!(report.files.iter().map(|f| f.rows).collect::<Vec<_>>(), [1, 2]);
    put("p3.csv", "a,c\n2,y\n");
    let message = read_all().unwrap_err().to_string();
    assert!(
        message.contains("p3.csv") && message.contains("`b`, found `c`") && message.contains("p1.csv"),
        "{message}"
    );
    put("p3.csv", "a,b,c\n2,y,1\n");
    assert!(read_all().unwrap_err().to_string().contains("expected 2 columns, found 3"));
    put("p3.csv", "a,b\n2,y\n\nx,y,z\n");
    assert!(read_all().unwrap_err().to_string().contains("p3.csv:4: expected 2 fields, found 3"));
}

#[cfg(unix)]
#[test]
fn a_pipe_can_be_read_although_it_must_be_looked_at_twice() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let text: String = (0..20_000).map(|k| if k == 19_000 { "w,1\n".into() } else { format!("{k},{k}\n") }).collect();
    let writer = std::thread::spawn({
        let (path, text) = (path.clone(), text.clone());
        move || fs::write(path, text).unwrap()
    });
    let options = ReadOptions { window: 1 << 14, ..ReadOptions::default() };
    let (Input::Table(t), report) = read(&Sources::path(&path).unwrap(), &options).unwrap() else { panic!() };
    writer.join().unwrap();
    assert_eq!(words(&t.columns[0])[..2], [Some("0"), Some("1")]);
    assert_eq!(words(&t.columns[0])[19_000], Some("w"));
    assert_eq!(report.bytes(), text.len() as u64);
}

#[test]
fn a_million_levels() {
    let mut text = String::from("id,x\n");
    (0..1_000_000).for_each(|k| text += &format!("u{k},{}\n", k % 10));
    let t = table(text);
    let Column::Category { codes, levels } = &t.columns[0] else { panic!() };
    assert_eq!((codes.len(), levels.len(), levels[999_999].as_str()), (1_000_000, 1_000_000, "u999999"));
}
