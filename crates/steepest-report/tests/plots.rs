//! Every kind of figure with every kind of awkward data is well-formed XML without anything that is no number.

use steepest_report::plot::surface::View;
use steepest_report::plot::*;

fn checked(figure: &Figure) {
    for svg in [figure.to_svg(), figure.to_page_svg(), figure.to_outlined_svg(Theme::Dark)] {
        let document = roxmltree::Document::parse(&svg).unwrap_or_else(|e| panic!("{e}: {svg}"));
        assert_eq!(document.root_element().attribute("role"), Some("img"));
        for node in document.descendants().filter(|n| n.is_element()) {
            for attribute in node.attributes().filter(|a| !a.name().starts_with("data-") && a.name() != "aria-label") {
                assert!(!attribute.value().contains("NaN") && !attribute.value().contains("inf"), "{attribute:?}");
            }
        }
    }
    assert_eq!(figure.to_svg(), figure.clone().to_svg());
}

fn awkward() -> Vec<Vec<(f64, f64)>> {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    vec![
        vec![],
        vec![(0.0, 1.0)],
        vec![(nan, nan)],
        vec![(0.0, inf), (1.0, -inf)],
        vec![(0.0, 5.0), (1.0, 5.0), (2.0, 5.0)],
        vec![(0.0, 0.0), (1.0, 0.0)],
        vec![(0.0, 1e-300), (1.0, 1e300)],
        vec![(0.0, -1e300), (1.0, 1e300)],
        vec![(-f64::MAX, -f64::MAX), (f64::MAX, f64::MAX)],
        vec![(0.0, f64::MIN_POSITIVE), (1.0, 5e-324)],
        vec![(0.0, 1.0), (1.0, nan), (2.0, 3.0), (3.0, inf), (4.0, 1.0)],
        vec![(1e9, 1.0), (1e9, 2.0), (1e9, 3.0)],
        vec![(2.0, -1.0), (1.0, 0.0), (3.0, 1.0)],
    ]
}

#[test]
fn charts_survive_every_series() {
    for points in awkward() {
        for (x, y) in [
            (Axis::whole("step"), Axis::linear("y")),
            (Axis::log("x"), Axis::log("y")),
            (Axis::linear("").including(0.0), Axis::fitting("y", points.iter().map(|p| p.1))),
            (Axis::linear("x").range(1.0, 1.0), Axis::linear("y").range(f64::NAN, 2.0)),
        ] {
            let triples: Vec<[f64; 3]> = points.iter().map(|p| [p.0, p.1, p.1 / 2.0]).collect();
            let chart = Chart::new("<t>", x, y)
                .line("a&b", points.clone())
                .band("band", triples.clone())
                .dots("dots", points.clone(), 2.0)
                .whiskers("", triples)
                .bars("bars", points.iter().map(|p| p.0).collect(), points.iter().map(|p| p.1).collect())
                .way("way", points.clone())
                .upright(1.0)
                .headline();
            checked(&chart.figure());
            checked(&chart.clone().clipped().square().size(0.0, 1e9).figure());
        }
        checked(&roc(&points).figure());
        checked(&precision_recall(&points).figure());
        checked(&predicted_actual(&points).figure());
        let bins: Vec<CalibrationBin> =
            points.iter().map(|p| CalibrationBin { predicted: p.0, observed: p.1, rows: p.1 }).collect();
        checked(&calibration(&bins).figure());
        let (edges, counts) = points.iter().copied().unzip();
        checked(&histogram("h", "x", edges, counts).figure());
        let bars: Vec<WeightBar> = points
            .iter()
            .map(|p| WeightBar { name: "<name>&".repeat(9), value: p.1, interval: Some((p.0, p.1)) })
            .collect();
        checked(&weight_bars("w", "weight", &bars));
        checked(&heat_map("h", &[], &["c".into()], &points.iter().map(|p| vec![p.0, p.1]).collect::<Vec<_>>()));
        let matrix: Vec<Vec<f64>> = points.iter().map(|p| points.iter().map(|q| p.1 + q.0).collect()).collect();
        checked(&confusion_matrix(&vec!["a<b".to_string(); points.len()], &matrix));
        let ways = vec![("w<".to_string(), points.clone())];
        let axis: Vec<f64> = points.iter().map(|p| p.0).collect();
        for grid in [
            Grid::of(&axis, &axis, |x, y| x * y),
            Grid::of(&[0.0, 1.0, 2.0], &[0.0, 1.0], |x, y| points.first().map_or(1.0, |p| p.1) * (x - y)),
        ] {
            for levels in [Levels::Auto, Levels::Linear(3), Levels::Log(4), Levels::At(vec![f64::NAN, 1.0])] {
                checked(&contour("c", ["x", "y"], &grid, &levels, &ways));
            }
            checked(&surface("s", ["x", "y"], &grid, View { log: true, ..View::default() }, &ways));
            checked(&surface("s", ["x", "y"], &grid, View::default(), &ways));
        }
    }
}

#[test]
fn a_line_chart_is_written_as_it_is_known_to_be_right() {
    // Looked at: two ticks' worth of data, grid, axis, both lines of the legend.
    let svg = Chart::new("Gap", Axis::whole("step"), Axis::log("gap"))
        .line("newton", vec![(0.0, 1.0), (1.0, 1e-2), (2.0, 1e-6)])
        .line("gd", vec![(0.0, 1.0), (2.0, 0.5)])
        .figure()
        .to_page_svg();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let texts: Vec<&str> = document.descendants().filter(|n| n.has_tag_name("text")).filter_map(|n| n.text()).collect();
    assert_eq!(texts, ["newton", "gd", "gap", "10⁻⁶", "10⁻⁴", "10⁻²", "1", "0", "1", "2", "step"]);
    let lines: Vec<&str> =
        document.descendants().filter(|n| n.attribute("data-n").is_some()).filter_map(|n| n.attribute("d")).collect();
    assert_eq!(lines.len(), 2);
    // Both start at the same place; the second point of newton's is a third of the way down.
    let numbers = |d: &str| -> Vec<f64> {
        d.split(['M', 'L', ' ']).filter(|t| !t.is_empty()).map(|t| t.parse().unwrap()).collect()
    };
    let (newton, gd) = (numbers(lines[0]), numbers(lines[1]));
    assert_eq!(newton[..2], gd[..2]);
    assert!(((newton[3] - newton[1]) / (newton[5] - newton[1]) - 1.0 / 3.0).abs() < 1e-3);
    assert_eq!(newton[4], gd[2]);
}

#[test]
fn a_million_points_make_a_small_figure() {
    let thinned: Thinned = (0..1_000_000u64).map(|k| (k as f64, (k as f64 * 0.1).sin())).collect();
    let svg =
        Chart::new("t", Axis::whole("step"), Axis::linear("y")).line("a", thinned.points()).figure().to_page_svg();
    assert!(svg.len() < 40_000, "{}", svg.len());
}
