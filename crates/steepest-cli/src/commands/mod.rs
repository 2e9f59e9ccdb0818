//! One file a command.

pub mod completions;
pub mod evaluate;
pub mod fit;
pub mod fit_curve;
pub mod landscape;
pub mod man;
pub mod minimize;
pub mod online;
pub mod optimizers;
pub mod predict;
pub mod report;
pub mod runs;
pub mod sample;
pub mod schedules;
mod schedules_picture;
