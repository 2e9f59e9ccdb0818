//! A stream read from front to back, for algorithms that draw an unknown number of values.

use super::Stream;

/// A stream and the next position to read. Store [`position`](Draws::position) to go on later with the same values.
///
/// ```
/// use steepest_core::random::{Purpose, Stream};
/// let chain = Stream::new(0, Purpose::PROPOSAL, 2);
/// let mut draws = chain.draws(0);
/// let first = (draws.normal(), draws.uniform());
/// assert_eq!(first, (chain.normal(0), chain.uniform(2)));
/// assert_eq!(draws.position(), 3);
/// ```
#[derive(Debug, Clone)]
pub struct Draws {
    stream: Stream,
    position: u64,
}

impl Stream {
    /// Reads the stream from `position` on.
    pub fn draws(self, position: u64) -> Draws {
        Draws { stream: self, position }
    }
}

impl Draws {
    /// The next position.
    pub fn position(&self) -> u64 {
        self.position
    }

    fn next(&mut self) -> u64 {
        let position = self.position;
        self.position = position.wrapping_add(1);
        position
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let at = self.next();
        self.stream.bits(at)
    }

    /// The next value as [`Stream::uniform`].
    pub fn uniform(&mut self) -> f64 {
        let at = self.next();
        self.stream.uniform(at)
    }

    /// The next value as [`Stream::open`].
    pub fn open(&mut self) -> f64 {
        let at = self.next();
        self.stream.open(at)
    }

    /// The next value as [`Stream::normal`]. One that starts at an odd position shares bits with the value before it, so
    /// this first goes on to the next even position, and takes two.
    pub fn normal(&mut self) -> f64 {
        self.position = self.position.wrapping_add(self.position & 1);
        let at = self.position;
        self.position = at.wrapping_add(2);
        self.stream.normal(at)
    }

    /// The next value as [`Stream::exponential`].
    pub fn exponential(&mut self) -> f64 {
        let at = self.next();
        self.stream.exponential(at)
    }

    /// The next value as [`Stream::below`].
    pub fn below(&mut self, n: u64) -> u64 {
        let at = self.next();
        self.stream.below(at, n)
    }

    /// The next value as [`Stream::sign`].
    pub fn sign(&mut self) -> f64 {
        let at = self.next();
        self.stream.sign(at)
    }
}
