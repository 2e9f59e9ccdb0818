//! Writes the made-up runs of the tests with their reports into a directory, to be looked at.
//!
//! `cargo run -p steepest-report --example fixtures -- DIRECTORY`

#[path = "../tests/fixtures/mod.rs"]
mod fixtures;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "fixtures".into()));
    fixtures::binary(&folder.join("binary"));
    fixtures::regression(&folder.join("regression"), 20_000);
    fixtures::multiclass(&folder.join("multiclass"));
    fixtures::diverged(&folder.join("diverged"));
    for name in ["binary", "regression", "multiclass", "diverged"] {
        steepest_report::write_report(&folder.join(name))?;
    }
    Ok(())
}
