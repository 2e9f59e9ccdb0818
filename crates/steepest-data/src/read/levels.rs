//! The distinct words of a column, numbered by first appearance: an open-addressing table over one arena of bytes.

/// Distinct byte strings with their codes 0, 1, 2, …
#[derive(Debug, Default)]
pub(super) struct Levels {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Pairs (tag of the hash, code + 1); 0 is an empty slot. The length is a power of two.
    slots: Vec<(u32, u32)>,
    last: u32,
}

impl Levels {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Forgets the words and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.slots.fill((0, 0));
        self.last = 0;
    }

    pub fn get(&self, code: u32) -> &[u8] {
        let code = code as usize;
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.bytes[start..self.ends[code]]
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len() as u32).map(|c| self.get(c))
    }

    /// The code of `word`, which is added if it is new.
    #[inline]
    pub fn code(&mut self, word: &[u8]) -> u32 {
        // Neighbouring rows are often equal, in sorted columns nearly always.
        if (self.last as usize) < self.len() && self.get(self.last) == word {
            return self.last;
        }
        if self.slots.len() < 2 * (self.len() + 1) {
            self.grow();
        }
        let hash = hash(word);
        let (tag, mask) = ((hash >> 32) as u32, self.slots.len() - 1);
        let mut at = hash as usize & mask;
        loop {
            let (t, c) = self.slots[at];
            if c == 0 {
                break;
            }
            if t == tag && self.get(c - 1) == word {
                self.last = c - 1;
                return c - 1;
            }
            at = (at + 1) & mask;
        }
        let code = self.len() as u32;
        self.slots[at] = (tag, code + 1);
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
        self.last = code;
        code
    }

    #[cold]
    fn grow(&mut self) {
        let size = (4 * (self.len() + 1)).next_power_of_two().max(16);
        let mut slots = vec![(0u32, 0u32); size];
        for code in 0..self.len() as u32 {
            let hash = hash(self.get(code));
            let mut at = hash as usize & (size - 1);
            while slots[at].1 != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = ((hash >> 32) as u32, code + 1);
        }
        self.slots = slots;
    }
}

/// Multiply-and-fold over eight bytes at a time; the last eight may overlap those before.
#[inline]
fn hash(word: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |a: u64, b: u64| {
        let m = u128::from(a) * u128::from(b);
        m as u64 ^ (m >> 64) as u64
    };
    let eight = |at: usize| word[at..at + 8].iter().rev().fold(0u64, |v, &b| v << 8 | u64::from(b));
    let four = |at: usize| word[at..at + 4].iter().rev().fold(0u64, |v, &b| v << 8 | u64::from(b));
    let n = word.len();
    let mut h = n as u64 ^ K;
    if n >= 8 {
        let mut at = 0;
        while at + 8 < n {
            h = fold(h ^ eight(at), K);
            at += 8;
        }
        h = fold(h ^ eight(n - 8), K);
    } else if n >= 4 {
        h = fold(h ^ (four(0) | four(n - 4) << 32), K);
    } else if n > 0 {
        h = fold(h ^ u64::from(word[0]) ^ u64::from(word[n / 2]) << 8 ^ u64::from(word[n - 1]) << 16, K);
    }
    fold(h, 0xd6e8_feb8_6659_fd93)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_first_appearance_and_survive_growth() {
        let mut levels = Levels::default();
        for round in 0..2 {
            for k in 0..5000u32 {
                let word = format!("w{}", k * k);
                assert_eq!(levels.code(word.as_bytes()), k, "round {round}");
            }
        }
        assert_eq!(levels.get(3), b"w9");
        assert_eq!(levels.len(), 5000);
        levels.clear();
        assert_eq!(levels.code(b""), 0);
        assert_eq!(levels.code(b"x"), 1);
        assert_eq!(levels.code(b""), 0);
    }
}
