//! `steepest optimizers [RULE]`: lists the update rules, or explains one or a whole chain. All of it comes from the table of rules.

use std::process::ExitCode;

use serde_json::{Map, Value as Json, json};
use steepest_core::{Layout, Real, Role, StateVisitor};
use steepest_models::online::ONLINE_RULES;
use steepest_optim::{
    CHAIN_OPTIONS, Call, Entry, FirstOrder, Kind, OptimizerSpec, Range, SpecError, Value, entries, entry,
};

use crate::failure::Failure;
use crate::say::{columns, number, print};

/// Arguments of `optimizers`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  steepest optimizers\n  steepest optimizers adamw\n  \
    steepest optimizers 'clip:1 | adam:beta2=0.95,moments=bf16 | weight_decay:0.1'")]
pub struct OptimizersArgs {
    /// A rule to explain, or a chain as `--solver` takes it, which is checked and explained with its values
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Steps of an imagined run, for schedules that refer to its length.
const HORIZON: u64 = 1000;

/// Lists or explains.
pub fn run(args: OptimizersArgs) -> Result<ExitCode, Failure> {
    let told = |e: SpecError| Failure::input(e).with_help("`steepest optimizers` lists the update rules");
    let text = match args.rule.as_deref().map(str::trim) {
        None if args.json => pretty(&Json::Array(entries().map(|e| entry_json(e, None)).collect()))?,
        None => list(),
        Some(rule) => {
            let calls = match entry(rule) {
                // A bare name is explained even where it cannot stand alone.
                Some(found) => vec![Explained { entry: found, given: Vec::new() }],
                None => explained(rule).map_err(told)?,
            };
            if args.json { as_json(&calls)? } else { as_text(rule, &calls) }
        }
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn pretty(value: &Json) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value).map_err(Failure::input)? + "\n")
}

/// A rule with the values it was given.
struct Explained {
    entry: &'static Entry,
    /// Keys and values that were written, in the order of the options.
    given: Vec<(&'static str, String)>,
}

/// Reads and checks a text of rules.
fn explained(text: &str) -> Result<Vec<Explained>, SpecError> {
    let spec = OptimizerSpec::parse(text)?;
    let groups = spec.groups.iter().filter_map(|g| g.rule.as_ref());
    let calls: Vec<&Call> = spec.rule.calls.iter().chain(groups.flat_map(|rule| &rule.calls)).collect();
    let mut all = Vec::new();
    for call in calls {
        let (entry, options) = call.resolve()?;
        let mut given = Vec::new();
        let written = |key: &str| {
            let place = entry.positional.iter().position(|k| *k == key);
            let positional = place.and_then(|n| call.args.iter().filter(|a| a.key.is_none()).nth(n));
            call.get(key).or(positional).map(|arg| arg.value.clone())
        };
        for (key, value) in options.iter() {
            if written(key).is_some() {
                given.push((key, value.to_string()));
            }
        }
        for option in chain_options(entry) {
            if let Some(value) = written(option.key) {
                given.push((option.key, value));
            }
        }
        all.push(Explained { entry, given });
    }
    // Pieces without an optimizer are explained; what has one must fit together as a whole.
    if all.iter().any(|e| e.entry.kind == Kind::Optimizer) {
        state::<f32>(text, SQUARE)?;
    }
    Ok(all)
}

/// The options that an entry takes because it is in a chain.
fn chain_options(entry: &Entry) -> impl Iterator<Item = &'static steepest_optim::OptionSpec> + use<> {
    let own: Vec<&str> = entry.options.iter().map(|o| o.key).collect();
    let is_rule = entry.kind == Kind::Optimizer;
    CHAIN_OPTIONS.iter().filter(move |o| is_rule && !own.contains(&o.key))
}

// -- memory

/// Shapes of a matrix: rules whose state depends on the shape differ between the two.
const SQUARE: [usize; 2] = [64, 64];
const LONG: [usize; 2] = [256, 16];

/// Bytes of state that a rule keeps for each parameter of a matrix of this shape.
fn state<T: Real>(rule: &str, shape: [usize; 2]) -> Result<f64, SpecError> {
    let mut layout = Layout::new();
    layout.push("weight", &shape, Role::Weight).expect("the first name and a small shape");
    let spec = OptimizerSpec::parse(rule)?.with_horizon(HORIZON);
    let mut solver = FirstOrder::<T>::new(&spec, &layout, &vec![T::ZERO; layout.len()])?;
    let mut count = Bytes(0);
    solver.optimizer_mut().visit(&mut count);
    Ok(count.0 as f64 / layout.len() as f64)
}

/// Adds up the vectors of a state; single numbers do not grow with the parameters.
struct Bytes(usize);

impl StateVisitor for Bytes {
    fn f32s(&mut self, _: &str, values: &mut [f32]) {
        self.0 += size_of_val(values);
    }
    fn f64s(&mut self, _: &str, values: &mut [f64]) {
        self.0 += size_of_val(values);
    }
    fn bytes(&mut self, _: &str, values: &mut [u8]) {
        self.0 += values.len();
    }
    fn int(&mut self, _: &str, _: &mut u64) {}
    fn number(&mut self, _: &str, _: &mut f64) {}
    fn history(&mut self, _: &str, values: &mut Vec<f64>) {
        self.0 += size_of_val(&values[..]);
    }
}

/// Numbers of state a parameter with the default options, for a matrix of this shape.
fn numbers(entry: &Entry, shape: [usize; 2]) -> f64 {
    match entry.kind {
        Kind::Optimizer => state::<f64>(entry.name, shape).map_or(entry.slots as f64, |bytes| bytes / 8.0),
        // Stages cannot stand alone; none of them depends on the shape.
        Kind::Stage | Kind::Wrapper => entry.slots as f64,
    }
}

fn memory(entry: &Entry) -> String {
    let (square, long) = (numbers(entry, SQUARE), numbers(entry, LONG));
    let shape = |[m, n]: [usize; 2]| format!("{m}×{n}");
    if square == 0.0 && long == 0.0 {
        return "none".into();
    }
    let plural = |n: f64| if n == 1.0 { "number" } else { "numbers" };
    if (square - long).abs() < 0.01 {
        return format!("{} {} a parameter: {} bytes in f32", number(square), plural(square), number(4.0 * square));
    }
    format!(
        "by shape: {} {} a parameter of a {} matrix, {} of one with {}",
        number(square),
        plural(square),
        shape(SQUARE),
        number(long),
        shape(LONG)
    )
}

// -- as text

fn list() -> String {
    let mut out = String::new();
    let kinds = [
        (Kind::Optimizer, "optimizer", "lr"),
        (Kind::Stage, "stage of a chain", ""),
        (Kind::Wrapper, "before a chain", ""),
    ];
    // One width for all three, so that they read as one table.
    let mut rows: Vec<[String; 4]> = Vec::new();
    for (kind, head, lr) in kinds {
        if !rows.is_empty() {
            rows.push([const { String::new() }; 4]);
        }
        rows.push([head, lr, "state", ""].map(String::from));
        for e in entries().filter(|e| e.kind == kind) {
            let lr = e.lr.map_or(String::new(), |lr| Value::Number(lr).to_string());
            rows.push([e.name.into(), lr, number(numbers(e, SQUARE)), e.title.into()]);
        }
    }
    rows.push([const { String::new() }; 4]);
    rows.push(["row by row", "lr", "state", ""].map(String::from));
    for e in ONLINE_RULES {
        let lr = e.options.iter().find(|o| o.key == "lr").and_then(|o| o.default);
        let lr = lr.map_or(String::new(), |lr| lr.to_string());
        rows.push([e.name.into(), lr, number(e.slots as f64), e.title.into()]);
    }
    out += &columns(&rows);
    out += &format!(
        "\nlr: the default learning rate · state: numbers kept for each parameter ({}×{} matrix)\n\
         `steepest optimizers NAME` explains one · several make a chain: `clip:1 | adam:lr=0.01 | ema:0.999`\n\
         rules that learn row by row are those of `steepest online`\n",
        SQUARE[0], SQUARE[1]
    );
    out
}

fn as_text(rule: &str, calls: &[Explained]) -> String {
    let mut out = String::new();
    if calls.len() > 1 {
        out += &format!("{rule}\n");
        if let (Ok(single), Ok(double)) = (state::<f32>(rule, SQUARE), state::<f64>(rule, SQUARE)) {
            out += &format!("  memory    {} bytes a parameter in f32, {} in f64\n", number(single), number(double));
        }
        out.push('\n');
    }
    let blocks: Vec<String> = calls.iter().map(one_as_text).collect();
    out + &blocks.join("\n")
}

fn one_as_text(explained: &Explained) -> String {
    let e = explained.entry;
    let mut out = format!("{} · {}\n\n", e.name, e.title);
    let mut fact = |label: &str, text: &str| {
        if !text.is_empty() {
            out += &format!("  {label:<10}{text}\n");
        }
    };
    fact("equation", e.equation);
    fact("memory", &memory(e));
    fact("source", e.source);
    fact("write", &example(e));
    let shown: Vec<[String; 5]> = options(explained)
        .into_iter()
        .map(|o| {
            let value = o.given.unwrap_or_default();
            let default = o.default.unwrap_or("–".into());
            [format!("  {}", o.key), value, default, o.takes, o.doc.into()]
        })
        .collect();
    if shown.is_empty() {
        return out + "\n  no options\n";
    }
    let mut rows = vec![["  option", "value", "default", "takes", "meaning"].map(String::from)];
    rows.extend(shown);
    out.push('\n');
    if explained.given.is_empty() {
        let rows: Vec<[String; 4]> = rows
            .into_iter()
            .map(|[key, _, rest @ ..]| {
                let [default, takes, doc] = rest;
                [key, default, takes, doc]
            })
            .collect();
        return out + &columns(&rows);
    }
    out + &columns(&rows)
}

/// The rule with its positional options, as one would write it.
fn example(entry: &Entry) -> String {
    let value = |key: &&str| {
        let option = entry.options.iter().find(|o| o.key == *key);
        match (*key, option.and_then(|o| o.default)) {
            ("lr", _) => entry.lr.map(|lr| Value::Number(lr).to_string()),
            (_, Some(default)) => Some(default.to_string()),
            // The word stands for what must be given.
            (key, None) => Some(key.to_uppercase()),
        }
    };
    let needed = entry.positional.iter().take(1).filter_map(value).collect::<Vec<_>>().join(",");
    if needed.is_empty() { entry.name.into() } else { format!("{}:{needed}", entry.name) }
}

// -- options

struct Shown {
    key: &'static str,
    given: Option<String>,
    default: Option<String>,
    takes: String,
    doc: &'static str,
}

fn options(explained: &Explained) -> Vec<Shown> {
    let e = explained.entry;
    let all = e.options.iter().chain(chain_options(e));
    all.map(|o| {
        let default = match (o.range, o.default) {
            (Range::Rate, None) => e.lr.map(|lr| Value::Number(lr).to_string()),
            (_, default) => default.map(|v| v.to_string()),
        };
        let given = explained.given.iter().find(|g| g.0 == o.key).map(|g| g.1.clone());
        Shown { key: o.key, given, default, takes: o.range.expected(), doc: o.doc }
    })
    .collect()
}

// -- as JSON

fn as_json(calls: &[Explained]) -> Result<String, Failure> {
    match calls {
        [one] => pretty(&entry_json(one.entry, Some(one))),
        all => pretty(&Json::Array(all.iter().map(|e| entry_json(e.entry, Some(e))).collect())),
    }
}

fn entry_json(e: &'static Entry, explained: Option<&Explained>) -> Json {
    let none = Explained { entry: e, given: Vec::new() };
    let explained = explained.unwrap_or(&none);
    let option = |o: Shown| {
        let mut map = Map::new();
        map.insert("key".into(), o.key.into());
        map.insert("default".into(), o.default.into());
        if let Some(given) = o.given {
            map.insert("value".into(), given.into());
        }
        map.insert("takes".into(), o.takes.into());
        map.insert("meaning".into(), o.doc.into());
        Json::Object(map)
    };
    let kind = match e.kind {
        Kind::Optimizer => "optimizer",
        Kind::Stage => "stage",
        Kind::Wrapper => "wrapper",
    };
    json!({
        "name": e.name,
        "kind": kind,
        "title": e.title,
        "equation": e.equation,
        "lr": e.lr,
        "state_per_parameter": numbers(e, SQUARE),
        "positional": e.positional,
        "options": options(explained).into_iter().map(option).collect::<Vec<_>>(),
        "source": e.source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the table says about memory is what the rules really keep.
    #[test]
    fn the_state_is_what_the_table_says() {
        for e in entries().filter(|e| e.kind == Kind::Optimizer) {
            let measured = state::<f64>(e.name, SQUARE).unwrap_or_else(|err| panic!("{}: {err}", e.name)) / 8.0;
            let by_shape = (measured - state::<f64>(e.name, LONG).unwrap() / 8.0).abs() > 0.01;
            assert!(by_shape || (measured - e.slots as f64).abs() < 0.05, "{}: {measured}, not {}", e.name, e.slots);
        }
    }

    #[test]
    fn every_rule_is_explained() {
        for e in entries() {
            let text = one_as_text(&Explained { entry: e, given: Vec::new() });
            for part in [e.name, e.title, e.equation, e.source] {
                assert!(text.contains(part), "{}: {text}", e.name);
            }
            assert!(e.options.iter().all(|o| text.contains(o.key) && text.contains(o.doc)), "{text}");
        }
    }

    #[test]
    fn values_that_were_written_are_shown() {
        let calls = explained("clip:1 | adam:0.01,beta2=0.95 | weight_decay:0.1").unwrap();
        let given: Vec<_> = calls.iter().flat_map(|c| c.given.iter().map(|(k, v)| (*k, v.as_str()))).collect();
        assert_eq!(given[1..], [("beta2", "0.95"), ("lr", "0.01"), ("weight_decay", "0.1")]);
        assert!(explained("adam | weight_decay:0.1 | sgd:0.1,lr=2").is_err());
        assert!(explained("adam:lr=cosine(0.1,warmup=5%)").is_ok());
        assert!(explained("sam:0.1 | sgd:lr=0.1").is_ok());
    }
}
