//! Training loop, checkpoints and run directories of steepest.
