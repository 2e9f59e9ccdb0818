//! Real files, where the shared data are at hand: counts that their description states.

use std::path::{Path, PathBuf};

use steepest_data::read::{Format, Input, ReadOptions, ReadReport, Separator, Sources, SvmlightRows, read};
use steepest_data::{Column, Table, Values};

/// The file, or a message that it is absent.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if !path.exists() {
        eprintln!("skipped: {name} is not at hand");
        return None;
    }
    Some(path)
}

fn table(path: &Path) -> (Table, ReadReport) {
    match read(&Sources::path(path).unwrap(), &ReadOptions::default()).unwrap() {
        (Input::Table(table), report) => (table, report),
        _ => panic!("{}: read as svmlight", path.display()),
    }
}

fn rows(path: &Path) -> SvmlightRows {
    match read(&Sources::path(path).unwrap(), &ReadOptions::default()).unwrap() {
        (Input::Rows(rows), _) => rows,
        _ => panic!("{}: read as a table", path.display()),
    }
}

#[test]
fn adult() {
    let Some(path) = shared("tabular/adult/adult.data.gz") else { return };
    let (t, report) = table(&path);
    assert_eq!((t.rows, t.columns.len()), (32_561, 15));
    assert_eq!((report.format, report.header), (Format::Delimited, Some(false)));
    assert_eq!(t.names[0], "c1");
    let categories = t.columns.iter().filter(|c| matches!(c, Column::Category { .. })).count();
    assert_eq!(categories, 9);
    let missing: Vec<usize> = t.columns.iter().map(Column::missing).collect();
    assert_eq!((missing[1], missing[6], missing[13]), (1836, 1843, 583));
    assert_eq!(missing.iter().sum::<usize>(), 1836 + 1843 + 583);
    let Column::Category { levels, .. } = &t.columns[14] else { panic!() };
    assert_eq!(levels[..], ["<=50K", ">50K"]);
    let Some(path) = shared("tabular/adult/adult.test.gz") else { return };
    let (t, _) = table(&path);
    let missing: Vec<usize> = t.columns.iter().map(Column::missing).collect();
    assert_eq!((t.rows, missing[1], missing[6], missing[13]), (16_281, 963, 966, 274));
}

#[test]
fn files_of_every_kind_have_their_stated_shape() {
    // name, rows, columns, categories, times, missing, separator, header
    let cases = [
        ("tabular/california-housing/housing.csv.gz", 20_640, 10, 1, 0, 207, b',', true),
        ("tabular/wine-quality/winequality-red.csv", 1_599, 12, 0, 0, 0, b';', true),
        ("tabular/wine-quality/winequality-white.csv", 4_898, 12, 0, 0, 0, b';', true),
        ("tabular/bike-sharing/hour.csv", 17_379, 17, 0, 1, 0, b',', true),
        ("tabular/bike-sharing/day.csv", 731, 16, 0, 1, 0, b',', true),
        ("tabular/diamonds/diamonds.csv.gz", 53_940, 10, 3, 0, 0, b',', true),
        ("tabular/abalone/abalone.csv", 4_177, 9, 1, 0, 0, b',', false),
        ("tabular/iris/iris.csv", 150, 5, 1, 0, 0, b',', false),
        ("tabular/us-flights-200k/flights-200k.csv.gz", 200_000, 3, 0, 0, 0, b',', true),
        ("tabular/higgs-sample/higgs.train.tsv", 7_000, 29, 0, 0, 0, b'\t', false),
    ];
    for (name, rows, columns, categories, times, missing, separator, header) in cases {
        let Some(path) = shared(name) else { continue };
        let (t, report) = table(&path);
        assert_eq!((t.rows, t.columns.len()), (rows, columns), "{name}");
        assert_eq!((report.separator, report.header), (Some(Separator::Byte(separator)), Some(header)), "{name}");
        let count = |f: fn(&Column) -> bool| t.columns.iter().filter(|c| f(c)).count();
        assert_eq!(count(|c| matches!(c, Column::Category { .. })), categories, "{name}");
        assert_eq!(count(|c| matches!(c, Column::Time(_))), times, "{name}");
        assert_eq!(t.columns.iter().map(Column::missing).sum::<usize>(), missing, "{name}");
        assert!(report.warnings.is_empty(), "{name}: {:?}", report.warnings);
    }
}

#[test]
fn weather_and_its_missing_fields() {
    let Some(path) = shared("tabular/nyc-weather/weather.csv.gz") else { return };
    let (t, _) = table(&path);
    assert_eq!((t.rows, t.columns.len()), (26_115, 15));
    let missing = |name: &str| t.columns[t.position(name).unwrap()].missing();
    let found = ["wind_gust", "pressure", "wind_dir", "wind_speed", "temp", "dewp", "humid", "origin"].map(missing);
    assert_eq!(found, [20_778, 2_729, 460, 4, 1, 1, 1, 0]);
    assert!(matches!(t.columns[t.position("time_hour").unwrap()], Column::Time(_)));
}

#[test]
fn svmlight_files_have_their_stated_counts() {
    // name, rows, largest index, stored, sum of labels
    let cases: [(&str, usize, usize, usize, f64); 9] = [
        ("a9a.gz", 32_561, 123, 451_592, 7_841.0 - 24_720.0),
        ("a9a.t.gz", 16_281, 122, 225_731, 3_846.0 - 12_435.0),
        ("a1a", 1_605, 119, 22_249, 395.0 - 1_210.0),
        ("heart_scale", 270, 13, 3_378, 120.0 - 150.0),
        ("agaricus.txt.train", 6_513, 126, 143_286, 3_140.0),
        ("agaricus.txt.test", 1_611, 126, 35_442, 776.0),
        ("rcv1_small.svm.gz", 1_000, 47_117, 77_739, 459.0 - 541.0),
        ("rcv1_small_test.svm.gz", 500, 47_042, 39_448, 245.0 - 255.0),
        ("movie_reviews_bow.svm.gz", 2_000, 50_920, 691_990, 0.0),
    ];
    for (name, n, d, stored, labels) in cases {
        let Some(path) = shared(&format!("libsvm/{name}")) else { continue };
        let r = rows(&path);
        assert_eq!((r.matrix.rows, r.matrix.cols, r.matrix.values.len(), r.base), (n, d, stored, 1), "{name}");
        assert_eq!(
            (r.matrix.starts.len(), r.matrix.starts[n], r.matrix.indices.len()),
            (n + 1, stored, stored),
            "{name}"
        );
        assert_eq!(r.labels.iter().sum::<f64>(), labels, "{name}");
        let ones = name.starts_with('a');
        assert_eq!(matches!(r.matrix.values, Values::Ones(_)), ones, "{name}");
    }
}
