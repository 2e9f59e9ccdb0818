//! Where a run lies: its directory, what may be resumed in it, and what a failed run leaves.

use std::path::Path;

use steepest_train::RunDir;

use crate::config::{config_hash, read_config};
use crate::failure::Failure;
use crate::options::FitOptions;

/// The directory of the run: the one asked for, or the next number behind the name of the data.
pub(super) fn open_run(options: &FitOptions, resume: bool) -> Result<RunDir, Failure> {
    let opened = match (&options.run.out, resume) {
        (Some(out), true) => RunDir::open(Path::new(out)),
        (Some(out), false) => RunDir::create(Path::new(out)),
        (None, _) => RunDir::create_numbered(Path::new("runs"), &stem(&options.data.files)),
    };
    opened.map_err(Failure::input)
}

/// The configuration that lies in a run is what its checkpoint was made with, and is only overwritten by one of the same course.
pub(super) fn refuse_another_course(run: &RunDir, options: &FitOptions) -> Result<(), Failure> {
    let path = run.path().join("config.toml");
    if config_hash(&read_config(&path)?)? == config_hash(options)? {
        return Ok(());
    }
    Err(Failure::usage(format!("{} was made with other options than these", run.path().display()))
        .with_help("with --resume only budgets and stopping rules may be changed; `--init RUN` starts a new run from its parameters"))
}

/// Leaves nothing of a run that failed before its first checkpoint.
pub(in crate::commands) fn discard(run: RunDir, numbered: bool) {
    let around = run.path().parent().map(Path::to_path_buf);
    run.discard();
    if let Some(around) = around.filter(|_| numbered) {
        // Only an empty directory can be removed so.
        let _ = std::fs::remove_dir(around);
    }
}

/// `patients` for `data/patients.csv.gz`.
pub(in crate::commands) fn stem(files: &[String]) -> String {
    let first = files.first().map_or("run", String::as_str);
    if first == "-" {
        return "stdin".into();
    }
    let name = Path::new(first).file_name().map_or_else(|| first.to_string(), |n| n.to_string_lossy().into_owned());
    let known =
        ["gz", "zst", "csv", "tsv", "txt", "parquet", "arrow", "feather", "ipc", "svm", "svmlight", "libsvm", "data"];
    let mut name = name.as_str();
    while let Some((rest, end)) = name.rsplit_once('.') {
        if rest.is_empty() || !known.contains(&end.to_ascii_lowercase().as_str()) {
            break;
        }
        name = rest;
    }
    name.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_named_after_the_data() {
        let of = |file: &str| stem(&[file.to_string()]);
        assert_eq!(of("data/patients.csv.gz"), "patients");
        assert_eq!(of("a9a.gz"), "a9a");
        assert_eq!(of("adult.data.gz"), "adult");
        assert_eq!(of("rcv1.small"), "rcv1.small");
        assert_eq!(of("-"), "stdin");
    }
}
