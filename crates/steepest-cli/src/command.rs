//! Commands that can be pasted: the flags of a fit as words of a shell.

use steepest_data::shell_word;
use toml::Value;

use crate::options::FitOptions;

/// The sections in the order in which their flags are written.
const SECTIONS: [&str; 7] = ["data", "encode", "split", "model", "solver", "stop", "run"];

/// The command that fits with these options. A key of a section is the name of its flag, so that none can be forgotten here.
pub fn fit_command(options: &FitOptions) -> String {
    let mut words = vec!["steepest fit".to_string()];
    words.extend(options.data.files.iter().map(|file| shell_word(file).into_owned()));
    let Ok(Value::Table(sections)) = Value::try_from(options) else { return words.join(" ") };
    for section in SECTIONS {
        let Some(Value::Table(keys)) = sections.get(section) else { continue };
        words.extend(keys.iter().filter(|(key, _)| *key != "files").filter_map(|(key, value)| flag(key, value)));
    }
    words.join(" ")
}

/// `--l2 0.1`; with `=` where the value would be taken for a flag.
fn flag(key: &str, value: &Value) -> Option<String> {
    let text = match value {
        Value::Boolean(true) => return Some(format!("--{key}")),
        Value::Boolean(false) => return None,
        Value::Array(list) => list.iter().filter_map(text).collect::<Vec<_>>().join(","),
        one => text(one)?,
    };
    let between = if text.starts_with('-') { '=' } else { ' ' };
    Some(format!("--{key}{between}{}", shell_word(&text)))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        // The shortest digits that are read back to the same number, with an exponent where it helps.
        Value::Float(number) => Some(format!("{number:?}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Penalty;

    #[test]
    fn every_flag_is_kept_and_quoted() {
        let mut options = FitOptions::default();
        options.data.files = vec!["my data.csv".into()];
        options.data.target = Some("y".into());
        options.data.drop = vec!["patient id".into(), "age".into()];
        options.data.missing = vec!["-999".into(), "?".into()];
        options.model.loss = Some("squared".into());
        options.model.l2 = Some(Penalty::Value(0.1));
        options.solver.solver = Some("clip:1 | adam".into());
        options.stop.gap = Some(1e-9);
        options.run.predictions = true;
        assert_eq!(
            fit_command(&options),
            "steepest fit 'my data.csv' --drop 'patient id,age' --missing='-999,?' --target y --l2 0.1 --loss squared \
             --solver 'clip:1 | adam' --gap 1e-9 --predictions"
        );
    }
}
