//! The trace of a run: a CSV file with every step.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use steepest_solvers::{Minimum, Progress};
use steepest_train::write_atomic;

use crate::descend::{Chosen, Descent};
use crate::failure::Failure;

/// Runs, and writes the trace on the way.
pub(super) fn traced(
    descent: &Descent<'_>,
    chosen: &mut Chosen,
    interrupt: &AtomicBool,
    trace: Option<&Path>,
    see: &mut dyn FnMut(&Progress<'_>),
) -> Result<Minimum, Failure> {
    let Some(path) = trace else {
        return descent.run(chosen, interrupt, |progress| {
            see(progress);
            ControlFlow::Continue(())
        });
    };
    let mut outcome = None;
    let mut time = chosen.is_flow().then_some(0.0);
    let written = write_atomic(path, |out| {
        let last = if time.is_some() { ",time" } else { "" };
        writeln!(out, "step,value,grad_norm,step_size,{}{last}", descent.target.names.join(","))?;
        let mut broken = None;
        let found = descent.run(chosen, interrupt, |progress| {
            see(progress);
            match row(out, progress, &mut time) {
                Ok(()) => ControlFlow::Continue(()),
                Err(e) => {
                    broken = Some(e);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(e) = broken {
            return Err(e);
        }
        let failed = found.is_err();
        outcome = Some(found);
        // A run that could not begin leaves no file.
        if failed { Err(io::Error::other("the run did not begin")) } else { Ok(()) }
    });
    match (outcome, written) {
        (Some(Err(failure)), _) => Err(failure),
        (_, Err(e)) => Err(Failure::usage(format!("--trace {}: cannot write: {e}", path.display()))),
        (Some(Ok(found)), Ok(())) => Ok(found),
        (None, Ok(())) => Err(Failure::usage("the run did not begin")),
    }
}

/// One line of the trace, 17 significant digits. The steps of a flow are times, whose sum stands in its last column.
fn row(out: &mut dyn Write, p: &Progress<'_>, time: &mut Option<f64>) -> io::Result<()> {
    // No step leads to the start.
    let step_size = if p.step == 0 { 0.0 } else { p.step_size };
    write!(out, "{},{:.16e},{:.16e},{step_size:.16e}", p.step, p.value, p.grad_norm)?;
    for x in p.point {
        write!(out, ",{x:.16e}")?;
    }
    if let Some(time) = time {
        // A jump away from a saddle takes none.
        *time += if step_size.is_finite() { step_size } else { 0.0 };
        write!(out, ",{time:.16e}")?;
    }
    writeln!(out)
}
