//! The monitors there are: one stopping rule or remedy each.

mod change;
mod divergence;
mod early_stopping;
mod gap;
mod gradient;
mod plateau;
mod precision;

pub use change::{ParameterChange, ValueChange};
pub use divergence::Divergence;
pub(crate) use divergence::one_digit;
pub use early_stopping::EarlyStopping;
pub use gap::GapTarget;
pub use gradient::GradientNorm;
pub use plateau::Plateau;
pub(crate) use precision::Precision;

/// A tolerance, as it is given or relative to a scale that each rule names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// In units of the quantity.
    Absolute(f64),
    /// Times the scale.
    Relative(f64),
}

impl Tolerance {
    /// The bound for a scale.
    pub fn bound(self, scale: f64) -> f64 {
        match self {
            Tolerance::Absolute(t) => t,
            Tolerance::Relative(t) => t * scale,
        }
    }

    /// As users write it: `1e-8`, or `1e-8r` where it is relative.
    pub fn describe(self) -> String {
        match self {
            Tolerance::Absolute(t) => format!("{t:e}"),
            Tolerance::Relative(t) => format!("{t:e}r"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use steepest_core::{Certificate, CertificateKind, Evaluations, Iterate, Layout, StateVisitor, StepInfo, Stop};

    use crate::monitor::{Flow, Monitor, Observation, Scores};

    /// Something whose certificate can be set and whose calls are counted.
    pub(crate) struct Scripted {
        pub(crate) gap: Option<f64>,
        pub(crate) asked: u64,
        layout: Layout,
    }

    impl Scripted {
        pub(crate) fn new() -> Scripted {
            Scripted { gap: None, asked: 0, layout: Layout::vector(1) }
        }
    }

    impl Iterate for Scripted {
        fn step(&mut self) -> Result<StepInfo, Stop> {
            unreachable!("monitors do not step")
        }
        fn point(&self, out: &mut [f64]) {
            out.fill(0.0);
        }
        fn layout(&self) -> &Layout {
            &self.layout
        }
        fn certificate(&mut self) -> Certificate {
            self.asked += 1;
            match self.gap {
                Some(gap) => Certificate::gap(CertificateKind::DualityGap, gap, 1.0, 1.0),
                None => Certificate::none("none was written into the script"),
            }
        }
        fn counts(&self) -> Evaluations {
            Evaluations::default()
        }
        fn visit(&mut self, _: &mut dyn StateVisitor) {}
    }

    /// Shows a monitor one step.
    pub(crate) fn observe(
        monitor: &mut dyn Monitor,
        info: StepInfo,
        scores: Option<&Scores>,
        on: &mut Scripted,
    ) -> Flow {
        monitor.observe(&mut Observation::new(&info, info.value, scores, on))
    }
}
