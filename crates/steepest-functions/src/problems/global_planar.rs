//! Functions of two variables for global optimization.
//!
//! M. Jamil and X.-S. Yang, "A literature survey of benchmark functions for global optimisation problems", International Journal
//! of Mathematical Modelling and Numerical Optimisation 4(2), 2013, doi:10.1504/IJMMNO.2013.055204; the names and boxes are those
//! of SciPy's benchmarks where it has the function. The start lies off every symmetry of the box.

use std::f64::consts::{PI, TAU};

use super::draft::{Draft, smooth, squares};
use super::{Collection, Dims, Kind, ProblemEntry};
use crate::{Builder, Expr};

pub(super) const fn global(
    name: &'static str,
    title: &'static str,
    dims: Dims,
    build: fn(usize) -> Draft,
) -> ProblemEntry {
    let source = "Jamil and Yang, 2013, doi:10.1504/IJMMNO.2013.055204";
    ProblemEntry::new(name, title, dims, build).of(Collection::Global, Kind::Multimodal, source)
}

const TWO: Dims = Dims::fixed(2);

pub(super) const ENTRIES: &[ProblemEntry] = &[
    global("bartels-conn", "kinks along curves", TWO, bartels_conn).kind(Kind::NonSmooth),
    global("bird", "Mishra's bird", TWO, bird),
    global("bohachevsky-1", "Bohachevsky's first", TWO, bohachevsky_1),
    global("booth", "Booth", TWO, booth).kind(Kind::Quadratic),
    global("branin", "Branin, three equal minima", TWO, branin),
    global("bukin-6", "Bukin's sixth: a ridge with a kink", TWO, bukin_6).kind(Kind::NonSmooth),
    global("cross-in-tray", "cross in tray", TWO, cross_in_tray),
    global("drop-wave", "rings around a drop", TWO, drop_wave),
    global("easom", "a single hole in a plain", TWO, easom),
    global("egg-crate", "egg crate", TWO, egg_crate),
    global("eggholder", "egg holder; the minimum is on the edge of the box", TWO, eggholder),
    global("goldstein-price", "Goldstein and Price", TWO, goldstein_price),
    global("himmelblau", "Himmelblau, four equal minima", TWO, himmelblau).kind(Kind::SumOfSquares),
    global("holder-table", "Hölder's table", TWO, holder_table),
    global("levy-13", "Lévy's thirteenth", TWO, levy_13),
    global("matyas", "Matyas", TWO, matyas).kind(Kind::Quadratic),
    global("mccormick", "McCormick", TWO, mccormick),
    global("schaffer-2", "Schaffer's second", TWO, schaffer_2),
    global("schaffer-4", "Schaffer's fourth", TWO, schaffer_4),
    global("shubert", "Shubert, a product of sums of cosines", TWO, shubert),
    global("six-hump-camel", "six-hump camel", TWO, six_hump_camel),
    global("three-hump-camel", "three-hump camel", TWO, three_hump_camel),
    global("trefethen", "Trefethen, from the hundred-digit challenge", TWO, trefethen)
        .source("Trefethen, A hundred-dollar, hundred-digit challenge, SIAM News 35(1), 2002"),
];

/// A formula of x and y over the same interval for both, the start at 0.3 and 0.65 of it.
fn planar(low: f64, high: f64, f: impl for<'b> Fn(&'b Builder, Expr<'b>, Expr<'b>) -> Expr<'b>) -> Draft {
    smooth(2, |b, x| f(b, x[0], x[1])).domain(low, high).start_in_domain()
}

fn bartels_conn(_: usize) -> Draft {
    planar(-500.0, 500.0, |_, x, y| (x.powi(2) + y.powi(2) + x * y).abs() + x.sin().abs() + y.cos().abs())
        .minimum_at_all(1.0, 0.0)
}

fn bird(_: usize) -> Draft {
    planar(-TAU, TAU, |_, x, y| {
        (x - y).powi(2) + (1.0 - x.sin()).powi(2).exp() * y.cos() + (1.0 - y.cos()).powi(2).exp() * x.sin()
    })
    .minimum_value(-106.764_536_749_264_77)
}

fn bohachevsky_1(_: usize) -> Draft {
    planar(-15.0, 15.0, |_, x, y| {
        x.powi(2) + 2.0 * y.powi(2) - 0.3 * (3.0 * PI * x).cos() - 0.4 * (4.0 * PI * y).cos() + 0.7
    })
    .minimum_at_all(0.0, 0.0)
}

fn booth(_: usize) -> Draft {
    squares(2, |_, x| vec![x[0] + 2.0 * x[1] - 7.0, 2.0 * x[0] + x[1] - 5.0])
        .domain(-10.0, 10.0)
        .start_in_domain()
        .minimum(0.0, [1.0, 3.0])
}

fn branin(_: usize) -> Draft {
    let least = 1.25 / PI;
    planar(-5.0, 10.0, |_, x, y| {
        let valley = y - 5.1 / (4.0 * PI * PI) * x.powi(2) + 5.0 / PI * x - 6.0;
        valley.powi(2) + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0
    })
    .domains(&[(-5.0, 10.0), (0.0, 15.0)])
    .minimum(least, [PI, 2.275])
    .minimum(least, [-PI, 12.275])
    .minimum(least, [3.0 * PI, 2.475])
}

fn bukin_6(_: usize) -> Draft {
    planar(-15.0, -5.0, |_, x, y| 100.0 * (y - 0.01 * x.powi(2)).abs().sqrt() + 0.01 * (x + 10.0).abs())
        .domains(&[(-15.0, -5.0), (-3.0, 3.0)])
        .start_in_domain()
        .minimum(0.0, [-10.0, 1.0])
}

fn cross_in_tray(_: usize) -> Draft {
    planar(-10.0, 10.0, |_, x, y| {
        let far = (100.0 - x.hypot(y) / PI).abs().exp();
        -1e-4 * ((x.sin() * y.sin() * far).abs() + 1.0).powf(0.1)
    })
    .minimum_value(-2.062_611_870_822_739)
}

fn drop_wave(_: usize) -> Draft {
    planar(-5.12, 5.12, |_, x, y| {
        let s = x.powi(2) + y.powi(2);
        -(1.0 + (12.0 * s.sqrt()).cos()) / (0.5 * s + 2.0)
    })
    .minimum_at_all(-1.0, 0.0)
}

fn easom(_: usize) -> Draft {
    planar(-100.0, 100.0, |_, x, y| -x.cos() * y.cos() * (-(x - PI).powi(2) - (y - PI).powi(2)).exp())
        .minimum_at_all(-1.0, PI)
}

fn egg_crate(_: usize) -> Draft {
    planar(-5.0, 5.0, |_, x, y| x.powi(2) + y.powi(2) + 25.0 * (x.sin().powi(2) + y.sin().powi(2)))
        .minimum_at_all(0.0, 0.0)
}

/// The value is the least in the box; without the box f is unbounded below.
fn eggholder(_: usize) -> Draft {
    planar(-512.0, 512.0, |_, x, y| {
        let y = y + 47.0;
        -y * (y + 0.5 * x).abs().sqrt().sin() - x * (x - y).abs().sqrt().sin()
    })
    .minimum_value(-959.640_662_720_850_7)
}

fn goldstein_price(_: usize) -> Draft {
    planar(-2.0, 2.0, |_, x, y| {
        let p = 19.0 - 14.0 * x + 3.0 * x.powi(2) - 14.0 * y + 6.0 * x * y + 3.0 * y.powi(2);
        let q = 18.0 - 32.0 * x + 12.0 * x.powi(2) + 48.0 * y - 36.0 * x * y + 27.0 * y.powi(2);
        (1.0 + (x + y + 1.0).powi(2) * p) * (30.0 + (2.0 * x - 3.0 * y).powi(2) * q)
    })
    .minimum(3.0, [0.0, -1.0])
    .local_at(30.0, [-0.6, -0.4])
    .local_at(84.0, [1.8, 0.2])
    .local_at(840.0, [1.2, 0.8])
}

fn himmelblau(_: usize) -> Draft {
    squares(2, |_, x| vec![x[0].powi(2) + x[1] - 11.0, x[0] + x[1].powi(2) - 7.0])
        .domain(-5.0, 5.0)
        .start_in_domain()
        .minimum(0.0, [3.0, 2.0])
        .minimum(0.0, [-2.805_118_086_952_745, 3.131_312_518_250_573])
        .minimum(0.0, [-3.779_310_253_377_747, -3.283_185_991_286_17])
        .minimum(0.0, [3.584_428_340_330_492, -1.848_126_526_964_404])
}

fn holder_table(_: usize) -> Draft {
    planar(-10.0, 10.0, |_, x, y| -(x.sin() * y.cos() * (1.0 - x.hypot(y) / PI).abs().exp()).abs())
        .minimum_value(-19.208_502_567_886_743)
}

fn levy_13(_: usize) -> Draft {
    planar(-10.0, 10.0, |_, x, y| {
        (3.0 * PI * x).sin().powi(2)
            + (x - 1.0).powi(2) * (1.0 + (3.0 * PI * y).sin().powi(2))
            + (y - 1.0).powi(2) * (1.0 + (2.0 * PI * y).sin().powi(2))
    })
    .minimum_at_all(0.0, 1.0)
}

fn matyas(_: usize) -> Draft {
    planar(-10.0, 10.0, |_, x, y| 0.26 * (x.powi(2) + y.powi(2)) - 0.48 * x * y).minimum_at_all(0.0, 0.0)
}

/// The value is the least in the box; in the plane it repeats π lower and lower.
fn mccormick(_: usize) -> Draft {
    planar(-1.5, 4.0, |_, x, y| (x + y).sin() + (x - y).powi(2) - 1.5 * x + 2.5 * y + 1.0)
        .domains(&[(-1.5, 4.0), (-3.0, 3.0)])
        .start_in_domain()
        .minimum(-0.75f64.sqrt() - PI / 3.0, [0.5 - PI / 3.0, -0.5 - PI / 3.0])
}

fn schaffer_2(_: usize) -> Draft {
    planar(-100.0, 100.0, |_, x, y| {
        let (p, q) = (x.powi(2), y.powi(2));
        0.5 + ((p - q).sin().powi(2) - 0.5) / (1.0 + 1e-3 * (p + q)).powi(2)
    })
    .minimum_at_all(0.0, 0.0)
}

fn schaffer_4(_: usize) -> Draft {
    planar(-100.0, 100.0, |_, x, y| {
        let (p, q) = (x.powi(2), y.powi(2));
        0.5 + ((p - q).abs().sin().cos().powi(2) - 0.5) / (1.0 + 1e-3 * (p + q)).powi(2)
    })
    .minimum_value(0.292_578_632_035_98)
}

fn shubert(_: usize) -> Draft {
    planar(-10.0, 10.0, |b, x, y| {
        let [one, two] = [x, y].map(|x| b.sum((1..=5).map(f64::from).map(|j| j * ((j + 1.0) * x + j).cos())));
        one * two
    })
    .minimum_value(-186.730_908_831_023_9)
}

fn six_hump_camel(_: usize) -> Draft {
    let (x, y) = (0.089_842_013_683_013_31, 0.712_656_403_270_413_5);
    planar(-3.0, 3.0, |_, x, y| {
        (4.0 - 2.1 * x.powi(2) + x.powi(4) / 3.0) * x.powi(2) + x * y + (4.0 * y.powi(2) - 4.0) * y.powi(2)
    })
    .domains(&[(-3.0, 3.0), (-2.0, 2.0)])
    .start_in_domain()
    .minimum(-1.031_628_453_489_877, [x, -y])
    .minimum(-1.031_628_453_489_877, [-x, y])
    .local(-0.215_463_824_383_719)
    .local(2.104_250_310_310_909)
}

fn three_hump_camel(_: usize) -> Draft {
    planar(-5.0, 5.0, |_, x, y| 2.0 * x.powi(2) - 1.05 * x.powi(4) + x.powi(6) / 6.0 + x * y + y.powi(2))
        .minimum_at_all(0.0, 0.0)
        .local(0.298_638_442_236_861)
}

fn trefethen(_: usize) -> Draft {
    planar(-10.0, 10.0, |_, x, y| {
        (50.0 * x).sin().exp() + (60.0 * y.exp()).sin() + (70.0 * x.sin()).sin() + (80.0 * y).sin().sin()
            - (10.0 * (x + y)).sin()
            + (x.powi(2) + y.powi(2)) / 4.0
    })
    .minimum_value(-3.306_868_647_475_237)
}
