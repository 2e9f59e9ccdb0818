//! Rules against plain transcriptions of their papers: whole vectors, one statement a line of the algorithm.

mod around;
mod elementwise;
mod estimates;
mod matrices;
#[path = "../support/mod.rs"]
mod support;
mod vectors;
