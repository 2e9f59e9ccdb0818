//! Moré, Garbow and Hillstrom's problems of a fixed dimension: numbers 1 to 19 of their 35.
//!
//! J. J. Moré, B. S. Garbow and K. E. Hillstrom, "Testing unconstrained optimization software", ACM Transactions on
//! Mathematical Software 7(1), 1981, 17–41, doi:10.1145/355934.355936. Every one is f = Σ rᵢ². Where the number of residuals is
//! free it is the one their tests use.

use super::draft::{Draft, squares};
use super::mgh_data::{BARD, GAUSSIAN, KOWALIK, MEYER, OSBORNE_1, OSBORNE_2};
use super::{Collection, Dims, Kind, ProblemEntry};

pub(super) const fn mgh(
    name: &'static str,
    title: &'static str,
    dims: Dims,
    build: fn(usize) -> Draft,
) -> ProblemEntry {
    let source = "Moré, Garbow and Hillstrom, 1981, doi:10.1145/355934.355936";
    ProblemEntry::new(name, title, dims, build).of(Collection::MoreGarbowHillstrom, Kind::SumOfSquares, source)
}

pub(super) const ENTRIES: &[ProblemEntry] = &[
    mgh("rosenbrock", "Rosenbrock's valley", Dims::any(2, 100_000, 2), rosenbrock).alias(&["rosenbr"]),
    mgh("freudenstein-roth", "Freudenstein and Roth", Dims::fixed(2), freudenstein_roth).alias(&["freurone"]),
    mgh("powell-badly-scaled", "Powell, badly scaled", Dims::fixed(2), powell_badly_scaled).alias(&["powellbs"]),
    mgh("brown-badly-scaled", "Brown, badly scaled", Dims::fixed(2), brown_badly_scaled).alias(&["brownbs"]),
    mgh("beale", "Beale", Dims::fixed(2), beale),
    mgh("jennrich-sampson", "Jennrich and Sampson", Dims::fixed(2), jennrich_sampson).alias(&["jensmp"]),
    mgh("helical-valley", "Fletcher and Powell's helical valley", Dims::fixed(3), helical_valley).alias(&["helix"]),
    mgh("bard", "Bard", Dims::fixed(3), bard),
    mgh("gaussian", "fit of a Gaussian", Dims::fixed(3), gaussian),
    mgh("meyer", "Meyer's thermistor", Dims::fixed(3), meyer).alias(&["meyer3"]),
    mgh("gulf", "Gulf research and development", Dims::fixed(3), gulf),
    mgh("box-3d", "Box, three-dimensional", Dims::fixed(3), box_3d).alias(&["box3"]),
    mgh("powell-singular", "Powell's singular function", Dims::fixed(4), powell_singular),
    mgh("wood", "Wood", Dims::fixed(4), wood).alias(&["colville"]),
    mgh("kowalik-osborne", "Kowalik and Osborne", Dims::fixed(4), kowalik_osborne).alias(&["kowosb"]),
    mgh("brown-dennis", "Brown and Dennis", Dims::fixed(4), brown_dennis).alias(&["brownden"]),
    mgh("osborne-1", "Osborne, five parameters", Dims::fixed(5), osborne_1).alias(&["osbornea"]),
    mgh("biggs-exp6", "Biggs, six exponentials", Dims::fixed(6), biggs_exp6).alias(&["biggs6"]),
    mgh("osborne-2", "Osborne, eleven parameters", Dims::fixed(11), osborne_2).alias(&["osborneb"]),
];

/// Above two variables the chained form Σ 100(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)², the start repeating (−1.2, 1); its local minimum from
/// four variables on is known for small n.
fn rosenbrock(n: usize) -> Draft {
    let draft = squares(n, |_, x| x.windows(2).flat_map(|p| [10.0 * (p[1] - p[0].powi(2)), 1.0 - p[0]]).collect());
    let draft = draft.start_cycle(&[-1.2, 1.0]).minimum_at_all(0.0, 1.0);
    let locals = [
        (4, 3.701_428_610_43),
        (5, 3.930_839_434_133),
        (6, 3.973_940_500_93),
        (7, 3.983_600_536_425),
        (10, 3.986_579_112_347),
        (100, 3.986_623_854_301),
    ];
    locals.iter().fold(draft.domain(-5.0, 10.0), |draft, (n, value)| draft.locals_in(*n, &[*value]))
}

fn freudenstein_roth(n: usize) -> Draft {
    squares(n, |_, x| {
        vec![-13.0 + x[0] + ((5.0 - x[1]) * x[1] - 2.0) * x[1], -29.0 + x[0] + ((x[1] + 1.0) * x[1] - 14.0) * x[1]]
    })
    .start([0.5, -2.0])
    .minimum(0.0, [5.0, 4.0])
    .local(48.984_253_679_240_2)
}

fn powell_badly_scaled(n: usize) -> Draft {
    squares(n, |_, x| vec![1e4 * x[0] * x[1] - 1.0, (-x[0]).exp() + (-x[1]).exp() - 1.0001])
        .start([0.0, 1.0])
        .minimum(0.0, [1.098_159_329_699_764_1e-5, 9.106_146_739_866_736])
}

fn brown_badly_scaled(n: usize) -> Draft {
    squares(n, |_, x| vec![x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2.0]).start([1.0, 1.0]).minimum(0.0, [1e6, 2e-6])
}

/// The local value is the infimum along x₁ → −∞, x₁(1 − x₂) = 13.875/14.
fn beale(n: usize) -> Draft {
    let y = [1.5, 2.25, 2.625];
    squares(n, |_, x| (0..3).map(|i| y[i] - x[0] * (1.0 - x[1].powi(i as i32 + 1))).collect())
        .start([1.0, 1.0])
        .minimum(0.0, [3.0, 0.5])
        .domain(-4.5, 4.5)
        .local(14.203_125 - 13.875 * 13.875 / 14.0)
}

fn jennrich_sampson(n: usize) -> Draft {
    squares(n, |_, x| (1..=10).map(f64::from).map(|i| 2.0 + 2.0 * i - ((i * x[0]).exp() + (i * x[1]).exp())).collect())
        .start([0.3, 0.4])
        .minimum_value(124.362_182_355_615)
}

/// θ is the angle over 2π, counted so that the jump lies on the half-line x₁ = 0, x₂ < 0 as in the paper.
fn helical_valley(n: usize) -> Draft {
    squares(n, |_, x| {
        let theta = (-x[0]).atan2(x[1]) / std::f64::consts::TAU + 0.25;
        vec![10.0 * (x[2] - 10.0 * theta), 10.0 * ((x[0].powi(2) + x[1].powi(2)).sqrt() - 1.0), x[2]]
    })
    .start([-1.0, 0.0, 0.0])
    .minimum(0.0, [1.0, 0.0, 0.0])
}

fn bard(n: usize) -> Draft {
    squares(n, |_, x| {
        let residual = |(i, y): (usize, &f64)| {
            let (u, v) = ((i + 1) as f64, (15 - i) as f64);
            *y - (x[0] + u / (v * x[1] + u.min(v) * x[2]))
        };
        BARD.iter().enumerate().map(residual).collect()
    })
    .start([1.0, 1.0, 1.0])
    .minimum_value(8.214_877_306_578_96e-3)
    .local(17.428_693_336_066_3)
}

fn gaussian(n: usize) -> Draft {
    squares(n, |_, x| {
        let model = |i: usize| x[0] * (-x[1] * ((7.0 - i as f64) / 2.0 - x[2]).powi(2) / 2.0).exp();
        GAUSSIAN.iter().enumerate().map(|(i, y)| model(i) - *y).collect()
    })
    .start([0.4, 1.0, 0.0])
    .minimum_value(1.127_932_769_618_96e-8)
}

fn meyer(n: usize) -> Draft {
    squares(n, |_, x| {
        let model = |i: usize| x[0] * (x[1] / (x[2] + (50.0 + 5.0 * i as f64))).exp();
        MEYER.iter().enumerate().map(|(i, y)| model(i) - *y).collect()
    })
    .start([0.02, 4000.0, 250.0])
    .minimum_value(87.945_855_170_558)
}

/// The printed definition lacks a minus sign; this is the one its authors' programs hold, with m = 99 as tᵢ = 1 would ask for
/// log 1.
fn gulf(n: usize) -> Draft {
    squares(n, |_, x| {
        let residual = |i: u32| {
            let t = f64::from(i) / 100.0;
            let y = 25.0 + (-50.0 * t.ln()).powf(2.0 / 3.0);
            (-((y - x[1]).abs().pow(x[2]) / x[0])).exp() - t
        };
        (1..=99).map(residual).collect()
    })
    .start([5.0, 2.5, 0.15])
    .minimum(0.0, [50.0, 25.0, 1.5])
}

/// Ten residuals; f is 0 also at (10, 1, −1) and wherever x₁ = x₂, x₃ = 0.
fn box_3d(n: usize) -> Draft {
    squares(n, |_, x| {
        let residual = |i: u32| {
            let t = 0.1 * f64::from(i);
            (-t * x[0]).exp() - (-t * x[1]).exp() - x[2] * ((-t).exp() - (-10.0 * t).exp())
        };
        (1..=10).map(residual).collect()
    })
    .start([0.0, 10.0, 20.0])
    .minimum(0.0, [1.0, 10.0, 1.0])
    .minimum(0.0, [10.0, 1.0, -1.0])
}

fn powell_singular(n: usize) -> Draft {
    squares(n, |_, x| {
        vec![
            x[0] + 10.0 * x[1],
            5f64.sqrt() * (x[2] - x[3]),
            (x[1] - 2.0 * x[2]).powi(2),
            10f64.sqrt() * (x[0] - x[3]).powi(2),
        ]
    })
    .start([3.0, -1.0, 0.0, 1.0])
    .minimum_at_all(0.0, 0.0)
}

fn wood(n: usize) -> Draft {
    squares(n, |_, x| {
        vec![
            10.0 * (x[1] - x[0].powi(2)),
            1.0 - x[0],
            90f64.sqrt() * (x[3] - x[2].powi(2)),
            1.0 - x[2],
            10f64.sqrt() * (x[1] + x[3] - 2.0),
            (x[1] - x[3]) / 10f64.sqrt(),
        ]
    })
    .start([-3.0, -1.0, -3.0, -1.0])
    .minimum_at_all(0.0, 1.0)
    .domain(-10.0, 10.0)
}

/// The local values of this problem and of Bard's are infima at infinity.
fn kowalik_osborne(n: usize) -> Draft {
    squares(n, |_, x| KOWALIK.iter().map(|&(y, u)| y - x[0] * (u * u + u * x[1]) / (u * u + u * x[2] + x[3])).collect())
        .start([0.25, 0.39, 0.415, 0.39])
        .minimum_value(3.075_056_038_492_38e-4)
        .local(1.027_34e-3)
}

fn brown_dennis(n: usize) -> Draft {
    squares(n, |_, x| {
        let residual = |i: u32| {
            let t = f64::from(i) / 5.0;
            (x[0] + t * x[1] - t.exp()).powi(2) + (x[2] + x[3] * t.sin() - t.cos()).powi(2)
        };
        (1..=20).map(residual).collect()
    })
    .start([25.0, 5.0, -5.0, -1.0])
    .minimum_value(85_822.201_626_356_3)
}

fn osborne_1(n: usize) -> Draft {
    squares(n, |_, x| {
        let model = |t: f64| x[0] + x[1] * (-t * x[3]).exp() + x[2] * (-t * x[4]).exp();
        OSBORNE_1.iter().enumerate().map(|(i, y)| *y - model(10.0 * i as f64)).collect()
    })
    .start([0.5, 1.5, -1.0, 0.01, 0.02])
    .minimum_value(5.464_894_697_482_58e-5)
}

fn biggs_exp6(n: usize) -> Draft {
    squares(n, |_, x| {
        let residual = |i: u32| {
            let t = 0.1 * f64::from(i);
            let y = (-t).exp() - 5.0 * (-10.0 * t).exp() + 3.0 * (-4.0 * t).exp();
            x[2] * (-t * x[0]).exp() - x[3] * (-t * x[1]).exp() + x[5] * (-t * x[4]).exp() - y
        };
        (1..=13).map(residual).collect()
    })
    .start([1.0, 2.0, 1.0, 1.0, 1.0, 1.0])
    .minimum(0.0, [1.0, 10.0, 1.0, 5.0, 4.0, 3.0])
    .local(5.655_649_925e-3)
}

fn osborne_2(n: usize) -> Draft {
    squares(n, |_, x| {
        let peak = |t: f64, k: usize| x[k] * (-(t - x[k + 7]).powi(2) * x[k + 4]).exp();
        let model = |t: f64| x[0] * (-t * x[4]).exp() + peak(t, 1) + peak(t, 2) + peak(t, 3);
        OSBORNE_2.iter().enumerate().map(|(i, y)| *y - model(i as f64 / 10.0)).collect()
    })
    .start([1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5])
    .minimum_value(4.013_773_629_354_8e-2)
}
