//! How moments are kept between steps: as they are computed, in 32 bits, or in 16.
//!
//! State is what an update reads and writes most: AdamW moves 28 bytes a parameter in 32 bits, 20 with both moments in bf16.
//! A moment changes by (1 − β) of itself a step, less than a bf16 can show, so rounding to
//! nearest would freeze it: bf16 is rounded at random, up with the probability of the fraction cut off, so that the average
//! is right. The random bits are a pure function of (seed, step, slot, element).

/// The form in which moments are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Moments {
    /// As the parameters.
    #[default]
    Full,
    /// 32 bits, also for parameters in 64.
    F32,
    /// bf16 with random rounding: 2 bytes.
    Bf16,
}

impl Moments {
    /// All forms with their names in options.
    pub const ALL: [(&'static str, Moments); 3] =
        [("full", Moments::Full), ("f32", Moments::F32), ("bf16", Moments::Bf16)];

    /// The form with this name.
    pub fn from_name(name: &str) -> Option<Moments> {
        Moments::ALL.iter().find(|m| m.0 == name).map(|m| m.1)
    }

    /// The name in options.
    pub fn name(self) -> &'static str {
        Moments::ALL.iter().find(|m| m.1 == self).map_or("full", |m| m.0)
    }
}
