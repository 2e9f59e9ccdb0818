//! The entry of the gradient flow.

use steepest_optim::OptionSpec;

use super::{Needs, SolverEntry};
use crate::flow::{Flow, GradientFlow};

pub(super) const FLOW: SolverEntry = SolverEntry {
    name: "flow",
    title: "the gradient flow, of which gradient descent is Euler's discretization; a step is one of the integrator's",
    equation: "dx/dt = −∇f(x), by Dormand and Prince's pair of orders 5 and 4; the step size is the time that passes",
    options: &[
        OptionSpec::non_negative("time", 0.0, "when it ends; 0 follows it to where the gradient vanishes"),
        OptionSpec::positive("tolerance", Some(1e-6), "the relative error of a step"),
    ],
    texts: &[],
    positional: &["time"],
    needs: Needs::Smooth,
    source: "Dormand and Prince, 1980, doi:10.1016/0771-050X(80)90013-3",
    build: |choices, setup| {
        let relative = choices.number("tolerance");
        let flow = GradientFlow::new(setup.start, Flow { relative, absolute: 1e-3 * relative, ..Flow::default() });
        let time = choices.number("time");
        Ok(Box::new(if time > 0.0 { flow.until(time) } else { flow }))
    },
};
