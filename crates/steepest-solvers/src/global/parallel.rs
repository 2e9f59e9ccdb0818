//! Several chains of basin hopping at once.

use rayon::prelude::*;
use steepest_core::{Objective, Stop};

use super::basin_hopping::BasinHopping;
use crate::DeterministicSolver;

/// The lowest minimum of one chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Where it is.
    pub x: Vec<f64>,
    /// f there.
    pub value: f64,
    /// How often the chain met it.
    pub hits: u64,
}

/// Runs every chain to its end on its own objective, in parallel; what each found, in the order given. Equal chains give equal
/// results on any number of threads. `go_on` is asked before every hop of a chain; once it says no, the chain ends.
///
/// # Errors
/// [`Stop`] of the first chain that could not start.
pub fn hop_in_parallel<O: Objective<f64> + Send>(
    chains: Vec<(BasinHopping, O)>,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Found>, Stop> {
    let run = |(mut chain, mut f): (BasinHopping, O)| {
        while go_on() {
            match chain.step(&mut f) {
                Ok(_) => {}
                Err(stop) if chain.value().is_none() => return Err(stop),
                Err(_) => break,
            }
        }
        let value = chain.value().unwrap_or(f64::INFINITY);
        Ok(Found { x: chain.point().to_vec(), value, hits: chain.hits() })
    };
    let found: Vec<Result<Found, Stop>> = chains.into_par_iter().map(run).collect();
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;

    #[test]
    fn the_result_does_not_depend_on_threads() {
        let run = |threads| {
            let chains = (0..6)
                .map(|chain| {
                    let wave = Joint::new(2, |x: &[f64], g: &mut [f64]| {
                        x.iter()
                            .zip(g)
                            .map(|(x, g)| {
                                *g = 0.1 * x + 3.0 * (3.0 * x).cos();
                                0.05 * x * x + (3.0 * x).sin()
                            })
                            .sum()
                    });
                    (BasinHopping::new(vec![5.0, -7.0], 1.0).with_hops(60).with_seed(9, chain), wave)
                })
                .collect();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| hop_in_parallel(chains, &|| true).unwrap())
        };
        let one = run(1);
        assert_eq!(one, run(3));
        assert!(one.iter().any(|found| found.value < -1.97), "{one:?}");
    }
}
