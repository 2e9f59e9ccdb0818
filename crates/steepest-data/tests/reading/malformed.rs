//! Input that is not all right: an error that names the place and what was expected, or a warning and the right result.

use std::fs;

use steepest_data::read::{Kind, ReadError, ReadOptions, Sources, Warning, read};

use super::{error, gzip, numbers, table_with, words};

/// Each file and what the message must say.
#[test]
fn every_message_names_the_place_and_what_was_expected() {
    let long = |rows: usize, last: &str| (0..rows).map(|k| format!("{k},{k}\n")).collect::<String>() + last;
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("too few fields", b"a,b,c\n1,2,3\n4,5\n".to_vec(), &["f:3:", "expected 3 fields, found 2"]),
        ("too many fields", b"a,b\n1,2\n4,5,6,7\n".to_vec(), &["f:3:", "expected 2 fields, found 4"]),
        ("ragged far down", long(300_000, "1,2,3\n").into_bytes(), &["f:300001:", "expected 2 fields, found 3"]),
        ("ragged behind a quoted line end", b"a,b\n\"x\ny\",2\n4\n".to_vec(), &["f:4:", "expected 2 fields, found 1"]),
        ("open quote", b"a,b\n1,\"x\n2,y\n".to_vec(), &["f:2:3:", "never closed"]),
        ("open quote far down", long(300_000, "1, \"x\n").into_bytes(), &["f:300001:4:", "never closed"]),
        ("text after a quote", b"a,b\n1,2\n\"x\"y,2\n".to_vec(), &["f:3:4:", "after a closing quote"]),
        ("too large", b"a,b\n1,2\n1e400,3\n".to_vec(), &["f:3:1:", "`1e400` in column `a`", "missing marker"]),
        ("infinite", b"a,b\n1,2\n3, -inf\n".to_vec(), &["f:3:4:", "`-inf` in column `b`"]),
        ("infinite first", b"a,b\ninf,2\n3,4\n".to_vec(), &["f:2:1:", "`inf` in column `a`"]),
        ("empty", b"".to_vec(), &["f: the file is empty"]),
        ("blank", b" \n\r\n\t\n".to_vec(), &["f: the file is empty"]),
        ("empty gzip", gzip(b""), &["f: the file is empty"]),
        ("byte order mark alone", b"\xef\xbb\xbf".to_vec(), &["f: the file is empty"]),
        ("header only", b"a,b\n".to_vec(), &["header and no row", "at least one row of 2"]),
        ("cut gzip", gzip(long(1000, "").as_bytes())[..1500].to_vec(), &["broken gzip", "cut short"]),
        ("cut gzip header", gzip(b"a,b\n1,2\n")[..5].to_vec(), &["broken gzip", "cut short"]),
        (
            "cut zstd",
            zstd::encode_all(long(1000, "").as_bytes(), 1).unwrap()[..1000].to_vec(),
            &["broken zstd", "cut short"],
        ),
        (
            "binary",
            (0..2000u32).map(|k| (k * 7919 % 251) as u8).collect(),
            &["f:", "NUL byte", "expected delimited text"],
        ),
        ("binary far down", long(300_000, "1,\0\n").into_bytes(), &["f:300001:3:", "NUL byte"]),
        (
            "UTF-16 without mark",
            "a,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect(),
            &["UTF-16 without a byte order"],
        ),
        ("zip", b"PK\x03\x04\x14\0\0\0".to_vec(), &["zip archive", "save the sheet as CSV"]),
        ("bzip2", b"BZh91AY&SY\x01\x02".to_vec(), &["bzip2", "unpack"]),
        ("xz", b"\xfd7zXZ\0\0\x04".to_vec(), &["xz", "unpack"]),
        ("NumPy", b"\x93NUMPY\x01\0v\0".to_vec(), &["NumPy"]),
        ("HDF5", b"\x89HDF\r\n\x1a\n".to_vec(), &["HDF5"]),
        ("Parquet in name only", b"PAR1abcdefgh".to_vec(), &["Parquet"]),
        ("label no number", b"1 1:2\nx 1:2\n".to_vec(), &["f:2:1:", "`x` is no label"]),
        ("label NaN", b"1 1:2\nnan 1:2\n".to_vec(), &["f:2:1:", "not finite"]),
        ("two labels", b"1 1:2\n1,2 1:2\n".to_vec(), &["f:2:1:", "several labels"]),
        ("value NaN", b"1 1:2 3:nan\n".to_vec(), &["f:1:9:", "`nan` is not finite"]),
        ("value too large", b"1 1:2 3:1e400\n".to_vec(), &["f:1:9:", "`1e400` is not finite"]),
        ("value missing", b"1 1:2 3:\n".to_vec(), &["f:1:9:", "expected a number after the colon"]),
        ("value no number", b"1 1:2 3:4x\n".to_vec(), &["f:1:9:", "`4x` is no value"]),
        ("negative index", b"1 1:2\n1 -1:2\n".to_vec(), &["f:2:3:", "negative index"]),
        ("index 2^31", b"1 2147483648:1\n".to_vec(), &["f:1:3:", "2147483648 is too large", "2147483647"]),
        ("index of forty digits", format!("1 {}:1\n", "9".repeat(40)).into_bytes(), &["f:1:3:", "too large"]),
        ("index twice", b"1 1:2 1:3\n".to_vec(), &["f:1:7:", "index 1 occurs twice"]),
        ("index twice, unsorted", b"1 3:2 1:3 3:1\n".to_vec(), &["f:1:1:", "index 3 occurs twice"]),
        ("no pair", b"1 1:2\n1 7\n".to_vec(), &["f:2:3:", "`7` is no index:value pair"]),
        ("query no number", b"1 qid:a 1:2\n".to_vec(), &["f:1:3:", "expected qid: and a whole number"]),
    ];
    for (what, bytes, wanted) in cases {
        let message = error(bytes);
        for part in wanted {
            assert!(message.contains(part), "{what}: {message}");
        }
    }
}

#[test]
fn a_damaged_gzip_fails_its_checksum() {
    let text: String = (0..1000).map(|k| format!("{k},{}\n", k * k)).collect();
    let mut bytes = gzip(text.as_bytes());
    let end = bytes.len();
    bytes[end - 6] ^= 1;
    let message = error(&bytes);
    assert!(message.contains("broken gzip") && message.contains("damaged"), "{message}");
    // Whatever byte is hit, the result is an error or the same table.
    let good = super::table(&text);
    for at in (0..end).step_by(7) {
        let mut bytes = gzip(text.as_bytes());
        bytes[at] ^= 0x10;
        if let Ok((t, _)) = table_with(&bytes, &ReadOptions::default()) {
            assert!(super::same(&good, &t), "byte {at}");
        }
    }
}

#[test]
fn a_word_where_a_number_was_asked_for() {
    let options = ReadOptions { kinds: vec![("b".into(), Kind::Number)], ..ReadOptions::default() };
    let message = table_with("a,b\nx,1\ny,zwei\n", &options).unwrap_err().to_string();
    assert!(message.contains("f:3:3: `zwei` in column `b` is no number"), "{message}");
    let options = ReadOptions { kinds: vec![("b".into(), Kind::Time)], ..ReadOptions::default() };
    let message = table_with("a,b\nx,2020-01-01\ny,5\n", &options).unwrap_err().to_string();
    assert!(message.contains("f:3:3: `5` in column `b` is no time"), "{message}");
    let options = ReadOptions { kinds: vec![("birthday".into(), Kind::Time)], ..ReadOptions::default() };
    let message = table_with("a,b\nx,2020-01-01\n", &options).unwrap_err().to_string();
    assert!(message.contains("no column is named `birthday`; there are `a`, `b`"), "{message}");
}

#[test]
fn warnings_with_a_right_result() {
    // Infinity as a word among words is a word.
    let (t, _) = table_with("a,b\ninf,1\nsup,2\n", &ReadOptions::default()).unwrap();
    assert_eq!(words(&t.columns[0]), [Some("inf"), Some("sup")]);
    let (t, _) = table_with("a,b\nNaN,1\n2,2\n", &ReadOptions::default()).unwrap();
    assert!(numbers(&t.columns[0])[0].is_nan());
    // A name that promises gzip.
    let sources = Sources::bytes("data.csv.gz", *b"a,b\n1,2\n");
    let (_, report) = read(&sources, &ReadOptions::default()).unwrap();
    assert!(matches!(report.warnings[..], [Warning::NotCompressed { ending: ".gz", .. }]));
}

#[test]
fn files_that_cannot_be_opened() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Sources::path(dir.path()), Err(ReadError::Directory { .. })));
    assert!(matches!(Sources::path(dir.path().join("x.csv")), Err(ReadError::NotFound { .. })));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = dir.path().join("secret.csv");
        fs::write(&path, "a\n1\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // The superuser may read everything.
        if fs::File::open(&path).is_err() {
            let sources = Sources::path(&path).unwrap();
            assert!(matches!(read(&sources, &ReadOptions::default()), Err(ReadError::Permission { .. })));
        }
    }
}
