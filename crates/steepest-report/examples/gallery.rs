//! Writes one figure of every kind into a directory, as SVG and (with the feature `png`) as PNG, to be looked at.
//!
//! `cargo run -p steepest-report --features png --example gallery -- DIRECTORY`

use std::path::PathBuf;
use steepest_report::plot::surface::View;
use steepest_report::plot::*;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "gallery".into()));
    std::fs::create_dir_all(&folder)?;
    for (name, figure) in figures() {
        std::fs::write(folder.join(format!("{name}.svg")), figure.to_svg())?;
        #[cfg(feature = "png")]
        for (theme, suffix) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            let png = figure.to_png(theme, 2.0).map_err(std::io::Error::other)?;
            std::fs::write(folder.join(format!("{name}-{suffix}.png")), png)?;
        }
    }
    Ok(())
}

fn figures() -> Vec<(&'static str, Figure)> {
    let valley = |x: f64, y: f64| (1.0 - x).powi(2) + 10.0 * (y - x * x).powi(2);
    let axis = |lo: f64, hi: f64| -> Vec<f64> { (0..121).map(|i| lo + (hi - lo) * i as f64 / 120.0).collect() };
    let grid = Grid::of(&axis(-2.0, 2.0), &axis(-1.0, 3.0), valley);
    let ways =
        vec![("gradient descent".to_string(), descend(0.008, 0.0)), ("momentum 0.9".to_string(), descend(0.002, 0.9))];
    let decay = |rate: f64| (0..200).map(|k| (k as f64, (-rate * k as f64).exp())).collect::<Vec<_>>();
    let bins = (0..10).map(|k| {
        let p = (k as f64 + 0.5) / 10.0;
        CalibrationBin { predicted: p, observed: p * p * (3.0 - 2.0 * p), rows: 8.0 + 30.0 * (p - 0.5).abs() }
    });
    let labels = |n: usize| (0..n).map(|i| format!("class {i}")).collect::<Vec<_>>();
    let counts = |n: usize| {
        (0..n)
            .map(|i| (0..n).map(|j| if i == j { 90.0 } else { ((i * 7 + j * 3) % 5) as f64 }).collect())
            .collect::<Vec<Vec<f64>>>()
    };
    let noise = |k: usize| ((k as f64 * 12.9898).sin() * 43758.5453).fract();
    let weights = ["worst concave points", "worst texture", "αβγ <b>&amp;</b>", "mean radius", "area"];
    let bars: Vec<WeightBar> = weights
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let value = if i % 2 == 0 { 2.0 } else { -1.7 } / (i + 1) as f64;
            WeightBar { name: name.to_string(), value, interval: Some((value - 0.4, value + 0.4)) }
        })
        .collect();
    let alphabet: Chart =
        ["ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"]
            .into_iter()
            .chain([
                "−–—×·…±≤≥≈→∞°√∇∂‖ΔΣαβγδεηθκλμρσφ 10⁻¹²³⁴⁵⁶⁷⁸⁹⁰",
                "áèîöñåčçÁÈÎÖÑÅČÇ’“” 漢字",
                "The quick brown fox jumps over the lazy dog; log loss 0.0714",
            ])
            .fold(Chart::new("Letters", Axis::linear("x"), Axis::linear("y")).size(480.0, 240.0).headline(), |c, t| {
                c.line(t, vec![(0.0, 0.0), (1.0, 1.0)])
            });
    let band = (0..100).map(|k| [k as f64, 0.4 - 0.1 / (1.0 + k as f64), 0.5 + 0.3 / (1.0 + 0.1 * k as f64)]).collect();
    vec![
        ("letters", alphabet.figure()),
        (
            "lines",
            (0..6)
                .fold(Chart::new("Gap by solver", Axis::whole("step"), Axis::log("relative gap")).headline(), |c, i| {
                    c.line(
                        ["newton", "lbfgs", "fista", "nesterov", "momentum", "gradient descent"][i],
                        decay(0.16 / (1.0 + i as f64)),
                    )
                })
                .figure(),
        ),
        (
            "band",
            Chart::new("Seeds", Axis::whole("epoch"), Axis::linear("log loss"))
                .headline()
                .band("range of 10 seeds", band)
                .line("median", (0..100).map(|k| (k as f64, 0.45 + 0.1 / (1.0 + 0.1 * k as f64))).collect())
                .colored(0)
                .figure(),
        ),
        (
            "roc",
            roc(&(0..=50).map(|k| (k as f64 / 50.0, (k as f64 / 50.0).powf(0.2))).collect::<Vec<_>>())
                .headline()
                .figure(),
        ),
        ("calibration", calibration(&bins.collect::<Vec<_>>()).headline().figure()),
        (
            "histogram",
            histogram(
                "Residuals",
                "actual − predicted",
                axis(-3.0, 3.0).into_iter().step_by(5).collect(),
                (0..24).map(|k| 400.0 * (-((k as f64 - 11.5) / 5.0).powi(2)).exp()).collect(),
            )
            .headline()
            .figure(),
        ),
        (
            "scatter",
            predicted_actual(
                &(0..900)
                    .map(|k| {
                        let x = k as f64 / 3.0;
                        (x, x + 40.0 * noise(k))
                    })
                    .collect::<Vec<_>>(),
            )
            .headline()
            .figure(),
        ),
        ("confusion2", confusion_matrix(&["B".into(), "M".into()], &[vec![70.0, 2.0], vec![1.0, 41.0]])),
        ("confusion10", confusion_matrix(&labels(10), &counts(10))),
        ("weights", weight_bars("Weights", "encoded coefficient", &bars)),
        (
            "heat",
            heat_map(
                "Accuracy",
                &labels(6),
                &labels(8),
                &(0..6).map(|i| (0..8).map(|j| (i * j) as f64).collect()).collect::<Vec<_>>(),
            ),
        ),
        ("contour", contour("Rosenbrock’s valley", ["x", "y"], &grid, &Levels::Auto, &ways)),
        ("surface", surface("Rosenbrock’s valley", ["x", "y"], &grid, View { log: true, ..View::default() }, &ways)),
        (
            "one",
            Chart::new("One", Axis::whole("step"), Axis::log("loss"))
                .headline()
                .line("a", vec![(3.0, 1e-300)])
                .figure(),
        ),
        (
            "none",
            Chart::new("None", Axis::whole("step"), Axis::log("loss"))
                .headline()
                .line("a", vec![(3.0, f64::NAN)])
                .figure(),
        ),
        (
            "wide",
            Chart::new("Wide", Axis::whole("step"), Axis::log("loss"))
                .headline()
                .line("a", vec![(0.0, 1e-300), (1.0, 1e300)])
                .figure(),
        ),
    ]
}

fn descend(rate: f64, momentum: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y, mut vx, mut vy) = (-1.5f64, 2.4f64, 0.0, 0.0);
    let mut way = vec![(x, y)];
    for _ in 0..150 {
        let (gx, gy) = (-2.0 * (1.0 - x) - 40.0 * x * (y - x * x), 20.0 * (y - x * x));
        (vx, vy) = (momentum * vx + gx, momentum * vy + gy);
        (x, y) = (x - rate * vx, y - rate * vy);
        way.push((x, y));
    }
    way
}
