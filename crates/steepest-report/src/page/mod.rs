//! The page of one run.

mod html;
mod outcome;
mod results;
mod setup;
mod training;
mod weights;

use crate::plot::{escape, style_sheet};
use crate::run::Run;
use html::Section;

/// The whole page. It is well-formed XML as well as HTML, and the same bytes for the same run.
pub fn render(run: &Run) -> String {
    let sections = [
        setup::warnings(run),
        results::section(run),
        weights::section(run),
        training::section(run),
        setup::data(run),
        setup::choices(run),
        setup::next(run),
        setup::configuration(run),
        setup::reproducibility(run),
    ];
    let sections: Vec<Section> = sections.into_iter().filter(|s| !s.content.is_empty()).collect();
    let links: String = sections.iter().map(|s| format!("<a href=\"#{}\">{}</a> ", s.id, s.heading)).collect();
    let body: String = sections
        .iter()
        .map(|s| format!("<section id=\"{}\"><h2>{}</h2>\n{}</section>\n", s.id, s.heading, s.content))
        .collect();
    let name = escape(&html::clipped(&run.name(), 120));
    let script = include_str!("readout.js");
    let version = run.text(&["versions", "steepest"]).map(|v| format!(" {}", escape(v))).unwrap_or_default();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n\
         <title>{name} · steepest</title>\n<style>\n{}{}</style>\n</head>\n<body>\n\
         {}<nav aria-label=\"Sections\">{links}</nav>\n</header>\n<main>\n{body}</main>\n\
         <footer>Written by steepest{version}. This page needs no network; metric curves are thinned to what can be seen, all values are in \
         <code>metrics.jsonl</code>.</footer>\n<script>\n{script}</script>\n</body>\n</html>\n",
        include_str!("style.css"),
        style_sheet(),
        outcome::header(run)
    )
}
