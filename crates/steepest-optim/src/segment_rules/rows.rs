//! Gradient centralization, adaptive clipping and gradient noise: what looks at the rows of a tensor or at its position.

use steepest_core::{
    Real, Segment,
    random::{Purpose, Stream},
};

use super::{
    SegmentRule,
    product::{matrix_shape, sum_of_squares},
};
use crate::{
    link::Link,
    options::Options,
    registry::{Entry, Kind, OptionSpec},
    stage::StepCx,
};

/// u ← u − the mean over each output's row. Tensors with less than two dimensions are left alone.
#[derive(Debug, Clone, Copy)]
pub struct Centralize;

impl<T: Real> SegmentRule<T> for Centralize {
    fn name(&self) -> &'static str {
        "centralize"
    }

    fn reserve(&mut self, _: &[Segment]) {}

    fn apply(&mut self, _: usize, _: &StepCx<'_>, segment: &Segment, u: &mut [T], _: &[T]) {
        let (_, cols) = matrix_shape(&segment.shape);
        if segment.shape.len() < 2 || cols == 0 {
            return;
        }
        for row in u.chunks_mut(cols) {
            let mean = T::from_f64(row.iter().map(|v| v.to_f64()).sum::<f64>() / cols as f64);
            row.iter_mut().for_each(|v| *v += -mean);
        }
    }
}

/// u ← u·min(1, c·max(‖x‖, ε)/‖u‖) for each row of a matrix, for the whole of other tensors.
#[derive(Debug, Clone, Copy)]
pub struct ClipAdaptive {
    /// c.
    pub clipping: f64,
    /// ε.
    pub eps: f64,
}

impl<T: Real> SegmentRule<T> for ClipAdaptive {
    fn name(&self) -> &'static str {
        "clip_adaptive"
    }

    fn reserve(&mut self, _: &[Segment]) {}

    fn apply(&mut self, _: usize, _: &StepCx<'_>, segment: &Segment, u: &mut [T], x: &[T]) {
        let (_, cols) = matrix_shape(&segment.shape);
        let width = if segment.shape.len() < 2 { u.len() } else { cols }.max(1);
        for (u, x) in u.chunks_mut(width).zip(x.chunks(width)) {
            let bound = self.clipping * sum_of_squares(x).sqrt().max(self.eps);
            let norm = sum_of_squares(u).sqrt();
            if norm > bound {
                let scale = T::from_f64(bound / norm);
                u.iter_mut().for_each(|u| *u *= scale);
            }
        }
    }
}

/// u ← u + N(0, σ²/(1 + k)^γ), a pure function of (seed, k, element).
#[derive(Debug, Clone, Copy)]
pub struct AddNoise {
    /// σ² at the first step.
    pub variance: f64,
    /// γ.
    pub gamma: f64,
    /// The seed.
    pub seed: u64,
}

impl<T: Real> SegmentRule<T> for AddNoise {
    fn name(&self) -> &'static str {
        "noise"
    }

    fn reserve(&mut self, _: &[Segment]) {}

    fn apply(&mut self, _: usize, cx: &StepCx<'_>, segment: &Segment, u: &mut [T], _: &[T]) {
        const CHUNK: usize = 256;
        let deviation = T::from_f64((self.variance / ((1 + cx.step) as f64).powf(self.gamma)).sqrt());
        let stream = Stream::new(self.seed, Purpose::NOISE, cx.step);
        let mut noise = [T::ZERO; CHUNK];
        for (i, chunk) in u.chunks_mut(CHUNK).enumerate() {
            let noise = &mut noise[..chunk.len()];
            stream.fill_normal((segment.offset + i * CHUNK) as u64, noise);
            chunk.iter_mut().zip(noise).for_each(|(u, e)| *u += deviation * *e);
        }
    }
}

const fn entry(name: &'static str, title: &'static str, equation: &'static str, source: &'static str) -> Entry {
    Entry { name, kind: Kind::Stage, title, equation, options: &[], positional: &[], slots: 0, lr: None, source }
}

/// `centralize`
pub const CENTRALIZE: Entry = entry(
    "centralize",
    "Gradient centralization",
    "u ← u − mean of its row, for tensors of two or more dimensions",
    "Yong et al., 2020, arXiv:2004.01461",
);
/// `clip_adaptive:c`
pub const CLIP_ADAPTIVE: Entry = Entry {
    options: &[
        OptionSpec::positive("clipping", Some(0.01), "c"),
        OptionSpec::positive("eps", Some(1e-3), "the least parameter norm that counts"),
    ],
    positional: &["clipping"],
    ..entry(
        "clip_adaptive",
        "Adaptive clipping by the norm of each output's parameters",
        "u ← u·min(1, c·max(‖x‖, ε)/‖u‖) row by row",
        "Brock et al., 2021, arXiv:2102.06171",
    )
};
/// `noise:variance`
pub const NOISE: Entry = Entry {
    options: &[
        OptionSpec::positive("variance", Some(0.01), "σ² at the first step"),
        OptionSpec::non_negative("gamma", 0.55, "γ, how fast it falls"),
        OptionSpec::non_negative("seed", 0.0, "seed of the noise"),
    ],
    positional: &["variance"],
    ..entry(
        "noise",
        "Gradient noise that dies out",
        "u ← u + N(0, σ²/(1 + k)^γ)",
        "Neelakantan et al., 2015, arXiv:1511.06807",
    )
};

pub(crate) fn centralize<T: Real>(_: &Options) -> Vec<Link<T>> {
    vec![Link::segments(Centralize)]
}

pub(crate) fn clip_adaptive<T: Real>(o: &Options) -> Vec<Link<T>> {
    vec![Link::segments(ClipAdaptive { clipping: o.number("clipping"), eps: o.number("eps") })]
}

pub(crate) fn noise<T: Real>(o: &Options) -> Vec<Link<T>> {
    let (variance, gamma) = (o.number("variance"), o.number("gamma"));
    vec![Link::segments(AddNoise { variance, gamma, seed: o.number("seed") as u64 })]
}
