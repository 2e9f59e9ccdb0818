//! Functions of Dixon and Szegő's collection that are sums of bumps: Shekel and Hartmann.
//!
//! L. C. W. Dixon and G. P. Szegő, "The global optimization problem: an introduction", in Towards Global Optimization 2, 1978,
//! 1–15.

use super::draft::{Draft, smooth};
use super::{Collection, Dims, Kind, ProblemEntry};

const fn line(name: &'static str, title: &'static str, n: usize, build: fn(usize) -> Draft) -> ProblemEntry {
    let source = "Dixon and Szegő, Towards Global Optimization 2, 1978";
    ProblemEntry::new(name, title, Dims::fixed(n), build).of(Collection::Global, Kind::Multimodal, source)
}

pub(super) const ENTRIES: &[ProblemEntry] = &[
    line("hartmann-3", "Hartmann, three variables", 3, hartmann_3),
    line("hartmann-6", "Hartmann, six variables", 6, hartmann_6),
    line("shekel-5", "Shekel, five wells", 4, |_| shekel(5, -10.153_199_679_058_23)),
    line("shekel-7", "Shekel, seven wells", 4, |_| shekel(7, -10.402_940_566_818_664)),
    line("shekel-10", "Shekel, ten wells", 4, |_| shekel(10, -10.536_409_816_692_05)),
];

/// −Σ 1/(‖x − aᵢ‖² + cᵢ) over the first m wells.
fn shekel(m: usize, least: f64) -> Draft {
    const A: [[f64; 4]; 10] = [
        [4.0, 4.0, 4.0, 4.0],
        [1.0, 1.0, 1.0, 1.0],
        [8.0, 8.0, 8.0, 8.0],
        [6.0, 6.0, 6.0, 6.0],
        [3.0, 7.0, 3.0, 7.0],
        [2.0, 9.0, 2.0, 9.0],
        [5.0, 5.0, 3.0, 3.0],
        [8.0, 1.0, 8.0, 1.0],
        [6.0, 2.0, 6.0, 2.0],
        [7.0, 3.6, 7.0, 3.6],
    ];
    const C: [f64; 10] = [0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5];
    smooth(4, |b, x| {
        let well = |i: usize| -1.0 / (b.sum((0..4).map(|j| (x[j] - A[i][j]).powi(2))) + C[i]);
        b.sum((0..m).map(well))
    })
    .domain(0.0, 10.0)
    .start_in_domain()
    .minimum_value(least)
}

const ALPHA: [f64; 4] = [1.0, 1.2, 3.0, 3.2];

/// −Σ αᵢ exp(−Σ aᵢⱼ(xⱼ − pᵢⱼ)²).
fn hartmann<const N: usize>(a: [[f64; N]; 4], p: [[f64; N]; 4]) -> Draft {
    smooth(N, |b, x| {
        let bump = |i: usize| -ALPHA[i] * (-b.sum((0..N).map(|j| a[i][j] * (x[j] - p[i][j]).powi(2)))).exp();
        b.sum((0..4).map(bump))
    })
    .domain(0.0, 1.0)
    .start_in_domain()
}

fn hartmann_3(_: usize) -> Draft {
    let a = [[3.0, 10.0, 30.0], [0.1, 10.0, 35.0], [3.0, 10.0, 30.0], [0.1, 10.0, 35.0]];
    let p = [[0.3689, 0.1170, 0.2673], [0.4699, 0.4387, 0.7470], [0.1091, 0.8732, 0.5547], [0.03815, 0.5743, 0.8828]];
    hartmann(a, p).minimum_value(-3.862_782_147_820_756)
}

fn hartmann_6(_: usize) -> Draft {
    let a = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    let p = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    hartmann(a, p).minimum_value(-3.322_368_011_415_511)
}
