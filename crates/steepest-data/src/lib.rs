//! Readers, encoders, splits and matrices of steepest.
