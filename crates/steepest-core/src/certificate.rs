//! Certificates: proved upper bounds of how far a point is from the minimum.

/// How the bound was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateKind {
    /// Primal value minus the value of a feasible dual point (Fenchel duality).
    DualityGap,
    /// ‖∇f‖² / 2μ with a μ of strong convexity that is known, not estimated.
    StrongConvexity,
    /// f is a quadratic with a known positive definite Hessian H: the gap is exactly ½ gᵀH⁻¹g.
    Quadratic,
}

impl CertificateKind {
    /// The name in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            CertificateKind::DualityGap => "duality_gap",
            CertificateKind::StrongConvexity => "strong_convexity",
            CertificateKind::Quadratic => "quadratic",
        }
    }
}

/// What is known about the distance of the objective from its minimum.
#[derive(Debug, Clone, PartialEq)]
pub enum Certificate {
    /// `f(x) − f* ≤ gap`.
    Gap {
        /// How it was proved.
        kind: CertificateKind,
        /// The bound, in units of the objective; never negative.
        gap: f64,
        /// gap / max(|P|, 10⁻³·|P(0)|), with P the objective here and P(0) at the zero parameters.
        relative: f64,
    },
    /// Nothing can be proved, and why.
    None {
        /// The reason, a clause that completes “no certificate: …”.
        reason: String,
    },
}

impl Certificate {
    /// The certificate of a bound, with the relative gap computed from the objective at the point and at zero.
    ///
    /// ```
    /// use steepest_core::{Certificate, CertificateKind};
    /// let c = Certificate::gap(CertificateKind::DualityGap, 2e-7, 0.2, 0.69);
    /// assert!((c.relative().unwrap() - 1e-6).abs() < 1e-18);
    /// ```
    pub fn gap(kind: CertificateKind, gap: f64, value: f64, value_at_zero: f64) -> Certificate {
        let gap = gap.max(0.0);
        let scale = value.abs().max(1e-3 * value_at_zero.abs());
        let relative = if gap == 0.0 { 0.0 } else { gap / scale };
        Certificate::Gap { kind, gap, relative }
    }

    /// No certificate, for this reason.
    pub fn none(reason: impl Into<String>) -> Certificate {
        Certificate::None { reason: reason.into() }
    }

    /// The relative gap, where there is one.
    pub fn relative(&self) -> Option<f64> {
        match self {
            Certificate::Gap { relative, .. } => Some(*relative),
            Certificate::None { .. } => None,
        }
    }
}
