//! Other files are read as the training file was, as far as the user said how.

mod place;

use place::{Place, data, number};

/// Rows in which −999 stands for what is not known.
fn table() -> String {
    let row = |i: u32| {
        let x = if i.is_multiple_of(5) { "-999".to_string() } else { (i % 17).to_string() };
        format!("{x},{},{}\n", (i * 7) % 11, 2 * (i % 17) + (i * 7) % 11)
    };
    "x,z,y\n".to_string() + &(0..200).map(row).collect::<String>()
}

#[test]
fn missing_markers_are_remembered_by_the_model() {
    let place = Place::with("rows.csv", table());
    // The marker begins with a hyphen, as most such numbers do.
    let fit = ["rows.csv", "--target", "y", "--missing", "-999,?", "--test", "0", "--out", "run"];
    let summary = place.fitted(&fit);
    let trained = number(&summary, "/metrics/train/rmse");
    let rmse = |more: &[&str]| {
        let ran = place.done(&[&["evaluate", "run", "rows.csv", "--json"], more].concat());
        number(&serde_json::from_str(&ran.out).expect("JSON"), "/metrics/rmse")
    };
    assert_eq!(rmse(&[]), trained, "-999 is a missing field here too");
    assert!(rmse(&["--missing", "unknown"]) > 2.0 * trained, "a flag goes before what the model remembers");
    let plain = place.done(&["predict", "run", "rows.csv"]).out;
    place.write("empty.csv", table().replace("-999", ""));
    assert_eq!(plain, place.done(&["predict", "run", "empty.csv"]).out);

    // A model without the field is one of an earlier version.
    let mut model = place.json("run/model.json");
    let removed = |v: &mut serde_json::Value| v.as_object_mut().is_some_and(|o| o.remove("reading").is_some());
    let within = model.as_object_mut().expect("an object").values_mut().any(removed);
    assert!(removed(&mut model) || within, "{model}");
    place.write("run/model.json", model.to_string());
    place.done(&["predict", "run", "empty.csv"]);
}

#[test]
fn nobody_is_warned_of_an_option_that_nobody_gave() {
    let place = Place::new();
    place.done(&["fit", &data("digits.svm.gz"), "--steps", "2", "--out", "run"]);
    let refused = place.run(&["predict", "run", &data("digits.csv")]);
    assert_eq!(refused.code, 2);
    assert!(!refused.err.contains("dimension"), "{}", refused.err);
    // One that the user gave is told as before.
    let told = place.run(&["evaluate", "run", &data("digits.svm.gz"), "--separator", ";"]);
    assert!(told.err.contains("separator") && told.err.contains("has no meaning"), "{}", told.err);
}
