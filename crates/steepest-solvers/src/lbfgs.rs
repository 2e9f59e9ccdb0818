//! L-BFGS: a quasi-Newton direction from the last m steps and gradient changes, with an approximate Wolfe search.
//!
//! d = −Hg by the two-loop recursion, H₀ = γI with γ = sᵀy/yᵀy of the newest pair. D. C. Liu and J. Nocedal, “On the limited
//! memory BFGS method for large scale optimization”, Math. Program. 45, 1989, doi:10.1007/BF01589116. A pair enters only
//! when sᵀy is positive beyond rounding, so that H stays positive definite.

use steepest_core::{Objective, Reason, StateVisitor, StepInfo, Stop, Termination};

use crate::{DeterministicSolver, Wolfe, dot, non_finite, norm};

/// L-BFGS. A step costs one evaluation most of the time and O(m·d).
#[derive(Debug)]
pub struct Lbfgs {
    memory: usize,
    x: Vec<f64>,
    g: Vec<f64>,
    value: f64,
    fresh: bool,
    step: u64,
    /// Steps s and gradient changes y, oldest first, one behind the other.
    s: Vec<f64>,
    y: Vec<f64>,
    trial: Vec<f64>,
    next: Vec<f64>,
    direction: Vec<f64>,
    alpha: Vec<f64>,
    search: Wolfe,
}

impl Lbfgs {
    /// Starts at `x` and remembers `memory` pairs (5 to 20 are usual).
    pub fn new(x: Vec<f64>, memory: usize) -> Lbfgs {
        let d = x.len();
        Lbfgs {
            memory: memory.max(1),
            g: vec![0.0; d],
            value: 0.0,
            fresh: false,
            step: 0,
            s: Vec::new(),
            y: Vec::new(),
            trial: vec![0.0; d],
            next: vec![0.0; d],
            direction: vec![0.0; d],
            alpha: vec![0.0; memory.max(1)],
            search: Wolfe::default(),
            x,
        }
    }

    fn pairs(&self) -> usize {
        self.s.len() / self.x.len().max(1)
    }

    /// d ← −Hg.
    fn direction(&mut self) {
        let (d, pairs) = (self.x.len(), self.pairs());
        let (q, g) = (&mut self.direction, &self.g);
        q.iter_mut().zip(g).for_each(|(q, g)| *q = -g);
        for i in (0..pairs).rev() {
            let (s, y) = (&self.s[i * d..(i + 1) * d], &self.y[i * d..(i + 1) * d]);
            let a = dot(s, q) / dot(s, y);
            self.alpha[i] = a;
            q.iter_mut().zip(y).for_each(|(q, y)| *q -= a * y);
        }
        if pairs > 0 {
            let (s, y) = (&self.s[(pairs - 1) * d..], &self.y[(pairs - 1) * d..]);
            let gamma = dot(s, y) / dot(y, y);
            q.iter_mut().for_each(|q| *q *= gamma);
        }
        for i in 0..pairs {
            let (s, y) = (&self.s[i * d..(i + 1) * d], &self.y[i * d..(i + 1) * d]);
            let b = self.alpha[i] - dot(y, q) / dot(s, y);
            q.iter_mut().zip(s).for_each(|(q, s)| *q += b * s);
        }
    }

    /// Remembers x → trial and g → next.
    fn remember(&mut self) {
        let d = self.x.len();
        if self.pairs() == self.memory {
            self.s.drain(..d);
            self.y.drain(..d);
        }
        self.s.extend(self.trial.iter().zip(&self.x).map(|(new, old)| new - old));
        self.y.extend(self.next.iter().zip(&self.g).map(|(new, old)| new - old));
        let at = self.s.len() - d;
        let (s, y) = (&self.s[at..], &self.y[at..]);
        if dot(s, y) <= 1e-12 * norm(s) * norm(y) {
            self.s.truncate(at);
            self.y.truncate(at);
        }
    }
}

impl DeterministicSolver for Lbfgs {
    fn step(&mut self, f: &mut dyn Objective<f64>) -> Result<StepInfo, Stop> {
        let number = self.step + 1;
        if !self.fresh {
            self.restore(f)?;
        }
        let accepted = loop {
            self.direction();
            let mut slope = dot(&self.g, &self.direction);
            if slope >= 0.0 && !self.s.is_empty() {
                self.s.clear();
                self.y.clear();
                self.direction();
                slope = dot(&self.g, &self.direction);
            }
            if slope >= 0.0 {
                let detail = format!("the gradient is {:e} and nothing is left to gain", norm(&self.g));
                return Err(Stop::Terminated(Termination::new(Reason::GradientNorm, detail)));
            }
            // Without a history the scale is unknown: move by about the size of x, at most by 1.
            let first =
                if self.s.is_empty() { (0.01 * norm(&self.x).max(1.0) / norm(&self.direction)).min(1.0) } else { 1.0 };
            let (x, d) = (&self.x, &self.direction);
            match self.search.search(f, x, d, self.value, slope, first, &mut self.trial, &mut self.next) {
                Ok(accepted) => break accepted,
                Err(_) if !self.s.is_empty() => {
                    // A history that misleads is forgotten once before giving up.
                    self.s.clear();
                    self.y.clear();
                }
                Err(stop) => {
                    self.fresh = false;
                    return Err(stop);
                }
            }
        };
        self.remember();
        std::mem::swap(&mut self.x, &mut self.trial);
        std::mem::swap(&mut self.g, &mut self.next);
        self.value = accepted.value;
        self.step = number;
        Ok(StepInfo {
            step: number,
            value: Some(accepted.value),
            grad_norm: Some(norm(&self.g)),
            lr: Some(accepted.length),
            step_norm: Some(accepted.length * norm(&self.direction)),
            gap: None,
        })
    }

    fn point(&self) -> &[f64] {
        &self.x
    }

    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.int("step", &mut self.step);
        state.history("s", &mut self.s);
        state.history("y", &mut self.y);
    }

    fn restore(&mut self, f: &mut dyn Objective<f64>) -> Result<(), Stop> {
        self.value = f.at(&self.x).map_err(non_finite(self.step + 1))?;
        f.gradient(&mut self.g).map_err(non_finite(self.step + 1))?;
        self.fresh = true;
        Ok(())
    }
}
