//! The few elements of the page. Everything that comes from a run goes through [`escape`].

use crate::plot::{Figure, escape};
use std::fmt::Write as _;

/// A section of the page: the fragment that links to it, its heading, its content. Left out where the content is empty.
pub(super) struct Section {
    pub id: &'static str,
    pub heading: &'static str,
    pub content: String,
}

/// A drawn figure under its caption: what it is, and how it is read.
pub(super) fn figure(caption: &str, how: &str, drawn: &Figure) -> String {
    let how = if how.is_empty() { String::new() } else { format!(" {}", escape(how)) };
    format!("<figure><figcaption><b>{}</b>{how}</figcaption>{}</figure>\n", escape(caption), drawn.to_page_svg())
}

/// Figures beside each other where there is room.
pub(super) fn grid(figures: &[String]) -> String {
    if figures.is_empty() { String::new() } else { format!("<div class=\"grid\">\n{}</div>\n", figures.concat()) }
}

/// Names and values, the values as finished HTML.
pub(super) fn facts(rows: &[(&str, String)]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut out = String::from("<table class=\"facts\"><tbody>\n");
    for (name, value) in rows {
        let _ = writeln!(out, "<tr><th scope=\"row\">{}</th><td>{value}</td></tr>", escape(name));
    }
    out + "</tbody></table>\n"
}

/// A table of texts: the first column names its row, columns from `numbers` on are set to the right.
pub(super) fn table(class: &str, head: &[&str], numbers: usize, rows: &[Vec<String>]) -> String {
    let side = |k: usize| if k >= numbers { " class=\"n\"" } else { "" };
    let mut out = format!("<div class=\"wide\"><table class=\"{class}\"><thead><tr>");
    for (k, name) in head.iter().enumerate() {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", side(k), escape(name));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (k, cell) in row.iter().enumerate() {
            let cell = escape(cell);
            let _ = if k == 0 {
                write!(out, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(out, "<td{}>{cell}</td>", side(k))
            };
        }
        out.push_str("</tr>\n");
    }
    out + "</tbody></table></div>\n"
}

/// A paragraph.
pub(super) fn paragraph(class: &str, text: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    format!("<p{class}>{}</p>\n", escape(text))
}

/// `text` cut after `most` characters.
pub(super) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// A name of a file's key as words.
pub(super) fn words(key: &str) -> String {
    match key {
        "auc" => "AUC".into(),
        "rmse" => "RMSE".into(),
        "mae" => "MAE".into(),
        "mse" => "MSE".into(),
        "r2" => "R²".into(),
        "f1" => "F1".into(),
        "hvp" => "Hessian–vector products".into(),
        _ => clipped(&key.replace('_', " "), 60),
    }
}
