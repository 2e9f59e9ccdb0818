//! How moments are kept between steps: as they are computed, in 32 bits, in 16, or in 8 with a scale for each block.
//!
//! State is what an update reads and writes most: AdamW moves 28 bytes a parameter in 32 bits, 20 with both moments in bf16
//! and 16 with both in 8 bits. Sums that must stay exact (AdaGrad's, averages of the parameters) are never packed.

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
    /// 8 bits with random rounding, relative to the largest of each 256 elements: 1 byte, and 4 a block.
    Bits8,
}

impl Moments {
    /// All forms with their names in options.
    pub const ALL: [(&'static str, Moments); 4] =
        [("full", Moments::Full), ("f32", Moments::F32), ("bf16", Moments::Bf16), ("8bit", Moments::Bits8)];

    /// The names of all forms, as options write them.
    pub const NAMES: [&'static str; Moments::ALL.len()] = {
        let mut names = [""; Moments::ALL.len()];
        let mut i = 0;
        while i < names.len() {
            names[i] = Moments::ALL[i].0;
            i += 1;
        }
        names
    };

    /// The form with this name.
    pub fn from_name(name: &str) -> Option<Moments> {
        Moments::ALL.iter().find(|m| m.0 == name).map(|m| m.1)
    }

    /// The name in options.
    pub fn name(self) -> &'static str {
        Moments::ALL.iter().find(|m| m.1 == self).map_or("full", |m| m.0)
    }
}
