//! Malformed input through the program: refused with code 2 and a message that leads to the place, or read with a warning
//! and the right result; and nothing is left behind.

mod place;

use std::fmt::Write as _;

use place::{Place, names, number};

/// 60 rows of two numbers and a class that depends on them, with some of it left to chance.
fn table() -> String {
    let mut text = "a,b,y\n".to_string();
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 16) / 65_536.0
    };
    for _ in 0..60 {
        let (a, b, chance) = (next(), next(), next());
        let y = if a + b + chance > 1.5 { "yes" } else { "no" };
        writeln!(text, "{a:.3},{b:.3},{y}").expect("writing to a string");
    }
    text
}

/// The table with line `line` (from 1) put in place of its own.
fn with_line(line: usize, content: &str) -> String {
    let text = table();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[line - 1] = content;
    lines.join("\n") + "\n"
}

/// Sixty svmlight rows, and one more.
fn rows_and(last: &str) -> String {
    let mut text = String::new();
    for i in 0..60 {
        writeln!(text, "{} 1:{} 2:{}.5", if i % 2 == 0 { "+1" } else { "-1" }, i % 5, i % 3).expect("a string");
    }
    text + last + "\n"
}

/// The program refuses with code 2, says every part, and leaves the directory as it was.
fn refused(place: &Place, args: &[&str], parts: &[&str]) {
    let before = place.names();
    let ran = place.run(args);
    assert_eq!(ran.code, 2, "{args:?} ended with {}: {}{}", ran.code, ran.out, ran.err);
    for part in parts {
        assert!(ran.err.contains(part), "{args:?}: no `{part}` in: {}", ran.err);
    }
    assert_eq!(ran.out, "", "{args:?} prints on standard output");
    assert_eq!(place.names(), before, "{args:?} leaves something behind");
}

/// `fit` of one file refuses.
fn file_refused(name: &str, content: impl AsRef<[u8]>, parts: &[&str]) {
    refused(&Place::with(name, content), &["fit", name, "--target", "y"], parts);
}

/// `fit` of an svmlight file refuses.
fn rows_refused(last: &str, parts: &[&str]) {
    refused(&Place::with("d.svm", rows_and(last)), &["fit", "d.svm"], parts);
}

/// `fit` of the good table with these flags refuses.
fn flags_refused(flags: &[&str], parts: &[&str]) {
    refused(&Place::with("d.csv", table()), &[&["fit", "d.csv", "--target", "y"], flags].concat(), parts);
}

/// A file is read with these warnings; the place holds its run `run`.
fn warned(name: &str, content: impl AsRef<[u8]>, flags: &[&str], parts: &[&str]) -> Place {
    let place = Place::with(name, content);
    let ran = place.done(&[&["fit", name, "--out", "run"], flags].concat());
    for part in parts {
        let line = ran.err.lines().find(|line| line.starts_with("warning") && line.contains(part));
        assert!(line.is_some(), "{name}: no warning with `{part}` in: {}", ran.err);
    }
    place
}

/// A file gives the very model of the good table, with these warnings.
fn read_as_the_table(name: &str, content: impl AsRef<[u8]>, parts: &[&str]) {
    let good = warned("d.csv", table(), &["--target", "y"], &[]);
    let place = warned(name, content, &["--target", "y"], parts);
    assert!(place.read("run/model.safetensors") == good.read("run/model.safetensors"), "{name}: another model");
}

#[test]
fn broken_lines_are_named() {
    file_refused("d.csv", with_line(6, "0.5,yes"), &["d.csv:6", "expected 3 fields, found 2"]);
    file_refused("d.csv", with_line(6, "0.5,0.5,yes,9"), &["d.csv:6", "expected 3 fields, found 4"]);
    file_refused("d.csv", with_line(6, "\"0.5,0.5,yes"), &["d.csv:6:1", "quote", "never closed"]);
    file_refused("d.csv", with_line(6, "\"0.5\"x,0.5,yes"), &["d.csv:6:6", "after a closing quote"]);
    file_refused("d.csv", with_line(6, "0.5\0,0.5,yes"), &["d.csv:6:4", "NUL"]);
}

#[test]
fn numbers_that_are_none_are_refused_or_missing() {
    for word in ["inf", "-Infinity", "1e400", "-1e999"] {
        file_refused("d.csv", with_line(6, &format!("{word},0.5,yes")), &["d.csv:6:1", word, "column `a`", "finite"]);
    }
    // NaN is how many programs write a missing value: the same model as with an empty field.
    let nan = warned("d.csv", with_line(6, "NaN,0.5,yes"), &["--target", "y"], &[]);
    let empty = warned("d.csv", with_line(6, ",0.5,yes"), &["--target", "y"], &[]);
    assert!(nan.read("run/model.safetensors") == empty.read("run/model.safetensors"));
    let word = Place::with("d.csv", with_line(6, "oops,0.5,yes"));
    refused(&word, &["fit", "d.csv", "--target", "y", "--types", "a=number"], &["column `a`", "`oops`", "number"]);
    warned("d.csv", with_line(6, "oops,0.5,yes"), &["--target", "y"], &["d.csv:6:1", "`oops`"]);
    // A model of numbers near the end of the range is finite or said not to be.
    warned("d.csv", with_line(6, "1e300,0.5,yes"), &["--target", "y"], &[]);
}

#[test]
fn files_with_nothing_to_learn_are_refused() {
    file_refused("d.csv", "", &["d.csv", "empty"]);
    file_refused("d.csv", "\n\n  \n", &["d.csv", "empty"]);
    file_refused("d.csv", "a,b,y\n", &["d.csv", "header", "no row"]);
    file_refused("d.csv", "a,b,y\n1,2,yes\n", &["`y`", "nothing to predict"]);
    file_refused("d.csv", table().replace(",no", ",yes"), &["`y`", "`yes` in every row"]);
    file_refused("d.csv", "a,y\n".to_string() + &"1,yes\n1,no\n".repeat(30), &["no feature is left", "constant"]);
    file_refused("d.csv", "a,y\n".to_string() + &"1,\n2,\n".repeat(30), &["`y`", "missing in every row"]);
    refused(&Place::new(), &["fit", "-", "--target", "y"], &["empty"]);
}

#[test]
fn the_target_is_asked_for_and_found() {
    let place = Place::with("d.csv", table().replace("a,b,y", "a,b,diagnosis"));
    refused(&place, &["fit", "d.csv"], &["--target", "a, b, diagnosis"]);
    refused(&place, &["fit", "d.csv", "-t", "diagnosys"], &["`diagnosys`", "did you mean `diagnosis`?"]);
    refused(&place, &["fit", "d.csv", "-t", "9"], &["no column 9", "3 columns"]);
    let words: String = (0..2_000).map(|i| format!("{i},name {i}\n")).collect();
    file_refused("d.csv", "a,y\n".to_string() + &words, &["`y`", "2000 different", "too many for classes"]);
    refused(
        &Place::with("d.svm", rows_and("+1 1:1")),
        &["fit", "d.svm", "-t", "3"],
        &["--target", "svmlight", "leave it out"],
    );
}

#[test]
fn columns_of_no_use_are_left_out_with_a_warning() {
    let column = |value: &str| {
        let (names, rows) = table().split_once('\n').map(|(n, r)| (n.to_string(), r.to_string())).expect("a header");
        format!("c,{names}\n") + &rows.lines().map(|row| format!("{value},{row}\n")).collect::<String>()
    };
    read_as_the_table("c.csv", column("1"), &["`c` left out", "1 in every training row"]);
    read_as_the_table("m.csv", column(""), &["`c` has no value", "`c` left out"]);
    let twice = warned("d.csv", table().replace("a,b,y", "a,a,y"), &["--target", "y"], &["`a` occurs more than once"]);
    assert!(twice.text("run/coefficients.csv").contains("a.2"));
    let missing = warned("d.csv", with_line(6, "0.5,0.5,"), &["--target", "y"], &["without a value of the target `y`"]);
    let rows = missing.json("run/summary.json");
    assert_eq!(number(&rows, "/rows/train") + number(&rows, "/rows/test"), 59.0);
}

#[test]
fn a_hundred_thousand_levels_do_not_drown_the_model() {
    let rows = |per_level: usize| -> String {
        let row = |i: usize| {
            format!("level {},{},{}\n", i / per_level, i % 7, if i.is_multiple_of(3) { "yes" } else { "no" })
        };
        "c,a,y\n".to_string() + &(0..100_000).map(row).collect::<String>()
    };
    let ids = warned("d.csv", rows(1), &["--target", "y"], &["`c` left out"]);
    assert_eq!(number(&ids.json("run/summary.json"), "/features/encoded"), 1.0);
    warned("d.csv", rows(2), &["--target", "y"], &["`c`", "rare"]);
    let flags = ["--target", "y", "--types", "c=category", "--min-level", "1", "--max-seconds", "5", "--no-report"];
    let most = warned("d.csv", rows(2), &flags, &["`c` has", "levels", "--hash"]);
    assert!(number(&most.json("run/summary.json"), "/features/encoded") <= 1_100.0);
}

#[test]
fn damaged_archives_and_containers_are_refused() {
    read_as_the_table("d.csv.gz", table(), &["not compressed"]);
    let whole = std::fs::read(place::data("digits.svm.gz")).expect("a file of data/");
    file_refused("d.gz", &whole[..whole.len() / 2], &["d.gz", "gzip", "cut short"]);
    file_refused("d.gz", &whole[..whole.len() - 3], &["d.gz", "gzip", "cut short"]);
    let mut wrong = whole.clone();
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    file_refused("d.gz", &wrong, &["d.gz", "checksum", "damaged"]);
    let mut garbage = whole[..10].to_vec();
    garbage.extend([0xff; 40]);
    file_refused("d.gz", &garbage, &["d.gz", "gzip", "damaged"]);
    file_refused("d.csv.zst", [&b"\x28\xb5\x2f\xfd"[..], &b"\0\x99".repeat(20)].concat(), &["d.csv.zst", "zstd"]);
    file_refused("d.xlsx", [&b"PK\x03\x04"[..], &[7; 500]].concat(), &["d.xlsx", "spreadsheet", "CSV"]);
    file_refused("d.png", [&b"\x89PNG\r\n\x1a\n"[..], &[7; 500]].concat(), &["d.png", "PNG"]);

    let place = Place::with("d.csv", table());
    place.done(&["fit", "d.csv", "--target", "y", "--out", "run", "-q"]);
    place.done(&["predict", "run", "d.csv", "--out", "p.parquet", "-q"]);
    let parquet = place.read("p.parquet");
    for cut in [8, parquet.len() / 2, parquet.len() - 5, parquet.len() - 1] {
        file_refused("d.parquet", &parquet[..cut], &["d.parquet", "Parquet"]);
    }
    let ipc = [&b"ARROW1\0\0\xff\xff\xff\xff\x10\0\0\0"[..], &[16; 12]].concat();
    file_refused("d.arrow", &ipc, &["d.arrow", "Arrow"]);
}

#[test]
fn svmlight_pairs_are_checked() {
    rows_refused("+1 1:1 2147483648:1", &["d.svm:61:8", "2147483648", "at most 2147483647"]);
    rows_refused("+1 1:1 18446744073709551616:1", &["d.svm:61:8", "too large"]);
    rows_refused("+1 -1:1 2:1", &["d.svm:61:4", "negative index"]);
    rows_refused("+1 1:1 1:2", &["d.svm:61:8", "index 1 occurs twice"]);
    rows_refused("+1 1:nan 2:2", &["d.svm:61:6", "`nan`", "finite"]);
    rows_refused("+1 1:1e400 2:2", &["d.svm:61:6", "`1e400`", "finite"]);
    rows_refused("+1 1: 2:2", &["d.svm:61:6", "number after the colon"]);
    rows_refused("spam 1:1 2:2", &["d.svm:61:1", "`spam`", "label"]);
    warned("d.svm", rows_and("+1 2:1 1:2"), &[], &["d.svm:61:1", "not ascending"]);
    // An index 0 makes the file one that counts from 0: three features, of which the first is used once.
    let zero = warned("d.svm", rows_and("+1 0:1 2:1"), &[], &[]);
    assert_eq!(number(&zero.json("run/summary.json"), "/features/raw"), 3.0);
}

#[test]
fn a_feature_with_a_huge_index_is_told_before_memory_is_taken() {
    rows_refused("+1 1:1 2147483647:1", &["2,147,483,647 features", "memory"]);
}

#[test]
fn every_way_to_write_text_gives_the_same_model() {
    read_as_the_table("bom.csv", [&b"\xef\xbb\xbf"[..], table().as_bytes()].concat(), &[]);
    read_as_the_table("crlf.csv", table().replace('\n', "\r\n"), &[]);
    read_as_the_table("cr.csv", table().replace('\n', "\r"), &[]);
    read_as_the_table("end.csv", table().trim_end(), &[]);
    read_as_the_table("semicolon.csv", table().replace(',', ";"), &[]);
    read_as_the_table("spaces.csv", table().replace(',', ", "), &[]);
    let utf16 = |f: fn(u16) -> [u8; 2], text: &str| text.encode_utf16().flat_map(f).collect::<Vec<u8>>();
    read_as_the_table("le.csv", utf16(u16::to_le_bytes, &format!("\u{feff}{}", table())), &["UTF-16"]);
    read_as_the_table("be.csv", utf16(u16::to_be_bytes, &format!("\u{feff}{}", table())), &["UTF-16"]);
    file_refused("d.csv", utf16(u16::to_le_bytes, &table()), &["d.csv:1:2", "UTF-16"]);
    read_as_the_table("latin.csv", [b"\xe4", &table().as_bytes()[1..]].concat(), &["not UTF-8", "`ä`"]);
    file_refused(
        "d.bin",
        (0..5_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<_>>(),
        &["d.bin"],
    );
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let place = Place::new();
    refused(&place, &["fit", "nope.csv", "-t", "y"], &["nope.csv", "no such file"]);
    refused(&place, &["fit", "*.csv", "-t", "y"], &["*.csv", "no file matches"]);
    refused(&place, &["fit", ".", "-t", "y"], &["directory"]);
    let two = Place::with("d1.csv", table());
    two.write("d2.csv", table().replace("a,b,y", "a,c,y"));
    refused(&two, &["fit", "d1.csv", "d2.csv", "-t", "y"], &["d2.csv", "`b`", "`c`", "d1.csv"]);
    refused(&two, &["fit", "d1.csv", "-t", "y", "--test-file", "nope.csv"], &["nope.csv", "no such file"]);
    two.write("t.csv", "a,y\n1,yes\n2,no\n");
    refused(&two, &["fit", "d1.csv", "-t", "y", "--test-file", "t.csv"], &["lacks columns", "b"]);
    two.write("t.csv", "a,b,y\n1,2,yes\n2,2,maybe\n");
    refused(&two, &["fit", "d1.csv", "-t", "y", "--test-file", "t.csv"], &["row 2", "`maybe`", "`no`, `yes`"]);
    for command in [&["predict", "nope", "d1.csv"][..], &["evaluate", "nope", "d1.csv"], &["report", "nope"]] {
        refused(&two, command, &["nope"]);
    }
    refused(&two, &["runs", "show", "nope"], &["nope"]);
}

#[test]
fn options_out_of_their_range_are_refused_before_anything_is_written() {
    for (flags, parts) in [
        (&["--gap=-1"][..], &["--gap", "-1"][..]),
        (&["--gap", "nan"], &["--gap"]),
        (&["--l2=-1"], &["--l2", "≥ 0"]),
        (&["--l1", "x"], &["--l1", "`x`"]),
        (&["--max-seconds=-1"], &["--max-seconds", "-1"]),
        (&["--max-seconds", "nan"], &["--max-seconds"]),
        (&["--checkpoint-every=-1"], &["--checkpoint-every"]),
        (&["--threads", "0"], &["--threads", "1 to 1024"]),
        (&["--threads", "1000000"], &["--threads", "1 to 1024"]),
        (&["--test", "100%"], &["--test", "100%"]),
        (&["--test", "60"], &["60", "none to train on", "--test"]),
        (&["--test", "40", "--valid", "40"], &["80", "none to train on"]),
        (&["--min-level=-2"], &["--min-level", "-2"]),
        (&["--hash", "2^40"], &["--hash", "2^30"]),
        (&["--standardize", "zscore"], &["zscore", "max-abs"]),
        (&["--separator", "ab"], &["--separator", "`ab`"]),
        (&["--batch", "0"], &["--batch"]),
    ] {
        flags_refused(flags, parts);
    }
}

#[test]
fn names_that_do_not_exist_list_those_that_do() {
    for (flags, parts) in [
        (&["--solver", "adamm"][..], &["adamm", "adam"][..]),
        (&["--solver", "adam", "--optimizer", "sgd"], &["--solver", "multiple times"]),
        (&["--loss", "logit"], &["--loss", "`logit`", "logistic"]),
        (&["--task", "binari"], &["`binari`", "binary"]),
        (&["--model", "mlpp"], &["--model", "`mlpp`", "linear"]),
        (&["--types", "a=foo"], &["`foo`", "number, category and time"]),
        (&["--types", "zz=number"], &["--types", "`zz`", "`a`, `b`, `y`"]),
        (&["--types", "a"], &["--types", "`a`", "COLUMN=TYPE"]),
        (&["--drop", "zz"], &["--drop", "`zz`"]),
        (&["--drop", "y"], &["`y`", "--target", "--drop"]),
        (&["--drop", "a,b"], &["no column is left"]),
        (&["--id", "zz"], &["--id", "`zz`"]),
        (&["--keep", "zz"], &["--keep", "`zz`"]),
        (&["--weights", "w"], &["--weights", "`w`"]),
        (&["--offset", "w"], &["--offset", "`w`"]),
        (&["--group", "w"], &["--group", "`w`"]),
        (&["--time", "w"], &["--time", "`w`"]),
        (&["--positive", "maybe"], &["--positive", "`maybe`", "`no`, `yes`"]),
        (&["--class-weights", "maybe=2"], &["`maybe`", "`no`, `yes`"]),
        (&["--class-weights", "yes=-2"], &["yes=-2", "above 0"]),
        (&["--loss", "poisson"], &["`y`, row 1", "is no number"]),
        (&["--init", "nope"], &["nope", "does not exist"]),
        (&["--out", "d.csv"], &["d.csv"]),
        (&["--out", "d.csv/run"], &["d.csv/run"]),
        (&["--learning-rate", "1"], &["--learning-rate"]),
    ] {
        flags_refused(flags, parts);
    }
    let place = Place::with("d.csv", table());
    let on_numbers =
        |flags: &[&str], parts: &[&str]| refused(&place, &[&["fit", "d.csv", "-t", "a"], flags].concat(), parts);
    on_numbers(&["--loss", "huber:-1"], &["--loss", "delta", "-1"]);
    on_numbers(&["--loss", "quantile:2"], &["--loss", "tau", "2"]);
    on_numbers(&["--loss", "logistic"], &["`a`", "two"]);
    let negative = Place::with("d.csv", with_line(6, "-3,0.5,yes"));
    refused(&negative, &["fit", "d.csv", "-t", "a", "--loss", "poisson"], &["row 5", "-3", "counts"]);
    refused(&place, &["fit", "--out", "nope", "--resume"], &["nope", "no run to resume"]);
    refused(&place, &["fit", "--resume"], &["--out"]);
}

#[test]
fn weights_must_be_weights() {
    let place = Place::with("d.csv", with_line(6, "-0.5,0.5,yes"));
    refused(&place, &["fit", "d.csv", "-t", "y", "--weights", "a"], &["`a`", "row 5", "-0.5"]);
    let missing = Place::with("d.csv", with_line(6, ",0.5,yes"));
    refused(&missing, &["fit", "d.csv", "-t", "y", "--weights", "a"], &["`a`", "row 5", "missing"]);
    let zero: String = (0..50).map(|i| format!("0,{i},{}\n", if i % 2 == 0 { "yes" } else { "no" })).collect();
    let zero = Place::with("d.csv", "w,a,y\n".to_string() + &zero);
    refused(&zero, &["fit", "d.csv", "-t", "y", "--weights", "w"], &["`w`", "0 in every row"]);
    refused(&place, &["fit", "d.csv", "-t", "a", "--weights", "y"], &["--weights", "`y`", "words"]);
}

#[test]
fn configurations_are_checked_by_key_and_line() {
    for (text, parts) in [
        ("[model]\nl3 = 1\n", &["c.toml", "line 2, column 1", "`l3`", "`l2`"][..]),
        ("[modl]\nl2 = 1\n", &["c.toml", "line 1", "`modl`", "`model`"]),
        ("[model]\nl2 = \"x\"\n", &["c.toml", "line 2, column 6", "`x`", "≥ 0"]),
        ("[model\nl2 = 1\n", &["c.toml", "line 1", "unclosed"]),
        ("[solver]\nsolver = \"adam\"\noptimizer = \"sgd\"\n", &["c.toml", "duplicate", "`solver`"]),
        ("[stop]\ngap = -1\n", &["gap", "-1"]),
        ("[stop]\nmax-seconds = -1\n", &["max-seconds", "-1"]),
    ] {
        let place = Place::with("d.csv", table());
        place.write("c.toml", text);
        refused(&place, &["fit", "d.csv", "--target", "y", "--config", "c.toml"], parts);
    }
    flags_refused(&["--config", "c.toml"], &["c.toml", "No such file"]);
    let place = Place::with("d.csv", table());
    place.write("c.toml", b"\xff\xfe\x00");
    refused(&place, &["fit", "d.csv", "--target", "y", "--config", "c.toml"], &["c.toml", "UTF-8"]);
}

#[test]
fn data_that_overflow_say_so() {
    let rows: String = (0..60).map(|i| format!("{},{i}e300\n", i % 7)).collect();
    let place = Place::with("d.csv", "a,y\n".to_string() + &rows);
    let ran = place.run(&["fit", "d.csv", "--target", "y", "--out", "run"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("diverged") && ran.err.contains("row"), "{}", ran.err);
    assert!(!String::from_utf8_lossy(&place.read("run/summary.json")).contains("NaN"));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};

    #[test]
    fn no_permission_is_named() {
        // SAFETY: a call without arguments that always succeeds.
        if unsafe { libc::geteuid() } == 0 {
            eprintln!("skipped: nothing is forbidden to root");
            return;
        }
        let place = Place::with("d.csv", table());
        std::fs::set_permissions(place.path("d.csv"), PermissionsExt::from_mode(0o000)).expect("it is ours");
        refused(&place, &["fit", "d.csv", "-t", "y"], &["d.csv", "ermission"]);
        std::fs::set_permissions(place.path("d.csv"), PermissionsExt::from_mode(0o644)).expect("it is ours");
        std::fs::create_dir(place.path("runs")).expect("it is ours");
        std::fs::set_permissions(place.path("runs"), PermissionsExt::from_mode(0o555)).expect("it is ours");
        refused(&place, &["fit", "d.csv", "-t", "y"], &["runs", "ermission"]);
    }

    /// A limit on the size of files does what a full disk does: a write fails half-way.
    fn with_small_files(place: &Place, kilobytes: u32, args: &[&str]) -> place::Ran {
        let program = env!("CARGO_BIN_EXE_steepest");
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kilobytes * 2);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script, program]).args(args).current_dir(place.path("."));
        let output = command.output().expect("sh runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        place::Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    #[test]
    fn a_full_disk_leaves_whole_files_or_none() {
        let rows: String = table().lines().skip(1).map(|row| format!("{row}\n").repeat(60)).collect();
        let place = Place::with("d.csv", format!("a,b,y\n{rows}"));
        place.done(&["fit", "d.csv", "-t", "y", "--out", "run"]);
        let before = place.names();
        let full = with_small_files(&place, 16, &["predict", "run", "d.csv", "--out", "p.csv"]);
        assert_eq!(full.code, 2, "{}", full.err);
        assert!(full.err.contains("p.csv") && full.err.contains("too large"), "{}", full.err);
        assert_eq!(place.names(), before);
        // Room for the configuration and the checkpoint, and not for the report.
        let late = with_small_files(&place, 24, &["fit", "d.csv", "-t", "y", "--out", "late"]);
        assert_eq!(late.code, 2, "{}", late.err);
        let left = names(&place.path("late"));
        assert!(left.iter().all(|n| !n.contains("tmp") && n != "report.html"), "{left:?}");
        assert!(place.read("late/model.safetensors") == place.read("run/model.safetensors"));
        // Room for nothing.
        let none = with_small_files(&place, 0, &["fit", "d.csv", "-t", "y", "--out", "none"]);
        assert_eq!(none.code, 2, "{}", none.err);
        assert!(!place.path("none").exists(), "{:?}", names(&place.path("none")));
    }

    #[test]
    fn standard_output_that_is_full_is_an_error_and_no_panic() {
        let place = Place::with("d.csv", table());
        place.done(&["fit", "d.csv", "-t", "y", "--out", "run"]);
        for args in [
            &["predict", "run", "d.csv"][..],
            &["evaluate", "run", "d.csv"],
            &["evaluate", "run", "d.csv", "--json"],
            &["runs", "list"],
            &["completions", "bash"],
            &["fit", "d.csv", "-t", "y", "--json"],
        ] {
            let full = std::fs::File::options().write(true).open("/dev/full");
            let Ok(full) = full else {
                eprintln!("skipped: there is no /dev/full");
                return;
            };
            let output = place.command(args).stdout(full).output().expect("the program runs");
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{args:?}: {err}");
            assert!(err.contains("standard output") && err.contains("No space left"), "{args:?}: {err}");
        }
    }

    #[test]
    fn predictions_go_through_pipes_and_links_and_do_not_replace_them() {
        let place = Place::with("d.csv", table());
        place.done(&["fit", "d.csv", "-t", "y", "--out", "run"]);
        let printed = place.done(&["predict", "run", "d.csv"]).out;
        let made = std::process::Command::new("mkfifo").arg(place.path("pipe")).status();
        if !made.is_ok_and(|status| status.success()) {
            eprintln!("skipped: no mkfifo");
            return;
        }
        let reader = std::thread::spawn({
            let pipe = place.path("pipe");
            move || std::fs::read_to_string(pipe).expect("the pipe is read")
        });
        // Were the pipe replaced by a file, the reader would wait for ever: it is freed by a writer of our own.
        let ran = place.run(&["predict", "run", "d.csv", "--out", "pipe"]);
        let kind = std::fs::symlink_metadata(place.path("pipe")).expect("it is there").file_type();
        assert!(kind.is_fifo(), "the pipe became a file: {}", ran.err);
        assert_eq!(reader.join().expect("the reader ends"), printed);

        place.write("real.csv", "old");
        std::os::unix::fs::symlink("real.csv", place.path("link.csv")).expect("a link");
        place.done(&["predict", "run", "d.csv", "--out", "link.csv"]);
        assert_eq!(place.text("real.csv"), printed, "a link is followed");
        assert!(std::fs::symlink_metadata(place.path("link.csv")).expect("it is there").is_symlink());
    }
}
