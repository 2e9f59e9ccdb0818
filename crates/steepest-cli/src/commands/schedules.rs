//! `steepest schedules [SCHEDULE …]`: lists the schedules, explains one, or prints and plots any.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value as Json, json};
use steepest_optim::{COMMON_OPTIONS, SCHEDULES, Schedule, ScheduleEntry, ScheduleError, schedule_entry};
use steepest_report::plot::{Axis, Chart, Theme};
use steepest_train::write_atomic;

use super::schedules_picture::{Rates, sparkline, text_plot};
use crate::failure::Failure;
use crate::say::{Say, columns, count, number, print};

/// Arguments of `schedules`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  steepest schedules\n  steepest schedules cosine\n  \
    steepest schedules 'cosine:warmup=5%' --steps 1000 --lr 0.1\n  \
    steepest schedules 'wsd(0.1,decay=20%)' --steps 1000 --at 0,500,999\n  \
    steepest schedules 'constant(steps=300) > linear' cosine --steps 1000 --plot schedules.svg\n  \
    steepest schedules 'one_cycle:0.1' --steps 500 --csv > rates.csv")]
pub struct SchedulesArgs {
    /// Schedules as `--schedule` takes them; a bare name is explained
    #[arg(value_name = "SCHEDULE")]
    schedules: Vec<String>,
    /// Steps of the run [default: those the schedule names, else 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,
    /// The peak learning rate, for schedules that name none [default: 1, for factors]
    #[arg(long, value_name = "LR", value_parser = rate, allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Print the rates at these steps: of the updates that follow K completed ones
    #[arg(long, value_name = "K,…", value_delimiter = ',')]
    at: Vec<u64>,
    /// Print the rates of every N-th step
    #[arg(long, value_name = "N", conflicts_with = "at", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,
    /// Print the rates as CSV, of all steps unless --at or --every says which
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw all schedules into one picture, `.svg` or `.png`
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Draw the picture with a logarithmic axis of the rate
    #[arg(long, requires = "plot")]
    log: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if v >= 0.0 && v.is_finite() => Ok(v),
        _ => Err("give a learning rate ≥ 0".into()),
    }
}

/// Steps of a run that nobody gave a length.
const STEPS: u64 = 1000;
/// Rows of the table behind a picture.
const ROWS: u64 = 10;

/// Lists, explains, prints and draws.
pub fn run(args: SchedulesArgs, say: &Say) -> Result<ExitCode, Failure> {
    if args.schedules.is_empty() {
        let asked = !args.at.is_empty() || args.every.is_some() || args.csv || args.plot.is_some();
        if asked {
            return Err(Failure::usage("no schedule is given: which one?")
                .with_help("`steepest schedules` lists them; one is written `cosine(0.1,warmup=5%)`"));
        }
        let all = || Json::Array(SCHEDULES.iter().map(entry_json).collect());
        print(&if args.json { pretty(&all())? } else { list() })?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = args.schedules.iter().map(|text| Shown::read(text.trim(), &args)).collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = &args.plot {
        plot(path, &shown, args.log)?;
        say.line("plot", &path.display().to_string());
    }
    let text = match (args.csv, args.json) {
        (true, _) => csv(&shown, &args)?,
        (_, true) => as_json(&shown, &args)?,
        _ => shown.iter().map(|s| s.as_text(&args)).collect::<Vec<_>>().join("\n"),
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn pretty(value: &Json) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value).map_err(Failure::input)? + "\n")
}

/// A schedule to be shown.
struct Shown {
    /// The schedule as text: what was given, or the example of an entry that cannot stand alone.
    text: String,
    /// The entry, for a bare name.
    entry: Option<&'static ScheduleEntry>,
    /// Whether the example stands in for the name, whose options must be given.
    is_example: bool,
    rates: Rates,
}

impl Shown {
    fn read(text: &str, args: &SchedulesArgs) -> Result<Shown, Failure> {
        let told = |e: ScheduleError| Failure::input(e).with_help("`steepest schedules` lists the schedules");
        let entry = schedule_entry(text);
        let numbers = args.csv || !args.at.is_empty() || args.every.is_some();
        let (text, schedule, is_example) = match (Schedule::parse(text), entry) {
            // Where numbers are asked for, an example would be an answer to another question.
            (Err(ScheduleError::Missing { .. }), Some(entry)) if !numbers => {
                (entry.example, Schedule::parse(entry.example).map_err(told)?, true)
            }
            (parsed, _) => (text, parsed.map_err(told)?, false),
        };
        if let (Some(lr), Some(peak)) = (args.lr, schedule.peak()) {
            return Err(Failure::usage(format!(
                "the learning rate is given twice: {peak} in `{text}`, and {lr} by --lr"
            ))
            .with_help("leave one of them out"));
        }
        let steps = args.steps.or(schedule.length().filter(|&n| n > 0)).unwrap_or(STEPS);
        let factors = args.lr.is_none() && schedule.peak().is_none();
        let schedule = schedule.or_peak(args.lr.unwrap_or(1.0)).with_horizon(Some(steps)).map_err(told)?;
        Ok(Shown { text: text.into(), entry, is_example, rates: Rates { schedule, steps, factors } })
    }

    fn as_text(&self, args: &SchedulesArgs) -> String {
        if !args.at.is_empty() || args.every.is_some() {
            let rows = std::iter::once(["step".to_string(), self.rates.label().to_string()]);
            let all = chosen(args, self.rates.steps);
            let rows: Vec<_> = rows.chain(all.map(|k| [k.to_string(), self.rates.at(k).to_string()])).collect();
            return columns(&rows);
        }
        let mut out = self.entry.map_or(String::new(), explanation);
        let example = if self.is_example { "example: " } else { "" };
        out += &format!("{example}{} · {} steps\n", self.text, count(self.rates.steps));
        out += &text_plot(&self.rates);
        if self.entry.is_none() {
            let every = self.rates.steps.div_ceil(ROWS);
            let head = std::iter::once(["step".to_string(), self.rates.label().to_string()]);
            let steps = (0..=self.rates.steps).step_by(every as usize);
            let rows: Vec<_> = head.chain(steps.map(|k| [count(k), number(self.rates.at(k))])).collect();
            out += &format!("\n{}", columns(&rows));
        }
        out
    }
}

/// The steps whose rates are asked for.
fn chosen(args: &SchedulesArgs, steps: u64) -> Box<dyn Iterator<Item = u64> + '_> {
    if args.at.is_empty() {
        Box::new((0..steps).step_by(args.every.unwrap_or(1) as usize))
    } else {
        Box::new(args.at.iter().copied())
    }
}

// -- the table of schedules

fn list() -> String {
    let mut rows = vec![["schedule", "over a run", ""].map(String::from)];
    for entry in SCHEDULES {
        let rates = Schedule::parse(entry.example)
            .and_then(|s| s.or_peak(1.0).with_horizon(Some(STEPS)))
            .map(|schedule| Rates { schedule, steps: STEPS, factors: true });
        rows.push([entry.name.into(), rates.map_or(String::new(), |r| sparkline(&r)), entry.title.into()]);
    }
    columns(&rows)
        + "\n`steepest schedules NAME` explains one · all of them take lr and warmup: `cosine(0.1,warmup=5%)` · one after the \
           other: `constant(0.1,steps=300) > linear`\n"
}

fn explanation(entry: &ScheduleEntry) -> String {
    let mut out = format!("{} · {}\n\n", entry.name, entry.title);
    out += &format!("  factor    {}\n", entry.equation);
    if !entry.source.is_empty() {
        out += &format!("  source    {}\n", entry.source);
    }
    out += &format!("  write     {entry}\n\n");
    let mut rows = vec![["  option", "default", "takes", "meaning"].map(String::from)];
    for o in entry.options.iter().chain(COMMON_OPTIONS) {
        let default = o.default.unwrap_or("–").to_string();
        rows.push([format!("  {}", o.key), default, o.accepts.expected(), o.doc.into()]);
    }
    out + &columns(&rows) + "\n"
}

fn entry_json(entry: &ScheduleEntry) -> Json {
    let option = |o: &steepest_optim::ScheduleOption| json!({ "key": o.key, "default": o.default, "takes": o.accepts.expected(), "meaning": o.doc });
    json!({
        "name": entry.name,
        "title": entry.title,
        "factor": entry.equation,
        "options": entry.options.iter().chain(COMMON_OPTIONS).map(option).collect::<Vec<_>>(),
        "example": entry.example,
        "source": entry.source,
    })
}

// -- files and data

fn as_json(shown: &[Shown], args: &SchedulesArgs) -> Result<String, Failure> {
    let one = |s: &Shown| {
        let steps: Vec<u64> = chosen(args, s.rates.steps).collect();
        let lr: Vec<f64> = steps.iter().map(|&k| s.rates.at(k)).collect();
        let mut value = s.entry.map_or_else(|| json!({}), entry_json);
        value["schedule"] = s.text.as_str().into();
        value["steps"] = s.rates.steps.into();
        value["step"] = steps.into();
        value["lr"] = lr.into();
        value
    };
    match shown {
        [only] => pretty(&one(only)),
        all => pretty(&Json::Array(all.iter().map(one).collect())),
    }
}

/// `step,lr`, or a column for each of several schedules, whose name is its text.
fn csv(shown: &[Shown], args: &SchedulesArgs) -> Result<String, Failure> {
    let quoted = |text: &str| {
        if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
    };
    let names: Vec<String> = match shown {
        [_] => vec!["lr".into()],
        all => all.iter().map(|s| quoted(&s.text)).collect(),
    };
    let mut out = format!("step,{}\n", names.join(","));
    let steps = shown.iter().map(|s| s.rates.steps).max().unwrap_or(STEPS);
    for k in chosen(args, steps) {
        out += &k.to_string();
        for s in shown {
            out += &format!(",{}", s.rates.at(k));
        }
        out.push('\n');
    }
    Ok(out)
}

/// Size of the picture in pixels, and pixels of PNG for each of them.
const SIZE: (f64, f64) = (640.0, 320.0);
const SCALE: f64 = 2.0;

fn plot(path: &Path, shown: &[Shown], log: bool) -> Result<(), Failure> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let png = match extension.as_deref() {
        Some("svg") => false,
        Some("png") => true,
        _ => {
            return Err(Failure::usage(format!("--plot: {} is neither .svg nor .png", path.display()))
                .with_help("name the file so: `--plot schedule.svg`"));
        }
    };
    let label = if shown.iter().all(|s| s.rates.factors) { "factor of the learning rate" } else { "learning rate" };
    let y = if log { Axis::log(label) } else { Axis::linear(label).including(0.0) };
    let title = shown.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(" · ");
    let mut chart = Chart::new(title, Axis::whole("completed updates"), y).size(SIZE.0, SIZE.1);
    chart = if shown.len() == 1 { chart.headline().without_legend() } else { chart };
    for s in shown {
        chart = chart.line(&s.text, s.rates.points());
    }
    let figure = chart.figure();
    let bytes =
        if png { figure.to_png(Theme::Light, SCALE).map_err(Failure::input)? } else { figure.to_svg().into_bytes() };
    write_atomic(path, |out| out.write_all(&bytes))
        .map_err(|e| Failure::usage(format!("the picture cannot be written to {}: {e}", path.display())))
}
