use super::*;

fn table() -> Table {
    let words = |w: &[&str]| Column::Category {
        codes: (0..w.len() as u32).collect(),
        levels: w.iter().map(|w| w.to_string()).collect(),
    };
    Table {
        names: ["age", "city", "weight", "height", "label"].map(String::from).to_vec(),
        columns: vec![
            Column::Number(vec![30.0, 40.0, 50.0]),
            words(&["a", "b", "c"]),
            Column::Number(vec![1.0, 2.0, 1.0]),
            Column::Number(vec![f64::NAN; 3]),
            words(&["x", "y", "z"]),
        ],
        rows: 3,
    }
}

fn target(written: &str) -> Result<usize, SchemaError> {
    let choices = Choices { target: Some(written.into()), ..Choices::default() };
    Schema::resolve(&mut table(), &choices).map(|(schema, _)| schema.target.unwrap())
}

#[test]
fn columns_are_found_by_name_word_and_number() {
    assert_eq!(target("label"), Ok(4));
    assert_eq!(target("last"), Ok(4));
    assert_eq!(target("-1"), Ok(4));
    assert_eq!(target("1"), Ok(0));
    assert_eq!(target("first"), Ok(0));
    let message = |written| target(written).unwrap_err().to_string();
    assert_eq!(message("lable"), "--target: there is no column `lable`; did you mean `label`?");
    assert_eq!(message("0"), "--target: there is no column 0; the file has 5 columns, counted from 1");
    assert_eq!(message("6"), "--target: there is no column 6; the file has 5 columns, counted from 1");
    assert!(message("qqqq").ends_with("there are `age`, `city`, `weight`, `height`, `label`"));
}

#[test]
fn a_doubled_name_asks_for_the_number() {
    let mut t = table();
    t.names[2] = "age".into();
    let choices = Choices { target: Some("age".into()), ..Choices::default() };
    let error = Schema::resolve(&mut t, &choices).unwrap_err();
    assert_eq!(error.to_string(), "--target: several columns are called `age` (numbers 1, 3); give the number");
}

#[test]
fn parts_exclude_each_other() {
    let choices = Choices { target: Some("age".into()), drop: vec!["age".into()], ..Choices::default() };
    let error = Schema::resolve(&mut table(), &choices).unwrap_err();
    assert_eq!(error.to_string(), "column `age` is given as --target and as --drop; it can be one of them only");
    let choices = Choices { weights: Some("city".into()), ..Choices::default() };
    let error = Schema::resolve(&mut table(), &choices).unwrap_err();
    assert_eq!(error.to_string(), "--weights: column `city` holds words, numbers expected");
    let both = Choices { group: Some("city".into()), id: vec!["city".into()], ..Choices::default() };
    assert!(Schema::resolve(&mut table(), &both).is_ok());
}

#[test]
fn features_are_what_is_left() {
    let choices = Choices {
        target: Some("last".into()),
        weights: Some("weight".into()),
        group: Some("city".into()),
        ..Choices::default()
    };
    let (schema, notices) = Schema::resolve(&mut table(), &choices).unwrap();
    assert_eq!(schema.features, [0]);
    assert_eq!(notices, [Notice::AllMissing { column: "height".into() }]);
    let choices = Choices { keep: vec!["city".into()], ..choices };
    assert_eq!(Schema::resolve(&mut table(), &choices).unwrap().0.features, [0, 1]);
}

#[test]
fn a_row_number_is_used_when_it_is_all_there_is() {
    let numbers = Column::Number((1..=50).map(f64::from).collect());
    let mut t = Table { names: vec!["x".into(), "y".into()], columns: vec![numbers.clone(), numbers], rows: 50 };
    let choices = Choices { target: Some("y".into()), ..Choices::default() };
    let (schema, notices) = Schema::resolve(&mut t, &choices).unwrap();
    assert_eq!((schema.features, notices), (vec![0], vec![]));
}

#[test]
fn types_can_be_changed() {
    let mut t = table();
    let choices = Choices { kinds: vec![("age".into(), Kind::Category)], ..Choices::default() };
    let (schema, _) = Schema::resolve(&mut t, &choices).unwrap();
    assert_eq!(schema.fields[0].kind, Kind::Category);
    assert!(matches!(&t.columns[0], Column::Category { levels, .. } if levels[0] == "30"));
}

#[test]
fn another_file_is_matched_by_name_or_position() {
    let choices = Choices { target: Some("city".into()), ..Choices::default() };
    let (schema, _) = Schema::resolve(&mut table(), &choices).unwrap();
    let mut shuffled = table();
    shuffled.names.swap(0, 2);
    shuffled.columns.swap(0, 2);
    shuffled.names.push("new".into());
    shuffled.columns.push(Column::Number(vec![0.0; 3]));
    let (alignment, notices) = schema.align(&shuffled).unwrap();
    assert_eq!(alignment.at, [Some(2), Some(1), Some(0), Some(3), Some(4)]);
    assert_eq!(notices, [Notice::ExtraColumns { columns: vec!["new".into()] }]);

    let mut lacking = table();
    lacking.names[0] = "Age".into();
    let error = schema.align(&lacking).unwrap_err();
    assert_eq!(error.to_string(), "the file lacks columns that the model was trained on: age; did you mean `Age`?");

    let mut bare = table();
    bare.names = (1..=5).map(|k| format!("c{k}")).collect();
    assert_eq!(schema.align(&bare).unwrap().1, [Notice::MatchedByPosition { without_target: false }]);
    bare.columns.remove(1);
    bare.names.pop();
    let (alignment, notices) = schema.align(&bare).unwrap();
    assert_eq!(alignment.at, [Some(0), None, Some(1), Some(2), Some(3)]);
    assert_eq!(notices, [Notice::MatchedByPosition { without_target: true }]);
    bare.names.pop();
    assert!(matches!(schema.align(&bare), Err(SchemaError::ColumnCount { found: 3, expected: 5 })));
}
