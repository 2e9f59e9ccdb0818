//! `config.toml`: reading one, and writing the resolved one that repeats a run.

use std::path::Path;

use steepest_train::content_hash;

use crate::failure::Failure;
use crate::options::FitOptions;

/// A value that was chosen for the user, with the reason.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Choice {
    /// The key in its section: `model.l2`.
    pub what: &'static str,
    /// What was chosen.
    pub value: String,
    /// Why.
    pub why: String,
}

/// Reads a configuration.
pub fn read_config(path: &Path) -> Result<FitOptions, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::usage(format!("the configuration {} cannot be read: {e}", path.display())))?;
    // The message of the parser holds line, column and the keys it expected.
    toml::from_str(&text).map_err(|e| {
        Failure::usage(format!("{}: {}", path.display(), e.to_string().trim_end())).with_help(
            "keys are the names of the flags, in the sections data, encode, split, model, solver, stop and run",
        )
    })
}

/// The resolved configuration as text; each choice stands above its key as a comment.
pub fn config_text(options: &FitOptions, choices: &[Choice]) -> Result<String, Failure> {
    let plain = toml::to_string(options).map_err(Failure::input)?;
    let mut out = format!(
        "# Everything this run was made with; `steepest fit --config FILE` repeats it.\n# steepest {}\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut section = "";
    for line in plain.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        let key = line.split(" = ").next().unwrap_or("");
        let chosen = choices.iter().find(|c| c.what.split_once('.') == Some((section, key)));
        if let Some(choice) = chosen {
            out.push_str(&format!("# {}\n", choice.why));
        }
        out.push_str(line);
        out.push('\n');
    }
    Ok(out)
}

/// A hash of what determines the course of a run: everything but stopping rules, budgets and where files go. A checkpoint
/// carries it, so that a run is resumed only as what it was.
pub fn config_hash(options: &FitOptions) -> Result<String, Failure> {
    let mut kept = options.clone();
    kept.stop = Default::default();
    kept.run = Default::default();
    kept.run.seed = options.run.seed;
    kept.run.init.clone_from(&options.run.init);
    Ok(content_hash(toml::to_string(&kept).map_err(Failure::input)?.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Amount, Penalty};

    fn options() -> FitOptions {
        let mut options = FitOptions::default();
        options.data.files = vec!["a.csv".into()];
        options.data.target = Some("y".into());
        options.model.l2 = Some(Penalty::Value(0.25));
        options.split.test = Some(Amount::Share(0.2));
        options.run.seed = Some(7);
        options
    }

    #[test]
    fn the_written_configuration_is_read_back() {
        let choice = Choice { what: "model.l2", value: "0.25".into(), why: "1/n".into() };
        let text = config_text(&options(), &[choice]).unwrap();
        assert!(text.contains("# 1/n\nl2 = \"0.25\""), "{text}");
        assert_eq!(toml::from_str::<FitOptions>(&text).unwrap(), options());
    }

    #[test]
    fn numbers_need_no_quotes_and_unknown_keys_are_refused() {
        let read = |text: &str| toml::from_str::<FitOptions>(text);
        assert_eq!(read("[model]\nl2 = 0.25").unwrap().model.l2, Some(Penalty::Value(0.25)));
        assert_eq!(read("[split]\ntest = 100").unwrap().split.test, Some(Amount::Rows(100)));
        assert_eq!(read("[solver]\noptimizer = 'adam'").unwrap().solver.solver.as_deref(), Some("adam"));
        assert!(read("[model]\nl3 = 1").unwrap_err().to_string().contains("l2"));
        assert!(read("[solver]\noptimizer = 'adam'\nsolver = 'sgd'").is_err());
    }

    #[test]
    fn budgets_and_places_do_not_change_the_hash() {
        let hash = |f: fn(&mut FitOptions)| {
            let mut o = options();
            f(&mut o);
            config_hash(&o).unwrap()
        };
        let same = hash(|_| ());
        assert_eq!(same, hash(|o| o.stop.epochs = Some(3)));
        assert_eq!(same, hash(|o| o.run.out = Some("elsewhere".into())));
        // The horizon of a schedule is part of the course, not of the budget.
        assert_ne!(same, hash(|o| o.solver.horizon = Some(3)));
        assert_ne!(same, hash(|o| o.run.seed = Some(8)));
        assert_ne!(same, hash(|o| o.model.l2 = Some(Penalty::Value(0.5))));
    }
}
