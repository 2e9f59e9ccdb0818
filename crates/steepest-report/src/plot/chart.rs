//! Charts over two axes: lines, bands, dots, bars, whiskers and filled regions in layers, with grid, ticks and legend.

mod layer;
mod layout;

use super::axis::Axis;
use super::color::Ink;
use super::figure::Dash;
use super::thin::Thinned;
use layer::{Layer, Marks};

/// Size of the words of a figure.
pub(crate) const FONT: f64 = 12.0;

/// A chart over two axes. Layers are drawn in the order they are added; [`figure`](Chart::figure) finishes it.
///
/// ```
/// use steepest_report::plot::{Axis, Chart};
/// let svg = Chart::new("Convergence", Axis::whole("step"), Axis::log("gap"))
///     .line("newton", vec![(0.0, 1.0), (1.0, 1e-3), (2.0, 1e-9)])
///     .line("gradient descent", vec![(0.0, 1.0), (1.0, 0.9), (2.0, 0.8)])
///     .figure()
///     .to_svg();
/// assert!(svg.starts_with("<svg") && svg.contains("gradient descent"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    title: String,
    description: Option<String>,
    x: Axis,
    y: Axis,
    width: f64,
    height: f64,
    layers: Vec<Layer>,
    headline: bool,
    legend: bool,
    clipped: bool,
    square: bool,
}

impl Chart {
    /// A chart without layers, 380 by 250 pixels.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Chart {
        Chart {
            title: title.into(),
            description: None,
            x,
            y,
            width: 380.0,
            height: 250.0,
            layers: Vec::new(),
            headline: false,
            legend: true,
            clipped: false,
            square: false,
        }
    }

    /// Sets the size in pixels.
    pub fn size(self, width: f64, height: f64) -> Chart {
        Chart { width: width.clamp(160.0, 4000.0), height: height.clamp(120.0, 4000.0), ..self }
    }

    /// Says what can be seen, for those who cannot see it.
    pub fn description(self, text: impl Into<String>) -> Chart {
        Chart { description: Some(text.into()), ..self }
    }

    /// Writes the title above the chart, where nothing around it does.
    pub fn headline(self) -> Chart {
        Chart { headline: true, ..self }
    }

    /// Leaves the legend out.
    pub fn without_legend(self) -> Chart {
        Chart { legend: false, ..self }
    }

    /// Hides what lies outside the axes' ranges.
    pub fn clipped(self) -> Chart {
        Chart { clipped: true, ..self }
    }

    /// Makes the plotted area as high as wide.
    pub fn square(self) -> Chart {
        Chart { square: true, ..self }
    }

    fn layer(mut self, name: &str, marks: Marks) -> Chart {
        let series = self.layers.iter().filter(|l| l.name.is_some() && matches!(l.ink, Ink::Series(_))).count();
        let name = (!name.is_empty()).then(|| name.to_string());
        self.layers.push(Layer { name, marks, ink: Ink::Series(series), dash: Dash::of_series(series) });
        self
    }

    /// A line through the points; values that are not finite break it.
    pub fn line(self, name: &str, points: Vec<(f64, f64)>) -> Chart {
        self.layer(name, Marks::Line(points))
    }

    /// A line through a thinned series. One that is long is drawn faintly, with its trend over it.
    pub fn series(self, name: &str, series: &Thinned) -> Chart {
        let Some(trend) = series.trend() else { return self.line(name, series.points()) };
        let chart = self.line(name, trend);
        let Some(line) = chart.layers.last().cloned() else { return chart };
        let faint = Layer { name: None, marks: Marks::Faint(series.points()), ..line };
        let mut chart = chart;
        chart.layers.insert(chart.layers.len() - 1, faint);
        chart
    }

    /// The area between two values at each x: `[x, lower, upper]`.
    pub fn band(self, name: &str, points: Vec<[f64; 3]>) -> Chart {
        self.layer(name, Marks::Band(points))
    }

    /// Dots of a radius in pixels, more transparent the more there are.
    pub fn dots(self, name: &str, points: Vec<(f64, f64)>, radius: f64) -> Chart {
        let opacity = (12.0 / (points.len() as f64 + 1.0).sqrt()).clamp(0.35, 1.0);
        self.layer(name, Marks::Dots { points, radius, opacity })
    }

    /// Bars over the intervals between neighbouring edges.
    pub fn bars(self, name: &str, edges: Vec<f64>, heights: Vec<f64>) -> Chart {
        self.layer(name, Marks::Bars { edges, heights })
    }

    /// Upright error bars: `[x, lower, upper]`.
    pub fn whiskers(self, name: &str, points: Vec<[f64; 3]>) -> Chart {
        self.layer(name, Marks::Whiskers(points))
    }

    /// An upright line over the whole height.
    pub fn upright(self, x: f64) -> Chart {
        self.layer("", Marks::Upright(x)).muted()
    }

    /// A way through the plane, with its points, start and end marked.
    pub fn way(self, name: &str, points: Vec<(f64, f64)>) -> Chart {
        self.layer(name, Marks::Way(points))
    }

    pub(crate) fn region(mut self, loops: Vec<Vec<(f64, f64)>>, height: f64) -> Chart {
        let marks = Marks::Region { loops, opacity: 1.0 };
        self.layers.push(Layer { name: None, marks, ink: Ink::ramp(height), dash: Dash::Solid });
        self
    }

    /// Takes the colour from what lies under the loops.
    pub(crate) fn veil(mut self, loops: Vec<Vec<(f64, f64)>>) -> Chart {
        let marks = Marks::Region { loops, opacity: 0.62 };
        self.layers.push(Layer { name: None, marks, ink: Ink::Paper, dash: Dash::Solid });
        self
    }

    pub(crate) fn isolines(mut self, lines: Vec<Vec<(f64, f64)>>, ink: Ink) -> Chart {
        let marks = Marks::Isolines { lines, width: 0.7, opacity: 0.6 };
        self.layers.push(Layer { name: None, marks, ink, dash: Dash::Solid });
        self
    }

    /// A border that is meant to be seen.
    pub(crate) fn border(mut self, name: &str, lines: Vec<Vec<(f64, f64)>>) -> Chart {
        let (marks, name) =
            (Marks::Isolines { lines, width: 1.8, opacity: 1.0 }, (!name.is_empty()).then(|| name.into()));
        self.layers.push(Layer { name, marks, ink: Ink::Text, dash: Dash::Solid });
        self
    }

    /// Gives the last layer the colour of the series of this number, unbroken.
    pub fn colored(mut self, series: usize) -> Chart {
        if let Some(layer) = self.layers.last_mut() {
            (layer.ink, layer.dash) = (Ink::Series(series), Dash::Solid);
        }
        // What stands back behind a trend goes with it.
        if let [.., Layer { marks: Marks::Faint(_), ink, dash, .. }, _] = self.layers.as_mut_slice() {
            (*ink, *dash) = (Ink::Series(series), Dash::Solid);
        }
        self
    }

    /// Draws the last layer in grey and dashed, as a line to compare with.
    pub fn muted(mut self) -> Chart {
        if let Some(layer) = self.layers.last_mut() {
            (layer.ink, layer.dash) = (Ink::Mute, Dash::Short);
        }
        self
    }

    /// Whether any layer has a point with a place on the axes.
    pub fn has_data(&self) -> bool {
        let shown = |axis: &Axis, v: f64| v.is_finite() && (!axis.log || v > 0.0);
        self.layers.iter().any(|l| l.points().any(|(x, y)| shown(&self.x, x) && shown(&self.y, y)))
    }
}
