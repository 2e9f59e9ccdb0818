//! The largest weights of a linear model.

use super::html::{Section, clipped, figure, grid, paragraph, table};
use crate::plot::number::{count, significant};
use crate::plot::{WeightBar, weight_bars};
use crate::run::Run;
use crate::run::coefficients::Coefficient;

/// Weights drawn of one model; of one class of several.
const DRAWN: usize = 20;
const DRAWN_OF_CLASS: usize = 10;
/// Classes drawn.
const CLASSES: usize = 10;
/// Weights in the table.
const LISTED: usize = 30;

pub(super) fn section(run: &Run) -> Section {
    let content = run.coefficients.as_deref().map(content).unwrap_or_default();
    Section { id: "weights", heading: "Largest weights", content }
}

fn intercept(c: &Coefficient) -> bool {
    matches!(c.feature.as_str(), "(intercept)" | "intercept")
}

/// The weight on the scale it was fitted on, where it is known: only there sizes can be compared.
fn size(c: &Coefficient) -> f64 {
    c.encoded.or(c.coefficient).filter(|v| v.is_finite()).unwrap_or(0.0)
}

fn content(all: &[Coefficient]) -> String {
    let mut ranked: Vec<&Coefficient> = all.iter().filter(|c| !intercept(c)).collect();
    ranked.sort_by(|a, b| size(b).abs().total_cmp(&size(a).abs()));
    if ranked.is_empty() {
        return String::new();
    }
    let mut classes: Vec<Option<&str>> = Vec::new();
    for c in all {
        if !classes.contains(&c.class.as_deref()) && classes.len() < CLASSES {
            classes.push(c.class.as_deref());
        }
    }
    let encoded = ranked.iter().any(|c| c.encoded.is_some());
    let zero = ranked.iter().filter(|c| size(c) == 0.0).count();
    let mut out = paragraph("", &introduction(encoded, ranked.len(), zero, ranked.iter().any(|c| c.low.is_some())));
    let measure = if encoded { "weight on the fitted scale" } else { "weight" };
    let figures: Vec<String> = classes
        .iter()
        .map(|class| {
            let most = if classes.len() > 1 { DRAWN_OF_CLASS } else { DRAWN };
            let of_class = ranked.iter().filter(|c| c.class.as_deref() == *class && size(c) != 0.0);
            let bars: Vec<WeightBar> = of_class.take(most).map(|c| bar(c)).collect();
            let title = class.map_or("Weights".to_string(), |c| format!("Class {}", clipped(c, 60)));
            (title, bars)
        })
        .filter(|(_, bars)| !bars.is_empty())
        .map(|(title, bars)| figure(&title, "", &weight_bars(&title, measure, &bars)))
        .collect();
    out += &grid(&figures);
    out += &format!("<h3>In the units of the data</h3>\n{}", listed(all, &ranked));
    out
}

fn introduction(encoded: bool, n: usize, zero: usize, intervals: bool) -> String {
    let mut text = String::from(if encoded {
        "Lengths are weights on the scale of the fit, where numbers are standardized, so that they can be compared; blue raises the prediction, orange lowers it."
    } else {
        "Blue weights raise the prediction, orange ones lower it."
    });
    if intervals {
        text += " Lines over the ends are 95 % intervals.";
    }
    if zero > 0 {
        text += &format!(" {} of {} weights are zero.", count(zero as u64), count(n as u64));
    }
    text
}

fn bar(c: &Coefficient) -> WeightBar {
    // The interval is known in the units of the data; encoding multiplies weight and interval by the same factor.
    let factor = match (c.encoded, c.coefficient) {
        (Some(encoded), Some(original)) if original != 0.0 => encoded / original,
        (Some(_), _) => f64::NAN,
        (None, _) => 1.0,
    };
    let interval = c.low.zip(c.high).map(|(lo, hi)| (lo * factor, hi * factor)).map(|(a, b)| (a.min(b), a.max(b)));
    let interval = interval.filter(|(a, b)| a.is_finite() && b.is_finite());
    WeightBar { name: c.feature.clone(), value: size(c), interval }
}

fn listed(all: &[Coefficient], ranked: &[&Coefficient]) -> String {
    let with_class = all.iter().any(|c| c.class.is_some());
    let with_errors = all.iter().any(|c| c.standard_error.is_some());
    let mut head = vec!["feature"];
    if with_class {
        head.push("class");
    }
    head.push("coefficient");
    if with_errors {
        head.extend(["std. error", "z", "p"]);
    }
    let text = |v: Option<f64>, digits| v.map_or("–".to_string(), |v| significant(v, digits));
    let row = |c: &Coefficient| {
        let mut row = vec![clipped(&c.feature, 80)];
        if with_class {
            row.push(clipped(c.class.as_deref().unwrap_or(""), 60));
        }
        row.push(text(c.coefficient, 4));
        if with_errors {
            row.extend([text(c.standard_error, 2), text(c.z, 3), text(c.p_value, 2)]);
        }
        row
    };
    let intercepts = all.iter().filter(|c| intercept(c)).take(CLASSES);
    let rows: Vec<Vec<String>> = intercepts.chain(ranked.iter().copied().take(LISTED)).map(row).collect();
    let class = if with_errors { "names stats" } else { "names" };
    let mut out = table(class, &head, if with_class { 2 } else { 1 }, &rows);
    if rows.len() > 12 {
        out = format!("<details open=\"open\"><summary>The {} largest</summary>\n{out}</details>\n", rows.len());
    }
    if ranked.len() > LISTED {
        let rest = format!("{} weights in all are in coefficients.csv.", count(ranked.len() as u64));
        out += &paragraph("note", &rest);
    }
    out
}
