//! How moments are kept between steps: as they are computed, in 16 bits, or in 8.
//!
//! State is what an update reads and writes most: AdamW moves 28 bytes a parameter in 32 bits, 20 with both moments in bf16
//! and 16 with both in 8 bits. A moment changes by (1 − β) of itself a step, less than a bf16 can show, so rounding to
//! nearest would freeze it: bf16 is rounded at random, up with the probability of the fraction cut off, so that the average
//! is right. The random bits are a pure function of (seed, step, slot, element).
//!
//! In 8 bits a block of 128 elements shares its largest magnitude, M. A signed moment is kept as the root of its ratio,
//! c = round(127·√(|m|/M)), a second moment as the fourth root, c = ⌈255·(v/M)^¼⌉, so that what is divided by is resolved
//! over ten decades and never rounds to zero. Blockwise quantization: Dettmers et al., 2022, arXiv:2110.02861; the
//! companding by roots replaces their table, because it needs no look-ups.

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
    /// 8-bit codes in blocks of 128: 1.03 bytes.
    Int8,
}

impl Moments {
    /// All forms with their names in options.
    pub const ALL: [(&'static str, Moments); 4] =
        [("full", Moments::Full), ("f32", Moments::F32), ("bf16", Moments::Bf16), ("int8", Moments::Int8)];

    /// The form with this name.
    pub fn from_name(name: &str) -> Option<Moments> {
        Moments::ALL.iter().find(|m| m.0 == name).map(|m| m.1)
    }

    /// The name in options.
    pub fn name(self) -> &'static str {
        Moments::ALL.iter().find(|m| m.1 == self).map_or("full", |m| m.0)
    }
}
