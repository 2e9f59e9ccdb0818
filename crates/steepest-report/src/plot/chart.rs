//! Charts over two axes: lines, bands, dots, bars, whiskers and filled regions in layers, with grid, ticks and legend.

use super::color::Ink;
use super::figure::{Anchor, Dash, Figure, Paint, Readout, Shape, coordinate, dots, polyline, rectangle};
use super::scale::{Scale, Tick};
use super::stroke_font::{fitted, width};
use super::thin::{Thinned, by_column};

/// Size of the words of a figure.
pub(crate) const FONT: f64 = 12.0;
/// Room of one row of legend or label.
const ROW: f64 = 17.0;

/// What one axis shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    label: String,
    log: bool,
    whole: bool,
    range: Option<(f64, f64)>,
    including: Vec<f64>,
}

impl Axis {
    /// A linear axis over the range of the data.
    pub fn linear(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), log: false, whole: false, range: None, including: Vec::new() }
    }

    /// A logarithmic axis; values that are not positive are left out.
    pub fn log(label: impl Into<String>) -> Axis {
        Axis { log: true, ..Axis::linear(label) }
    }

    /// A linear axis that counts: ticks at whole numbers only.
    pub fn whole(label: impl Into<String>) -> Axis {
        Axis { whole: true, ..Axis::linear(label) }
    }

    /// The logarithmic axis where the values are positive and their largest is over fifty times the smallest, else the linear one.
    pub fn fitting(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Axis {
        let (lo, hi) = extent(values.into_iter());
        if lo > 0.0 && hi / lo > 50.0 { Axis::log(label) } else { Axis::linear(label) }
    }

    /// The range shown, whatever the data.
    pub fn range(self, lo: f64, hi: f64) -> Axis {
        Axis { range: Some((lo, hi)), ..self }
    }

    /// A value that the range must include.
    pub fn including(mut self, value: f64) -> Axis {
        self.including.push(value);
        self
    }

    fn scale(&self, values: impl Iterator<Item = f64>, margin: f64) -> Scale {
        let (lo, hi) = match self.range {
            Some(range) => range,
            None => extent(values.chain(self.including.iter().copied()).filter(|v| !self.log || *v > 0.0)),
        };
        if self.log {
            return match (self.range, Scale::log(lo, hi)) {
                (None, Scale::Log { lo, hi }) => {
                    let factor = (margin * (hi.ln() - lo.ln())).exp();
                    Scale::log((lo / factor).max(1e-307), (hi * factor).min(4e307))
                }
                (_, scale) => scale,
            };
        }
        match (self.range, Scale::linear(lo, hi)) {
            (None, Scale::Linear { lo, hi }) => {
                // A range that begins or ends at a value asked for keeps that end.
                let pad = margin * (hi / 2.0 - lo / 2.0) * 2.0;
                let fixed = |end: f64| self.including.contains(&end);
                let (low, high) = ((lo - pad).max(-8e307), (hi + pad).min(8e307));
                Scale::linear(if fixed(lo) { lo } else { low }, if fixed(hi) { hi } else { high })
            }
            (_, scale) => scale,
        }
    }

    fn ticks(&self, scale: &Scale, want: usize) -> Vec<Tick> {
        if self.whole { scale.whole_ticks(want) } else { scale.ticks(want) }
    }
}

/// The smallest and the largest finite value; infinities where there is none.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)))
}

#[derive(Debug, Clone, PartialEq)]
struct Layer {
    name: Option<String>,
    marks: Marks,
    ink: Ink,
    dash: Dash,
}

#[derive(Debug, Clone, PartialEq)]
enum Marks {
    Line(Vec<(f64, f64)>),
    /// A line that stands back behind its trend.
    Faint(Vec<(f64, f64)>),
    /// x, lower, upper.
    Band(Vec<[f64; 3]>),
    Dots {
        points: Vec<(f64, f64)>,
        radius: f64,
        opacity: f64,
    },
    Bars {
        edges: Vec<f64>,
        heights: Vec<f64>,
    },
    /// x, lower, upper.
    Whiskers(Vec<[f64; 3]>),
    /// Closed loops, filled by the even-odd rule.
    Region(Vec<Vec<(f64, f64)>>),
    /// Many thin lines.
    Isolines(Vec<Vec<(f64, f64)>>),
    /// A way through the plane with its steps, its start and its end marked.
    Way(Vec<(f64, f64)>),
    Upright(f64),
}

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
        self.layers.push(Layer { name: None, marks: Marks::Region(loops), ink: Ink::ramp(height), dash: Dash::Solid });
        self
    }

    pub(crate) fn isolines(mut self, lines: Vec<Vec<(f64, f64)>>, ink: Ink) -> Chart {
        self.layers.push(Layer { name: None, marks: Marks::Isolines(lines), ink, dash: Dash::Solid });
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

    /// Lays the chart out and draws it.
    pub fn figure(&self) -> Figure {
        let is_dots = self.layers.iter().any(|l| matches!(l.marks, Marks::Dots { .. }));
        let x =
            self.x.scale(self.layers.iter().flat_map(|l| l.points().map(|p| p.0)), if is_dots { 0.03 } else { 0.0 });
        let y = self.y.scale(self.layers.iter().flat_map(|l| l.points().map(|p| p.1)), 0.05);
        let (legend, legend_rows) = self.legend_entries();
        let mut top = if self.headline { 24.0 } else { 6.0 };
        let legend_top = top;
        top += legend_rows as f64 * ROW;
        let label_top = top;
        if !self.y.label.is_empty() {
            top += ROW;
        }
        let bottom_margin = if self.x.label.is_empty() { 22.0 } else { 38.0 };
        let y_ticks = self.y.ticks(&y, if self.height > 170.0 { 4 } else { 3 });
        let widest = y_ticks.iter().map(|t| width(&t.label, FONT)).fold(0.0, f64::max);
        let left = (widest + 10.0).min(self.width * 0.4);
        let x_ticks = self.fitting_x_ticks(&x, self.width - left - 12.0);
        let half_last = x_ticks.last().map_or(0.0, |t| {
            width(&t.label, FONT) / 2.0 - (1.0 - x.position(t.value).unwrap_or(1.0)) * (self.width - left - 12.0)
        });
        let right = self.width - half_last.max(8.0) - 3.0;
        let height = if self.square { top + (right - left) + bottom_margin } else { self.height };
        let frame = Frame { x, y, left, right, top: top + 4.0, bottom: height - bottom_margin };

        let mut shapes = Vec::new();
        if self.headline {
            let title = fitted(&self.title, 14.0, self.width - 6.0);
            shapes.push(Shape::Text {
                x: 0.0,
                y: 14.0,
                size: 14.0,
                anchor: Anchor::Start,
                ink: Ink::Text,
                bold: true,
                text: title,
                hint: None,
            });
        }
        self.draw_legend(&legend, legend_top, &mut shapes);
        if !self.y.label.is_empty() {
            shapes.push(Shape::text(0.0, label_top + 11.0, FONT, Anchor::Start, Ink::Mute, &self.y.label));
        }
        let regions = self.layers.iter().any(|l| matches!(l.marks, Marks::Region(_)));
        frame.draw_grid(&y_ticks, !regions, &mut shapes);
        let mut marks = Vec::new();
        for layer in &self.layers {
            layer.draw(&frame, &mut marks);
        }
        if self.clipped {
            let window = [frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top];
            shapes.push(Shape::Window { frame: window, shapes: marks });
        } else {
            shapes.extend(marks);
        }
        frame.draw_axis(&x_ticks, &self.x.label, &mut shapes);
        if !self.has_data() && !self.layers.is_empty() {
            let middle = ((frame.left + frame.right) / 2.0, (frame.top + frame.bottom) / 2.0);
            shapes.push(Shape::text(middle.0, middle.1, FONT, Anchor::Middle, Ink::Mute, "no finite values"));
        }
        Figure {
            width: self.width,
            height,
            title: self.title.clone(),
            description: self.description.clone().unwrap_or_else(|| self.described()),
            shapes,
            readout: Some(frame.readout(&self.x.label)),
        }
    }

    /// As many ticks as have room for their labels.
    fn fitting_x_ticks(&self, x: &Scale, room: f64) -> Vec<Tick> {
        for want in [4, 3, 2] {
            let ticks = self.x.ticks(x, want);
            let needed: f64 = ticks.iter().map(|t| width(&t.label, FONT) + 14.0).sum();
            if needed <= room {
                return ticks;
            }
        }
        let mut ticks = self.x.ticks(x, 2);
        while ticks.len() > 2 && ticks.iter().map(|t| width(&t.label, FONT) + 14.0).sum::<f64>() > room {
            ticks = ticks.into_iter().step_by(2).collect();
        }
        ticks
    }

    /// The legend's entries with their places, and how many rows they fill.
    fn legend_entries(&self) -> (Vec<(usize, f64, usize, String)>, usize) {
        let named: Vec<usize> = (0..self.layers.len()).filter(|i| self.layers[*i].name.is_some()).collect();
        if !self.legend || named.len() < 2 {
            return (Vec::new(), 0);
        }
        let (mut entries, mut x, mut row) = (Vec::new(), 0.0, 0);
        for i in named {
            let name = fitted(self.layers[i].name.as_deref().unwrap_or(""), FONT, self.width - 30.0);
            let room = 24.0 + width(&name, FONT) * 1.04 + 14.0;
            if x > 0.0 && x + room - 14.0 > self.width {
                (x, row) = (0.0, row + 1);
            }
            entries.push((i, x, row, name));
            x += room;
        }
        (entries, row + 1)
    }

    fn draw_legend(&self, entries: &[(usize, f64, usize, String)], top: f64, shapes: &mut Vec<Shape>) {
        for (i, x, row, name) in entries {
            let layer = &self.layers[*i];
            let y = top + *row as f64 * ROW + 7.0;
            match &layer.marks {
                Marks::Band(_) | Marks::Bars { .. } | Marks::Region(_) => {
                    let paint =
                        Paint::fill(layer.ink).opacity(if matches!(layer.marks, Marks::Band(_)) { 0.25 } else { 1.0 });
                    shapes.push(Shape::path(rectangle(*x, y - 5.0, 18.0, 9.0), paint));
                }
                Marks::Dots { .. } => shapes.push(Shape::path(dots(&[(x + 9.0, y)]), Paint::stroke(layer.ink, 7.0))),
                _ => {
                    let line = polyline(&[(*x, y), (x + 18.0, y)], false);
                    shapes.push(Shape::path(line, Paint::stroke(layer.ink, 2.0).dashed(layer.dash)));
                }
            }
            shapes.push(Shape::text(x + 24.0, y + 4.0, FONT, Anchor::Start, Ink::Text, name));
        }
    }

    /// A description from the data, where none was given.
    fn described(&self) -> String {
        let mut parts = Vec::new();
        for layer in self.layers.iter().filter(|l| l.name.is_some()) {
            let finite: Vec<(f64, f64)> = layer.points().filter(|p| p.0.is_finite() && p.1.is_finite()).collect();
            let name = layer.name.as_deref().unwrap_or("");
            let text = |v: f64| super::number::significant(v, 3);
            if let (Some(first), Some(last)) = (finite.first(), finite.last()) {
                parts.push(format!("{name}: from {} to {} over {} points", text(first.1), text(last.1), finite.len()));
            } else {
                parts.push(format!("{name}: no finite values"));
            }
        }
        format!("{} against {}. {}", self.y.label, self.x.label, parts.join("; "))
    }
}

/// Two scales over a rectangle of pixels.
struct Frame {
    x: Scale,
    y: Scale,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    fn at_x(&self, v: f64) -> Option<f64> {
        self.x.position(v).map(|p| self.left + p * (self.right - self.left))
    }

    fn at_y(&self, v: f64) -> Option<f64> {
        self.y.position(v).map(|p| self.bottom - p * (self.bottom - self.top))
    }

    fn at(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.at_x(x)?, self.at_y(y)?))
    }

    fn draw_grid(&self, ticks: &[Tick], lines: bool, shapes: &mut Vec<Shape>) {
        let mut grid = String::new();
        for tick in ticks {
            let Some(y) = self.at_y(tick.value) else { continue };
            grid += &polyline(&[(self.left, y), (self.right, y)], false);
            shapes.push(Shape::text(self.left - 6.0, y + 4.0, FONT, Anchor::End, Ink::Mute, &tick.label));
        }
        if lines && !grid.is_empty() {
            shapes.push(Shape::path(grid, Paint::stroke(Ink::Grid, 1.0)));
        }
    }

    fn draw_axis(&self, ticks: &[Tick], label: &str, shapes: &mut Vec<Shape>) {
        let mut lines = polyline(&[(self.left, self.bottom), (self.right, self.bottom)], false);
        for tick in ticks {
            let Some(x) = self.at_x(tick.value) else { continue };
            lines += &polyline(&[(x, self.bottom), (x, self.bottom + 4.0)], false);
            shapes.push(Shape::text(x, self.bottom + 17.0, FONT, Anchor::Middle, Ink::Mute, &tick.label));
        }
        shapes.push(Shape::path(lines, Paint::stroke(Ink::Mute, 1.0)));
        if !label.is_empty() {
            shapes.push(Shape::text(self.right, self.bottom + 33.0, FONT, Anchor::End, Ink::Mute, label));
        }
    }

    fn readout(&self, name: &str) -> Readout {
        let describe = |scale: &Scale, first: f64, last: f64| {
            let kind = if matches!(scale, Scale::Log { .. }) { "log" } else { "lin" };
            let (lo, hi) = scale.ends();
            format!("{kind} {lo:e} {hi:e} {} {}", coordinate(first), coordinate(last))
        };
        Readout {
            x: describe(&self.x, self.left, self.right),
            y: describe(&self.y, self.bottom, self.top),
            name: name.to_string(),
        }
    }
}

impl Layer {
    /// All points that the axes must hold.
    fn points(&self) -> Box<dyn Iterator<Item = (f64, f64)> + '_> {
        match &self.marks {
            Marks::Line(points) | Marks::Faint(points) | Marks::Dots { points, .. } | Marks::Way(points) => {
                Box::new(points.iter().copied())
            }
            Marks::Band(points) | Marks::Whiskers(points) => {
                Box::new(points.iter().flat_map(|[x, lo, hi]| [(*x, *lo), (*x, *hi)]))
            }
            Marks::Bars { edges, heights } => {
                let tops = edges.windows(2).zip(heights).flat_map(|(e, h)| [(e[0], *h), (e[1], 0.0)]);
                Box::new(tops)
            }
            Marks::Region(loops) | Marks::Isolines(loops) => Box::new(loops.iter().flatten().copied()),
            Marks::Upright(_) => Box::new(std::iter::empty()),
        }
    }

    fn draw(&self, frame: &Frame, shapes: &mut Vec<Shape>) {
        match &self.marks {
            Marks::Line(points) => self.draw_line(points, frame, 1.8, 1.0, shapes),
            Marks::Faint(points) => self.draw_line(points, frame, 1.0, 0.35, shapes),
            Marks::Band(points) => self.draw_band(points, frame, shapes),
            Marks::Dots { points, radius, opacity } => {
                let places: Vec<(f64, f64)> = points.iter().filter_map(|p| frame.at(*p)).collect();
                if !places.is_empty() {
                    shapes.push(Shape::path(dots(&places), Paint::stroke(self.ink, 2.0 * radius).opacity(*opacity)));
                }
            }
            Marks::Bars { edges, heights } => self.draw_bars(edges, heights, frame, shapes),
            Marks::Whiskers(points) => {
                let mut data = String::new();
                for [x, lo, hi] in points {
                    if let (Some(x), Some(lo), Some(hi)) = (frame.at_x(*x), frame.at_y(*lo), frame.at_y(*hi)) {
                        data += &polyline(&[(x, lo), (x, hi)], false);
                    }
                }
                if !data.is_empty() {
                    shapes.push(Shape::path(data, Paint::stroke(self.ink, 1.3)));
                }
            }
            Marks::Region(loops) => {
                let data: String = loops.iter().map(|l| polyline(&self.placed(l, frame), true)).collect();
                if !data.is_empty() {
                    shapes.push(Shape::path(data, Paint::fill(self.ink)));
                }
            }
            Marks::Isolines(lines) => {
                let data: String = lines.iter().map(|l| polyline(&self.placed(l, frame), false)).collect();
                if !data.is_empty() {
                    shapes.push(Shape::path(data, Paint::stroke(self.ink, 0.7).opacity(0.6)));
                }
            }
            Marks::Way(points) => self.draw_way(points, frame, shapes),
            Marks::Upright(x) => {
                if let Some(x) = frame.at_x(*x).filter(|x| *x >= frame.left && *x <= frame.right) {
                    let line = polyline(&[(x, frame.top), (x, frame.bottom)], false);
                    shapes.push(Shape::path(line, Paint::stroke(self.ink, 1.0).dashed(self.dash)));
                }
            }
        }
    }

    fn placed(&self, points: &[(f64, f64)], frame: &Frame) -> Vec<(f64, f64)> {
        points.iter().filter_map(|p| frame.at(*p)).collect()
    }

    fn draw_line(&self, points: &[(f64, f64)], frame: &Frame, width: f64, opacity: f64, shapes: &mut Vec<Shape>) {
        let mut data = String::new();
        for run in runs(points, frame) {
            data += &if run.len() == 1 { dots(&run) } else { polyline(&by_column(&run), false) };
        }
        if !data.is_empty() {
            // A line of one point is a dot, which must be wide enough to be seen.
            let wide = if points.len() == 1 { 6.0 } else { width };
            let paint = Paint::stroke(self.ink, wide).dashed(self.dash).opacity(opacity);
            shapes.push(Shape::Path { data, paint, name: self.name.clone() });
        }
    }

    fn draw_band(&self, points: &[[f64; 3]], frame: &Frame, shapes: &mut Vec<Shape>) {
        let mut data = String::new();
        let placed: Vec<Option<(f64, f64, f64)>> =
            points.iter().map(|[x, lo, hi]| Some((frame.at_x(*x)?, frame.at_y(*lo)?, frame.at_y(*hi)?))).collect();
        for run in placed.split(Option::is_none) {
            let lower: Vec<(f64, f64)> = run.iter().flatten().map(|p| (p.0, p.1)).collect();
            let upper: Vec<(f64, f64)> = run.iter().flatten().map(|p| (p.0, p.2)).collect();
            if lower.len() > 1 {
                let outline: Vec<(f64, f64)> =
                    by_column(&lower).into_iter().chain(by_column(&upper).into_iter().rev()).collect();
                data += &polyline(&outline, true);
            }
        }
        if !data.is_empty() {
            shapes.push(Shape::path(data, Paint::fill(self.ink).opacity(0.22)));
        }
    }

    fn draw_bars(&self, edges: &[f64], heights: &[f64], frame: &Frame, shapes: &mut Vec<Shape>) {
        let mut data = String::new();
        for (edge, height) in edges.windows(2).zip(heights) {
            let ends = (frame.at_x(edge[0]), frame.at_x(edge[1]), frame.at_y(*height));
            let (Some(a), Some(b), Some(y)) = ends else { continue };
            let ground = frame.at_y(0.0).unwrap_or(frame.bottom);
            let gap = if (b - a).abs() > 4.0 { 0.5 } else { 0.0 };
            let (low, high) = (y.min(ground), y.max(ground));
            if high > low {
                data += &rectangle(a.min(b) + gap, low, (b - a).abs() - 2.0 * gap, high - low);
            }
        }
        if !data.is_empty() {
            shapes.push(Shape::path(data, Paint::fill(self.ink)));
        }
    }

    fn draw_way(&self, points: &[(f64, f64)], frame: &Frame, shapes: &mut Vec<Shape>) {
        let runs = runs(points, frame);
        let line: String = runs.iter().map(|run| polyline(run, false)).collect();
        if line.is_empty() {
            return;
        }
        shapes.push(Shape::path(line.clone(), Paint::stroke(Ink::Paper, 4.0).opacity(0.7)));
        shapes.push(Shape::path(line, Paint::stroke(self.ink, 1.8)));
        let all: Vec<(f64, f64)> = runs.concat();
        if all.len() <= 400 {
            shapes.push(Shape::path(dots(&all), Paint::stroke(self.ink, 4.0)));
        }
        let (start, end) = (all[0], all[all.len() - 1]);
        shapes.push(Shape::path(dots(&[start]), Paint::stroke(self.ink, 9.0)));
        shapes.push(Shape::path(dots(&[start]), Paint::stroke(Ink::Paper, 4.5)));
        let cross = [[(-4.0, -4.0), (4.0, 4.0)], [(-4.0, 4.0), (4.0, -4.0)]];
        let cross: String = cross.iter().map(|d| polyline(&d.map(|(x, y)| (end.0 + x, end.1 + y)), false)).collect();
        shapes.push(Shape::path(cross.clone(), Paint::stroke(Ink::Paper, 4.5)));
        shapes.push(Shape::path(cross, Paint::stroke(self.ink, 2.4)));
    }
}

/// The unbroken pieces of a line, in pixels.
fn runs(points: &[(f64, f64)], frame: &Frame) -> Vec<Vec<(f64, f64)>> {
    let placed: Vec<Option<(f64, f64)>> = points.iter().map(|p| frame.at(*p)).collect();
    let pieces = placed.split(Option::is_none).filter(|run| !run.is_empty());
    pieces.map(|run| run.iter().flatten().copied().collect()).collect()
}
