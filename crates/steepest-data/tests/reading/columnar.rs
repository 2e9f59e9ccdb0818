//! Parquet and Arrow files, written by Arrow's own writers.

use std::fs;
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array,
    Int64Array, LargeStringArray, RecordBatch, StringArray, TimestampMillisecondArray, UInt8Array,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use steepest_data::read::{Format, Kind, ReadOptions, Warning};
use steepest_data::{Column, Table, write_parquet};

use super::{error, gzip, numbers, same, table_with, words};

fn batch() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("f32", Arc::new(Float32Array::from(vec![Some(0.5), None, Some(-2.0)]))),
        ("i64", Arc::new(Int64Array::from(vec![1, -2, 3]))),
        ("u8", Arc::new(UInt8Array::from(vec![Some(255), None, Some(0)]))),
        ("nan", Arc::new(Float64Array::from(vec![1.0, f64::NAN, 3.0]))),
        ("money", Arc::new(Decimal128Array::from(vec![12345, 5, -100]).with_precision_and_scale(10, 2).unwrap())),
        ("word", Arc::new(StringArray::from(vec![Some("x"), Some("?"), None]))),
        ("large", Arc::new(LargeStringArray::from(vec!["a", "b", "a"]))),
        ("level", Arc::new(vec![Some("hi"), None, Some("lo")].into_iter().collect::<DictionaryArray<Int8Type>>())),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(365), None]))),
        ("at", Arc::new(TimestampMillisecondArray::from(vec![1500, -500, 0]))),
        ("blob", Arc::new(BinaryArray::from(vec![&b"a"[..], b"b", b"c"]))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap()
}

fn parquet(batch: &RecordBatch, group: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn arrow_file(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = FileWriter::try_new(&mut bytes, &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    bytes
}

fn arrow_stream(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    bytes
}

#[test]
fn every_type_becomes_what_it_means() {
    let batch = batch();
    let forms = [
        (Format::Parquet, parquet(&batch, 2)),
        (Format::Arrow, arrow_file(&batch)),
        (Format::Arrow, arrow_stream(&batch)),
    ];
    let mut seen: Option<Table> = None;
    for (format, bytes) in forms {
        let (t, report) = table_with(&bytes, &ReadOptions::default()).unwrap();
        assert_eq!((report.format, t.rows, t.columns.len()), (format, 3, 11));
        assert_eq!(report.bytes(), bytes.len() as u64);
        assert_eq!(report.hash(), format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&bytes)));
        let column = |name: &str| &t.columns[t.position(name).unwrap()];
        assert_eq!((numbers(column("f32"))[0], column("f32").missing()), (0.5, 1));
        assert_eq!(numbers(column("i64")), [1.0, -2.0, 3.0]);
        assert_eq!((numbers(column("u8"))[0], column("u8").missing()), (255.0, 1));
        assert_eq!(column("nan").missing(), 1);
        assert_eq!(numbers(column("money")), [123.45, 0.05, -1.0]);
        assert_eq!(words(column("word")), [Some("x"), None, None]);
        assert_eq!(words(column("large")), [Some("a"), Some("b"), Some("a")]);
        assert_eq!(words(column("level")), [Some("hi"), None, Some("lo")]);
        assert_eq!(words(column("flag")), [Some("true"), Some("false"), None]);
        assert!(matches!(column("day"), Column::Time(v) if v[..2] == [0.0, 365.0 * 86400.0] && v[2].is_nan()));
        assert!(matches!(column("at"), Column::Time(v) if v[..] == [1.5, -0.5, 0.0]));
        let warnings = &report.warnings;
        assert!(warnings.iter().any(|w| matches!(w, Warning::LeftOut { name, .. } if name == "blob")), "{warnings:?}");
        assert!(
            warnings.iter().any(|w| matches!(w, Warning::NanIsMissing { name, rows: 1 } if name == "nan")),
            "{warnings:?}"
        );
        assert_eq!(warnings.len(), 2);
        assert!(seen.as_ref().is_none_or(|s| same(s, &t)));
        assert!(same(&t, &table_with(gzip(&bytes), &ReadOptions::default()).unwrap().0));
        seen = Some(t);
    }
}

#[test]
fn kinds_and_dropped_columns_are_honoured() {
    let options = ReadOptions {
        kinds: vec![("i64".into(), Kind::Category), ("day".into(), Kind::Category)],
        drop: vec!["blob".into(), "f32".into()],
        ..ReadOptions::default()
    };
    let (t, report) = table_with(parquet(&batch(), 10), &options).unwrap();
    assert_eq!(words(&t.columns[t.position("i64").unwrap()]), [Some("1"), Some("-2"), Some("3")]);
    assert_eq!(words(&t.columns[t.position("day").unwrap()]), [Some("1970-01-01"), Some("1971-01-01"), None]);
    assert!(t.position("f32").is_none() && report.warnings.len() == 1);
    let options = ReadOptions { kinds: vec![("word".into(), Kind::Number)], ..ReadOptions::default() };
    let message = table_with(parquet(&batch(), 10), &options).unwrap_err().to_string();
    assert!(message.contains("f:1: `x` in column `word` is no number"), "{message}");
    let options = ReadOptions { drop: vec!["nothing".into()], ..ReadOptions::default() };
    assert!(table_with(parquet(&batch(), 10), &options).unwrap_err().to_string().contains("no column is named"));
}

#[test]
fn cut_and_damaged_files_are_errors() {
    let batch = batch();
    for bytes in [parquet(&batch, 2), arrow_file(&batch)] {
        for keep in [8, bytes.len() / 2, bytes.len() - 1] {
            let message = error(&bytes[..keep]);
            assert!(message.contains("broken or unreadable"), "{keep}: {message}");
        }
        // Any damaged byte gives an error or a table, never a panic.
        for at in (0..bytes.len()).step_by(11) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x5a;
            let _ = table_with(&bytes, &ReadOptions::default());
        }
    }
    let columns: Vec<(&str, ArrayRef)> = vec![("v", Arc::new(Float64Array::from(vec![1.0, f64::INFINITY])))];
    let infinite = RecordBatch::try_from_iter(columns).unwrap();
    let message = error(parquet(&infinite, 10));
    assert!(message.contains("f:2: `inf` in column `v` is no finite number"), "{message}");
}

#[test]
fn what_we_write_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.parquet");
    let (t, _) = table_with(
        "name,x,day\nAda,0.1,2020-01-01\n\"q\"\"\n\",NA,?\n?,3,2020-01-02T10:00:00.5Z\n",
        &ReadOptions::default(),
    )
    .unwrap();
    write_parquet(&t, &path).unwrap();
    let (back, _) = table_with(fs::read(&path).unwrap(), &ReadOptions::default()).unwrap();
    assert!(same(&t, &back), "{back:?}");
}
