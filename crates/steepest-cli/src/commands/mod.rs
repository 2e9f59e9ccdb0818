//! One file a command.

pub mod completions;
pub mod evaluate;
pub mod fit;
pub mod man;
pub mod predict;
pub mod report;
pub mod runs;
