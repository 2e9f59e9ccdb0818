use super::*;

fn numbers(values: impl IntoIterator<Item = f64>) -> Column {
    Column::Number(values.into_iter().collect())
}

fn words(list: &[&str]) -> Column {
    let mut levels: Vec<String> = Vec::new();
    let codes = list.iter().map(|&w| match levels.iter().position(|l| l == w) {
        _ if w.is_empty() => MISSING,
        Some(at) => at as u32,
        None => {
            levels.push(w.to_string());
            levels.len() as u32 - 1
        }
    });
    let codes = codes.collect();
    Column::Category { codes, levels }
}

fn detect(column: &Column) -> (Target, TargetValues, Vec<Notice>) {
    Target::detect("y", column, &TargetChoices::default()).unwrap()
}

fn task(column: &Column) -> Task {
    detect(column).0.task
}

#[test]
fn two_values_are_binary_with_the_larger_number_positive() {
    let (target, values, notices) = detect(&numbers([1.0, -1.0, f64::NAN, 1.0]));
    assert_eq!((target.task, &target.classes[..]), (Task::Binary, &["-1".to_string(), "1".to_string()][..]));
    assert_eq!(values.rows, [0, 1, 3]);
    assert_eq!(values.classes(), [1, 0, 1]);
    assert_eq!(notices, [Notice::MissingTarget { column: "y".into(), rows: 1 }]);
    assert_eq!(detect(&numbers([0.0, 1.0])).0.classes, ["0", "1"]);
    assert_eq!(task(&numbers([0.25, 0.75, 0.25])), Task::Binary);
}

#[test]
fn of_two_words_the_one_that_says_so_or_the_second_is_positive() {
    let classes = |list: &[&str]| detect(&words(list)).0.classes;
    assert_eq!(classes(&[">50K", "<=50K"]), ["<=50K", ">50K"]);
    assert_eq!(classes(&["M", "B"]), ["B", "M"]);
    assert_eq!(classes(&["yes", "zero"]), ["zero", "yes"]);
    assert_eq!(classes(&["True", "False"]), ["False", "True"]);
    let choices = TargetChoices { positive: Some("B".into()), ..TargetChoices::default() };
    let (target, values, _) = Target::detect("y", &words(&["M", "B"]), &choices).unwrap();
    assert_eq!(target.classes, ["M", "B"]);
    assert_eq!(values.values, [0.0, 1.0]);
    let choices = TargetChoices { positive: Some("C".into()), ..TargetChoices::default() };
    let error = Target::detect("y", &words(&["M", "B"]), &choices).unwrap_err();
    assert_eq!(error.to_string(), "--positive: `C` is no value of target `y`; did you mean `B`, `M`?");
}

#[test]
fn whole_numbers_are_classes_only_when_they_look_like_labels() {
    let digits = numbers((0..1000).map(|i| f64::from(i % 10)));
    let (target, _, notices) = detect(&digits);
    assert_eq!((target.task, target.classes.len()), (Task::Multiclass, 10));
    assert_eq!(notices, [Notice::IntegerTarget { column: "y".into(), distinct: 10, classes: true }]);
    assert_eq!(task(&numbers((0..1000).map(|i| f64::from(3 + i % 7)))), Task::Regression, "wine marks start at 3");
    // Rings: a thin tail up to 29.
    let rings = (0..4000).map(|i| f64::from(if i < 29 { i + 1 } else { 5 + i % 10 }));
    assert_eq!(task(&numbers(rings)), Task::Regression);
    assert_eq!(task(&numbers((0..10).map(f64::from))), Task::Regression, "one row each");
    assert_eq!(task(&numbers((0..100).map(|i| f64::from(i) / 10.0))), Task::Regression);
    let choices = TargetChoices { task: Some(Task::Regression), ..TargetChoices::default() };
    assert_eq!(Target::detect("y", &digits, &choices).unwrap().0.task, Task::Regression);
}

#[test]
fn counts_hint_at_poisson() {
    // Geometric counts 0, 1, 2, …: half the rows 0, a quarter 1, ….
    let counts: Vec<f64> = (1..4096u32).map(|i| f64::from(i.trailing_zeros())).collect();
    let (target, _, notices) = detect(&numbers(counts));
    assert_eq!(target.task, Task::Regression);
    assert!(notices.contains(&Notice::CountTarget { column: "y".into() }));
}

#[test]
fn words_of_several_kinds_are_classes_in_order() {
    let list = ["setosa", "virginica", "versicolor", "setosa", "virginica", "versicolor"];
    let (target, values, _) = detect(&words(&list));
    assert_eq!(target.classes, ["setosa", "versicolor", "virginica"]);
    assert_eq!(values.values, [0.0, 2.0, 1.0, 0.0, 2.0, 1.0]);
    let error = |list: &[&str]| Target::detect("y", &words(list), &TargetChoices::default()).unwrap_err();
    assert!(matches!(error(&["a", "b", "c"]), TargetError::TooManyClasses { .. }));
    assert!(matches!(error(&["a", "a"]), TargetError::Constant { .. }));
    assert!(matches!(error(&["", ""]), TargetError::AllMissing { .. }));
}

#[test]
fn labels_of_another_file_may_differ_by_space_and_full_stop() {
    let (target, ..) = detect(&words(&["<=50K", ">50K"]));
    let (values, notices) = target.read(&words(&["<=50K.", " >50K", ">50K"])).unwrap();
    assert_eq!(values.values, [0.0, 1.0, 1.0]);
    let notice = Notice::InexactLabels { rows: 2, written: "<=50K.".into(), class: "<=50K".into() };
    assert_eq!(notices, [notice]);
    let error = target.read(&words(&["<=50K", "50K"])).unwrap_err();
    assert!(error.to_string().starts_with("target `y`, row 2: `50K` is no class of the model; did you mean"));
    let (target, ..) = detect(&numbers([0.0, 1.0]));
    assert_eq!(target.read(&words(&["1.0", "0"])).unwrap().0.values, [1.0, 0.0]);
    assert!(matches!(target.read(&numbers([2.0])), Err(TargetError::UnknownLabel { row: 1, .. })));
}

#[test]
fn a_regression_refuses_words_and_infinities() {
    let (target, ..) = detect(&numbers([0.5, 1.5, 2.5]));
    let error = target.read(&words(&["1", "x"])).unwrap_err();
    assert_eq!(error.to_string(), "target `y`, row 2: `x` is no number, as regression needs");
    let error = Target::detect("y", &numbers([0.0, f64::INFINITY]), &TargetChoices::default()).unwrap_err();
    assert_eq!(error, TargetError::Infinite { column: "y".into(), row: 2 });
    assert!(matches!(target.read(&Column::Time(vec![0.0])), Err(TargetError::Times { .. })));
}

#[test]
fn saved_and_read_back_it_is_the_same() {
    let (target, ..) = detect(&words(&["<=50K", ">50K"]));
    let text = serde_json::to_string(&target).unwrap();
    assert_eq!(text, r#"{"name":"y","task":"binary","classes":["<=50K",">50K"]}"#);
    assert_eq!(serde_json::from_str::<Target>(&text).unwrap(), target);
}

#[test]
fn two_values_are_several_classes_where_that_is_asked_for() {
    let choices = TargetChoices { task: Some(Task::Multiclass), ..TargetChoices::default() };
    let asked = |column: &Column| Target::detect("y", column, &choices).unwrap().0;
    assert_eq!(asked(&words(&["yes", "no", "no", "yes"])).classes, ["no", "yes"]);
    assert_eq!(asked(&words(&["yes", "no", "no", "yes"])).task, Task::Multiclass);
    assert_eq!(asked(&numbers([0.0, 1.0, 1.0, 0.0])).task, Task::Multiclass);
}
