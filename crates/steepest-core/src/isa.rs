//! The instruction set that hot loops run with.
//!
//! A hot loop is written once, as plain code that the compiler can vectorize, in a [`Kernel`]. [`Isa::run`] calls one of
//! three compilations of it: for the instructions every processor of the architecture has, for AVX2, or for AVX-512.
//! Multiplication and addition are never contracted, every operation used is exact or correctly rounded, and sums have
//! a written order, so **all three give the same bits**; the level only decides how long it takes.
//!
//! The environment variable `STEEPEST_ISA=sse2|avx2|avx512` forces a lower level, to test that contract or to measure.
//! On processors other than x86-64 there is only [`Isa::Baseline`].

use std::sync::OnceLock;

use thiserror::Error;

/// The variable that forces a level.
pub const VARIABLE: &str = "STEEPEST_ISA";

/// A level of vector instructions, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// What every processor of the architecture has: SSE2 on x86-64, NEON on aarch64.
    Baseline,
    /// AVX2, 256 bits.
    Avx2,
    /// AVX-512 F, BW, CD, DQ and VL, 512 bits.
    Avx512,
}

/// Why `STEEPEST_ISA` could not be obeyed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IsaError {
    /// The value is not a level.
    #[error("{VARIABLE}={0} is not an instruction set; expected sse2 (or baseline), avx2 or avx512")]
    Unknown(String),
    /// The level is one that this processor lacks.
    #[error("{VARIABLE}={} asks for instructions this processor does not have; the highest it has is {}", .asked.name(), .highest.name())]
    Unsupported {
        /// The level asked for.
        asked: Isa,
        /// The highest level here.
        highest: Isa,
    },
}

/// A hot loop that [`Isa::run`] compiles for every level.
///
/// Mark `run`, and every function it calls, `#[inline(always)]`: only what is inlined into the compilation for a level
/// uses its instructions (a large closure is not, and silently runs at the baseline). Write plain arithmetic, without `mul_add` and without calls into the system's math library.
///
/// ```
/// use steepest_core::isa::{Isa, Kernel};
/// struct Scale<'a>(&'a mut [f64], f64);
/// impl Kernel for Scale<'_> {
///     type Output = ();
///     #[inline(always)]
///     fn run(self) {
///         for x in self.0 {
///             *x *= self.1;
///         }
///     }
/// }
/// let mut x = [1.0, 2.0, 3.0];
/// Isa::detect().run(Scale(&mut x, 2.0));
/// assert_eq!(x, [2.0, 4.0, 6.0]);
/// ```
pub trait Kernel {
    /// What the loop returns.
    type Output;
    /// The loop.
    fn run(self) -> Self::Output;
}

impl Isa {
    /// The three levels, lowest first.
    pub const ALL: [Isa; 3] = [Isa::Baseline, Isa::Avx2, Isa::Avx512];

    /// The name in messages and in `STEEPEST_ISA`.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Baseline if cfg!(target_arch = "x86_64") => "sse2",
            Isa::Baseline => "baseline",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        }
    }

    /// The highest level of this processor, whatever the environment says. Cost: a load after the first call.
    pub fn highest() -> Isa {
        static HIGHEST: OnceLock<Isa> = OnceLock::new();
        *HIGHEST.get_or_init(probe)
    }

    /// The levels of this processor, lowest first; for tests that compare them.
    pub fn available() -> impl Iterator<Item = Isa> {
        Isa::ALL.into_iter().filter(|&isa| isa <= Isa::highest())
    }

    /// The level to run with: `STEEPEST_ISA` if it can be obeyed, else the highest. Cost: a load after the first call.
    ///
    /// A library cannot report what is wrong with the variable here; a program asks [`Isa::from_env`] when it starts.
    #[inline]
    pub fn detect() -> Isa {
        static LEVEL: OnceLock<Isa> = OnceLock::new();
        *LEVEL.get_or_init(|| Isa::from_env().ok().flatten().unwrap_or_else(Isa::highest))
    }

    /// The level that `STEEPEST_ISA` asks for, `None` when it is not set or empty.
    ///
    /// # Errors
    /// An unknown name, or a level this processor does not have.
    pub fn from_env() -> Result<Option<Isa>, IsaError> {
        match std::env::var_os(VARIABLE) {
            None => Ok(None),
            Some(text) => Isa::from_text(&text.to_string_lossy()),
        }
    }

    fn from_text(text: &str) -> Result<Option<Isa>, IsaError> {
        let asked = match text.trim().to_ascii_lowercase().as_str() {
            "" => return Ok(None),
            "sse2" | "baseline" => Isa::Baseline,
            "avx2" => Isa::Avx2,
            "avx512" => Isa::Avx512,
            _ => return Err(IsaError::Unknown(text.into())),
        };
        let highest = Isa::highest();
        if asked <= highest { Ok(Some(asked)) } else { Err(IsaError::Unsupported { asked, highest }) }
    }

    /// Runs a kernel compiled for this level, or for the highest one of this processor if that is lower.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.min(Isa::highest()) {
            // SAFETY: `highest` has seen every feature that `avx512` enables.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { avx512(kernel) },
            // SAFETY: `highest` has seen every feature that `avx2` enables.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { avx2(kernel) },
            _ => kernel.run(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
fn probe() -> Isa {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512) {
        (true, true) => Isa::Avx512,
        (true, false) => Isa::Avx2,
        _ => Isa::Baseline,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn probe() -> Isa {
    Isa::Baseline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_a_level_or_says_what_is_wrong() {
        assert_eq!(Isa::from_text(""), Ok(None));
        assert_eq!(Isa::from_text("SSE2"), Ok(Some(Isa::Baseline)));
        assert_eq!(Isa::from_text(" baseline "), Ok(Some(Isa::Baseline)));
        let wrong = Isa::from_text("neon").unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "STEEPEST_ISA=neon is not an instruction set; expected sse2 (or baseline), avx2 or avx512"
        );
        for (text, isa) in [("avx2", Isa::Avx2), ("avx512", Isa::Avx512)] {
            if isa <= Isa::highest() {
                assert_eq!(Isa::from_text(text), Ok(Some(isa)));
            } else {
                assert!(matches!(Isa::from_text(text), Err(IsaError::Unsupported { asked, .. }) if asked == isa));
            }
        }
    }

    #[test]
    fn every_level_runs_the_kernel_even_above_the_processor() {
        struct Sum<'a>(&'a [f64]);
        impl Kernel for Sum<'_> {
            type Output = f64;
            #[inline(always)]
            fn run(self) -> f64 {
                self.0.iter().sum()
            }
        }
        let x: Vec<f64> = (0..1000).map(|k| 1.0 / f64::from(k + 1)).collect();
        let expected: f64 = x.iter().sum();
        for isa in Isa::ALL {
            assert_eq!(isa.run(Sum(&x)).to_bits(), expected.to_bits(), "{}", isa.name());
        }
        assert_eq!(Isa::available().last(), Some(Isa::highest()));
        assert!(Isa::detect() <= Isa::highest());
    }
}
