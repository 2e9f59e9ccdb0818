//! HTML reports and plots of steepest runs.
