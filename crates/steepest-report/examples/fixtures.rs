//! Writes the made-up runs of the tests with their reports into a directory, to be looked at.
//!
//! `cargo run -p steepest-report --example fixtures -- DIRECTORY [LINES]`

#[path = "../tests/fixtures/mod.rs"]
mod fixtures;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "fixtures".into()));
    fixtures::binary(&folder.join("binary"));
    let lines = std::env::args().nth(2).map_or(Ok(20_000), |n| n.parse())?;
    fixtures::regression(&folder.join("regression"), lines);
    fixtures::multiclass(&folder.join("multiclass"));
    fixtures::diverged(&folder.join("diverged"));
    for name in ["binary", "regression", "multiclass", "diverged"] {
        let start = std::time::Instant::now();
        let path = steepest_report::write_report(&folder.join(name))?;
        println!("{} in {:.3} s", path.display(), start.elapsed().as_secs_f64());
    }
    Ok(())
}
