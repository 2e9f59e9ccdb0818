//! What is found out about real files: the task, the features, what is left out. Files that are absent are skipped with a word.

use std::path::PathBuf;

use steepest_data::read::{Input, ReadOptions, Sources, read};
use steepest_data::{
    Choices, Column, EncodeOptions, FeatureKind, Matrix, Notice, Schema, SparseEncoder, Table, TableEncoder, Target,
    TargetChoices, TargetValues, Task, Values, leaks,
};

fn input(relative: &str) -> Option<Input> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file =
        [root.join("data").join(relative), root.join("../shared/data").join(relative)].into_iter().find(|f| f.exists());
    let Some(file) = file else {
        eprintln!("{relative} is absent: skipped");
        return None;
    };
    Some(read(&Sources::path(file).unwrap(), &ReadOptions::default()).unwrap().0)
}

fn table(relative: &str) -> Option<Table> {
    input(relative).map(|input| match input {
        Input::Table(table) => table,
        Input::Rows(_) => panic!("{relative} was read as svmlight"),
    })
}

/// Everything that `fit` finds out before it trains, fitted on all rows with a target.
struct Found {
    target: Target,
    values: TargetValues,
    encoder: TableEncoder,
    matrix: Matrix,
    notices: Vec<Notice>,
}

fn find(mut table: Table, target: &str) -> Found {
    let choices = Choices { target: Some(target.into()), ..Choices::default() };
    let (schema, mut notices) = Schema::resolve(&mut table, &choices).unwrap();
    let at = schema.target.unwrap();
    let (target, values, more) =
        Target::detect(&table.names[at], &table.columns[at], &TargetChoices::default()).unwrap();
    notices.extend(more);
    notices.extend(leaks(&table, &schema, &target, &values));
    let (encoder, more) = TableEncoder::fit(&table, schema, &values.rows, None, &EncodeOptions::default()).unwrap();
    notices.extend(more);
    let (matrix, more) = encoder.transform(&table, Some(&values.rows)).unwrap();
    assert_eq!(more, [], "the file it was fitted on holds no surprise");
    Found { target, values, encoder, matrix, notices }
}

impl Found {
    fn left_out(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for notice in &self.notices {
            if let Notice::Id { column, .. }
            | Notice::Text { column, .. }
            | Notice::Constant { column, .. }
            | Notice::OnlyRareLevels { column, .. }
            | Notice::AllMissing { column } = notice
            {
                names.push(column.as_str());
            }
        }
        names
    }
}

#[test]
fn every_set_gets_the_task_a_person_expects() {
    let sets: [(&str, &str, Task, usize, &[&str]); 17] = [
        ("breast-cancer.csv", "diagnosis", Task::Binary, 569, &[]),
        ("diabetes.csv", "progression", Task::Regression, 442, &[]),
        ("digits.csv", "last", Task::Multiclass, 1797, &["pixel 0 0", "pixel 4 0", "pixel 4 7"]),
        ("wine.csv", "cultivar", Task::Multiclass, 178, &[]),
        ("randhie.csv", "mdvis", Task::Regression, 20190, &[]),
        ("fair.csv", "affairs", Task::Regression, 6366, &[]),
        ("tabular/adult/adult.data.gz", "last", Task::Binary, 32561, &[]),
        ("tabular/california-housing/housing.csv.gz", "median_house_value", Task::Regression, 20640, &[]),
        ("tabular/wine-quality/winequality-red.csv", "quality", Task::Regression, 1599, &[]),
        ("tabular/wine-quality/winequality-white.csv", "quality", Task::Regression, 4898, &[]),
        ("tabular/bike-sharing/hour.csv", "cnt", Task::Regression, 17379, &["instant"]),
        ("tabular/diamonds/diamonds.csv.gz", "price", Task::Regression, 53940, &[]),
        ("tabular/abalone/abalone.csv", "last", Task::Regression, 4177, &[]),
        ("tabular/iris/iris.csv", "last", Task::Multiclass, 150, &[]),
        ("tabular/nyc-weather/weather.csv.gz", "temp", Task::Regression, 26114, &["year"]),
        ("tabular/us-flights-200k/flights-200k.csv.gz", "delay", Task::Regression, 200000, &[]),
        ("tabular/higgs-sample/higgs.train.tsv", "first", Task::Binary, 7000, &[]),
    ];
    for (file, target, task, rows, left_out) in sets {
        let Some(table) = table(file) else { continue };
        let found = find(table, target);
        assert_eq!((found.target.task, found.values.rows.len()), (task, rows), "{file}");
        assert_eq!(found.left_out(), left_out, "{file}");
        assert_eq!((found.matrix.rows(), found.matrix.cols()), (rows, found.encoder.cols()), "{file}");
    }
}

#[test]
fn adult_and_its_test_file_agree() {
    let (Some(train), Some(test)) = (table("tabular/adult/adult.data.gz"), table("tabular/adult/adult.test.gz")) else {
        return;
    };
    let found = find(train, "last");
    assert_eq!(found.target.classes, ["<=50K", ">50K"]);
    assert_eq!(found.values.classes().iter().sum::<u32>(), 7841);
    // 6 numbers; 99 levels, of which Holand-Netherlands (one row) becomes `other`; 3 columns with missing values.
    assert_eq!(found.encoder.cols(), 6 + 99 + 3);
    let kinds = |kind| found.encoder.features().iter().filter(|f| f.kind == kind).count();
    assert_eq!((kinds(FeatureKind::Level), kinds(FeatureKind::Other), kinds(FeatureKind::Missing)), (98, 1, 3));
    assert!(matches!(&found.matrix, Matrix::Sparse(_)), "14 of 108 values a row");

    let (values, notices) = found.target.read(test.columns.last().unwrap()).unwrap();
    assert_eq!(values.classes().iter().sum::<u32>(), 3846);
    assert!(matches!(&notices[..], [Notice::InexactLabels { rows: 16281, .. }]));
    let (matrix, notices) = found.encoder.transform(&test, None).unwrap();
    assert_eq!((matrix.rows(), matrix.cols(), notices), (16281, 108, vec![]));
}

#[test]
fn missing_values_dates_counts_and_leaks_are_seen() {
    if let Some(housing) = table("tabular/california-housing/housing.csv.gz") {
        let found = find(housing, "median_house_value");
        let names: Vec<String> = found.encoder.features().into_iter().map(|f| f.name).collect();
        assert_eq!(names.len(), 8 + 1 + 5);
        assert!(names.contains(&"total_bedrooms missing".into()) && names.contains(&"ocean_proximity=ISLAND".into()));
    }
    if let Some(bike) = table("tabular/bike-sharing/hour.csv") {
        assert!(matches!(bike.columns[1], Column::Time(_)));
        let found = find(bike, "cnt");
        let leak = Notice::Leak { column: "casual + registered".into(), target: "cnt".into() };
        assert!(found.notices.contains(&leak) && found.notices.contains(&Notice::CountTarget { column: "cnt".into() }));
    }
    if let Some(doctor) = table("randhie.csv") {
        let found = find(doctor, "mdvis");
        assert!(found.notices.contains(&Notice::CountTarget { column: "mdvis".into() }));
    }
}

#[test]
fn sparse_files_are_binary_and_scaled_only_where_they_are_not() {
    let sets = [
        ("libsvm/a9a.gz", ["-1", "1"], 7841, false),
        ("libsvm/heart_scale", ["-1", "1"], 120, false),
        ("libsvm/agaricus.txt.train", ["0", "1"], 3140, false),
        ("libsvm/rcv1_small.svm.gz", ["-1", "1"], 459, false),
        ("libsvm/movie_reviews_bow.svm.gz", ["-1", "1"], 1000, true),
    ];
    for (file, classes, positive, scaled) in sets {
        let Some(Input::Rows(rows)) = input(file) else { continue };
        let (target, values, _) =
            Target::detect("label", &Column::Number(rows.labels.clone()), &TargetChoices::default()).unwrap();
        assert_eq!((target.task, &target.classes[..]), (Task::Binary, &classes.map(String::from)[..]), "{file}");
        assert_eq!(values.classes().iter().sum::<u32>(), positive, "{file}");
        let encoder =
            SparseEncoder::fit(&rows.matrix, rows.base, &values.rows, None, &EncodeOptions::default()).unwrap();
        assert_eq!(encoder.scale().is_some(), scaled, "{file}");
        let ones = matches!(rows.matrix.values, Values::Ones(_));
        let (Matrix::Sparse(matrix), _) = encoder.transform(rows.matrix).unwrap() else { panic!() };
        assert_eq!(matches!(matrix.values, Values::Ones(_)), ones, "{file}");
        let largest = (0..matrix.values.len()).map(|k| matrix.values.get(k).abs()).fold(0.0, f64::max);
        assert!((0.5..=1.0).contains(&largest), "{file}: {largest}");
    }
}
