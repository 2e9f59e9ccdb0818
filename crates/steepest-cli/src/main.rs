//! The program `steepest`.

fn main() {}
