//! What the run was made of: warnings, data and split, choices, configuration, what repeats it, and what to do next.

use super::html::{Section, clipped, facts, paragraph, table, words};
use crate::plot::escape;
use crate::plot::number::{count, significant};
use crate::run::{Run, number};
use serde_json::Value;

/// Entries of a list shown at most.
const ENTRIES: usize = 100;
/// Characters of the configuration shown at most.
const CONFIG: usize = 60_000;

pub(super) fn warnings(run: &Run) -> Section {
    let mut content = String::new();
    let list = texts(run.told(&["warnings"]));
    if !list.is_empty() {
        let items: String =
            list.iter().take(ENTRIES).map(|w| format!("<li>{}</li>\n", escape(&clipped(w, 600)))).collect();
        content = format!("<ul class=\"plain\">\n{items}</ul>\n");
        if list.len() > ENTRIES {
            content +=
                &paragraph("note", &format!("{} warnings in all are in summary.json.", count(list.len() as u64)));
        }
    }
    Section { id: "warnings", heading: "Warnings", content }
}

pub(super) fn data(run: &Run) -> Section {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let files = texts(run.told(&["data", "files"]));
    if !files.is_empty() {
        let mut shown: Vec<String> =
            files.iter().take(12).map(|f| format!("<code>{}</code>", escape(&clipped(f, 200)))).collect();
        if files.len() > 12 {
            shown.push(format!("and {} more", count(files.len() as u64 - 12)));
        }
        rows.push(("files", shown.join("<br/>")));
    }
    rows.extend(run.text(&["data", "format"]).map(|f| ("format", escape(&clipped(f, 100)))));
    let splits = [("train", "train"), ("valid", "validation"), ("test", "test")];
    let split: Vec<String> = splits
        .iter()
        .filter_map(|(key, name)| Some((name, run.number(&["rows", key])?)))
        .filter(|(_, n)| *n > 0.0)
        .map(|(name, n)| format!("{} {name}", count(n as u64)))
        .collect();
    if !split.is_empty() {
        rows.push(("rows", split.join(" · ")));
    }
    let features: Vec<String> = [("raw", "columns of the data"), ("encoded", "numbers after encoding")]
        .iter()
        .filter_map(|(key, what)| Some(format!("{} {what}", count(run.number(&["features", key])?.max(0.0) as u64))))
        .collect();
    if !features.is_empty() {
        rows.push(("features", features.join(" → ")));
    }
    rows.extend(run.text(&["task"]).map(|t| ("task", escape(&clipped(t, 100)))));
    Section { id: "data", heading: "Data and split", content: facts(&rows) }
}

pub(super) fn choices(run: &Run) -> Section {
    let list = run.told(&["choices"]).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> = list
        .iter()
        .take(ENTRIES)
        .map(|c| ["what", "value", "why"].iter().map(|k| clipped(&plain(c.get(k)), 300)).collect())
        .collect();
    let content = if rows.is_empty() {
        String::new()
    } else {
        let intro = "What was not asked for was chosen from the data. Each choice can be made otherwise by the flag or the key of its name.";
        paragraph("", intro) + &table("choices", &["what", "chosen", "because"], 9, &rows)
    };
    Section { id: "choices", heading: "Choices", content }
}

pub(super) fn next(run: &Run) -> Section {
    let list = texts(run.told(&["next"]));
    let lines: String = list.iter().take(20).map(|l| format!("{}\n", escape(&clipped(l, 500)))).collect();
    let content = if lines.is_empty() { String::new() } else { format!("<pre>{lines}</pre>\n") };
    Section { id: "next", heading: "Next", content }
}

pub(super) fn configuration(run: &Run) -> Section {
    let mut content = String::new();
    if let Some(config) = run.config.as_deref().filter(|c| !c.trim().is_empty()) {
        if run.is_online() {
            content = paragraph("", "What the rows were learned with.");
        } else {
            content =
                paragraph("", "The whole configuration with the reasons of automatic choices. This repeats the run:");
            content += &format!("<pre>steepest fit --config {}</pre>\n", escape(&shell_word(&config_path(run))));
        }
        let lines: String = clipped(config.trim_end(), CONFIG).lines().map(|l| toml_line(l) + "\n").collect();
        content += &format!("<pre>{lines}</pre>\n");
    }
    Section { id: "configuration", heading: "Configuration", content }
}

fn config_path(run: &Run) -> String {
    let told = run.text(&["run"]).map(|r| clipped(r, 300)).unwrap_or_else(|| run.path.display().to_string());
    format!("{}/config.toml", told.trim_end_matches('/'))
}

/// A word of a command line, quoted where it must be.
fn shell_word(word: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%=".contains(c);
    if word.chars().all(simple) { word.to_string() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// A line of TOML with its comment set back.
fn toml_line(line: &str) -> String {
    let (mut quote, mut comment) = (None, line.len());
    for (i, c) in line.char_indices() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            ('#', None) => {
                comment = i;
                break;
            }
            _ => {}
        }
    }
    let (code, comment) = line.split_at(comment);
    if comment.is_empty() { escape(code) } else { format!("{}<i>{}</i>", escape(code), escape(comment)) }
}

pub(super) fn reproducibility(run: &Run) -> Section {
    let mut rows: Vec<(&str, String)> = Vec::new();
    rows.extend(seed(run).map(|s| ("seed", escape(&s))));
    rows.extend(run.text(&["data", "hash"]).map(|h| ("hash of the data", hash(h))));
    for (key, name) in [("versions", "versions"), ("machine", "machine")] {
        let list: Vec<String> = run
            .told(&[key])
            .and_then(Value::as_object)
            .map(|map| {
                map.iter().take(20).map(|(k, v)| format!("{} {}", words(k), clipped(&plain(Some(v)), 120))).collect()
            })
            .unwrap_or_default();
        if !list.is_empty() {
            rows.push((name, escape(&list.join(" · "))));
        }
    }
    let mut content = facts(&rows);
    if !content.is_empty() {
        content += &paragraph(
            "note",
            "The same configuration, data and version give the same bytes on any number of threads of the same kind of processor.",
        );
    }
    Section { id: "reproducibility", heading: "Reproducibility", content }
}

fn hash(h: &str) -> String {
    format!("<span class=\"hash\">{}</span>", escape(&clipped(h, 200)))
}

/// The seed, from the summary or from the configuration.
fn seed(run: &Run) -> Option<String> {
    if let Some(seed) = run.told(&["seed"]) {
        return Some(plain(Some(seed)));
    }
    let line =
        run.config.as_deref()?.lines().find_map(|l| l.trim().strip_prefix("seed")?.trim_start().strip_prefix('='))?;
    Some(clipped(line.split('#').next().unwrap_or(line).trim(), 40))
}

/// A list of texts; one text is a list of one.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().map(|v| plain(Some(v))).collect(),
        Some(v) => vec![plain(Some(v))],
        None => Vec::new(),
    }
}

/// A value as a reader expects it.
fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) => list.iter().map(|v| plain(Some(v))).collect::<Vec<_>>().join(", "),
        Some(v) => number(v).map_or_else(|| v.to_string(), |n| significant(n, 6)),
    }
}
