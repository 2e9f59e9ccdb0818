//! Randomness as a pure function of (seed, purpose, index, position).
//!
//! Nothing here has a state that must be carried along: the order of epoch 7, the dropout mask of step 1,000 and the 12th
//! restart are each a [`Stream`], named by the run's seed, a [`Purpose`] and an index, and every value of a stream can be
//! computed on its own. So a run is the same for any number of threads, and one that is resumed goes on with the same bits.
//!
//! The generator is Philox4x32-10, with our own uniform, normal, bounded integer and permutation on top. They use only
//! exact and correctly rounded operations and the polynomials of [`math`](crate::math): the same bits on every
//! processor and instruction set, today and in later versions (frozen by tests).
//!
//! ```
//! use steepest_core::random::{Purpose, Stream};
//! let epoch = 3;
//! let order = Stream::new(0, Purpose::ORDER, epoch).permutation(5);
//! assert_eq!(order, Stream::new(0, Purpose::ORDER, epoch).permutation(5));
//!
//! let noise = Stream::new(0, Purpose::NOISE, 1_000);
//! let mut bulk = [0.0f64; 100];
//! noise.fill_normal(0, &mut bulk);
//! assert_eq!(bulk[41], noise.normal(41));
//! ```

mod bounded;
mod draws;
mod fill;
mod normal;
mod permutation;
mod philox;
mod purpose;
mod stream;

pub use draws::Draws;
pub use permutation::Permutation;
pub use philox::philox4x32;
pub use purpose::Purpose;
pub use stream::{Stream, derive_seed};
