//! What a line of the list builds: the function, its start, its minima. Families write themselves with these few words.

use steepest_core::Objective;

use super::Minimum;
use crate::{Builder, Expr, Function, Graph};

/// The function of a problem.
pub(super) enum Body {
    /// A formula.
    Graph(Graph),
    /// Code of its own.
    Kernel(Box<dyn Objective<f64> + Send>),
}

impl Body {
    pub(super) fn objective(self) -> Box<dyn Objective<f64> + Send> {
        match self {
            Body::Graph(graph) => Box::new(Function::new(graph)),
            Body::Kernel(kernel) => kernel,
        }
    }
}

/// A problem being written down.
pub(super) struct Draft {
    pub(super) body: Body,
    pub(super) start: Vec<f64>,
    pub(super) domain: Option<Vec<(f64, f64)>>,
    pub(super) minima: Vec<Minimum>,
}

/// f(x), a formula in n variables.
pub(super) fn smooth(n: usize, value: impl for<'b> Fn(&'b Builder, &[Expr<'b>]) -> Expr<'b>) -> Draft {
    let b = Builder::new(n);
    let x = b.inputs();
    let graph = b.finish(value(&b, &x));
    Draft::new(Body::Graph(graph), n)
}

/// f(x) = Σ rᵢ(x)².
pub(super) fn squares(n: usize, residuals: impl for<'b> Fn(&'b Builder, &[Expr<'b>]) -> Vec<Expr<'b>>) -> Draft {
    scaled_squares(n, 1.0, residuals)
}

/// f(x) = s·Σ rᵢ(x)².
pub(super) fn scaled_squares(
    n: usize,
    scale: f64,
    residuals: impl for<'b> Fn(&'b Builder, &[Expr<'b>]) -> Vec<Expr<'b>>,
) -> Draft {
    let b = Builder::new(n);
    let x = b.inputs();
    let graph = b.finish_squares(&residuals(&b, &x), scale);
    Draft::new(Body::Graph(graph), n)
}

impl Draft {
    pub(super) fn new(body: Body, n: usize) -> Draft {
        Draft { body, start: vec![0.0; n], domain: None, minima: Vec::new() }
    }

    /// The standard start.
    pub(super) fn start(mut self, start: impl Into<Vec<f64>>) -> Draft {
        self.start = start.into();
        self
    }

    /// The standard start, repeating a pattern.
    pub(super) fn start_cycle(mut self, pattern: &[f64]) -> Draft {
        for (i, x) in self.start.iter_mut().enumerate() {
            *x = pattern[i % pattern.len()];
        }
        self
    }

    /// The standard start, xᵢ = s(i) with i from 1.
    pub(super) fn start_with(mut self, s: impl Fn(f64) -> f64) -> Draft {
        for (i, x) in self.start.iter_mut().enumerate() {
            *x = s((i + 1) as f64);
        }
        self
    }

    /// The same interval for every variable; the start is where `start` puts it.
    pub(super) fn domain(mut self, low: f64, high: f64) -> Draft {
        self.domain = Some(vec![(low, high); self.start.len()]);
        self
    }

    /// One interval a variable.
    pub(super) fn domains(mut self, box_: &[(f64, f64)]) -> Draft {
        self.domain = Some(box_.to_vec());
        self
    }

    /// A start inside the domain and off its symmetries: 0.3 and 0.65 of the intervals in turn.
    pub(super) fn start_in_domain(mut self) -> Draft {
        let intervals = self.domain.iter().flatten();
        self.start = intervals.enumerate().map(|(i, (a, b))| a + (b - a) * [0.3, 0.65][i % 2]).collect();
        self
    }

    fn push(mut self, value: f64, point: Option<Vec<f64>>, global: bool) -> Draft {
        self.minima.push(Minimum { value, point, global });
        self.minima.sort_by(|a, b| a.value.total_cmp(&b.value));
        self
    }

    /// The global minimum and where it is.
    pub(super) fn minimum(self, value: f64, point: impl Into<Vec<f64>>) -> Draft {
        self.push(value, Some(point.into()), true)
    }

    /// The global minimum, with the same value in every coordinate.
    pub(super) fn minimum_at_all(self, value: f64, x: f64) -> Draft {
        let n = self.start.len();
        self.push(value, Some(vec![x; n]), true)
    }

    /// The value of the global minimum.
    pub(super) fn minimum_value(self, value: f64) -> Draft {
        self.push(value, None, true)
    }

    /// The values of the lowest known minimum in the dimensions for which one is known.
    pub(super) fn minimum_values(self, values: &[(usize, f64)]) -> Draft {
        let n = self.start.len();
        match values.iter().find(|(m, _)| *m == n) {
            Some((_, value)) => self.minimum_value(*value),
            None => self,
        }
    }

    /// A local minimum.
    pub(super) fn local(self, value: f64) -> Draft {
        self.push(value, None, false)
    }

    /// A local minimum and where it is.
    pub(super) fn local_at(self, value: f64, point: impl Into<Vec<f64>>) -> Draft {
        self.push(value, Some(point.into()), false)
    }

    /// Local minima in the dimensions for which some are known.
    pub(super) fn locals_in(self, n: usize, values: &[f64]) -> Draft {
        if self.start.len() != n {
            return self;
        }
        values.iter().fold(self, |draft, value| draft.local(*value))
    }
}
