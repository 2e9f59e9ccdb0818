//! Update rules, schedules, line searches and solvers of steepest.
