//! `steepest sample FORMULA`: draws from the distribution exp(−J/T) by Langevin dynamics.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rayon::prelude::*;
use serde_json::{Value, json};
use steepest_core::random::{Purpose, Stream};
use steepest_report::plot::{Axis, Chart, Figure};
use steepest_solvers::sampling::{Chains, Marginal, Method, Sampler};
use steepest_train::write_atomic;

use crate::commands::minimize;
use crate::failure::Failure;
use crate::interrupt::interrupt_flag;
use crate::options::{FunctionOptions, Target, point};
use crate::picture::{self, Format};
use crate::say::{Say, columns, count, counted, number, precise, print, seconds};

/// Arguments of `sample`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct SampleArgs {
    #[command(flatten)]
    function: FunctionOptions,
    /// Where every chain starts: `x=5,y=5`, `-1,2`, a file [default: each at random]
    #[arg(long, value_name = "POINT", allow_hyphen_values = true, help_heading = "Chains")]
    from: Option<String>,
    /// How chains move: `mala` is exact, `ula` and `sgld` are biased by their step
    #[arg(long, value_enum, default_value = "mala", help_heading = "Chains")]
    method: Walk,
    /// T in exp(−J/T)
    #[arg(long, value_name = "T", default_value_t = 1.0, help_heading = "Chains")]
    temperature: f64,
    /// The step size η [default: `mala` adapts it in the burn-in; the others take 0.02/L, L the largest curvature met by short
    /// runs of MALA, which makes variances 1 % too large along the stiffest direction]
    #[arg(long, value_name = "ETA", help_heading = "Chains")]
    step: Option<f64>,
    /// Standard deviation of the noise of gradients, for `sgld`
    #[arg(long, value_name = "SD", help_heading = "Chains")]
    noise: Option<f64>,
    /// Draws kept of each chain
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000), help_heading = "Chains")]
    samples: u64,
    /// Steps at the beginning of each chain that are not kept
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(..=1_000_000_000), help_heading = "Chains")]
    burn_in: u64,
    /// Steps between two draws that are kept
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000), help_heading = "Chains")]
    thin: u64,
    /// How many chains
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Chains")]
    chains: u16,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Chains")]
    seed: u64,
    /// Write the draws to a CSV file: chain, draw, value, point
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Draw the draws, `.svg` or `.png`: a histogram of one variable, the plane of the first two of more
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    plot: Option<PathBuf>,
    /// Print the result as one JSON object on standard output
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// How chains move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Walk {
    /// Metropolis-adjusted Langevin
    Mala,
    /// Unadjusted Langevin
    Ula,
    /// Stochastic gradient Langevin dynamics
    Sgld,
}

const EXAMPLES: &str = "Examples:
  steepest sample '(x^2 - 1)^2 + y^2/2' --temperature 0.5 --out draws.csv --plot draws.svg
  steepest sample 'x^2/2' --method ula --json
  steepest sample 'x^2/2' --method ula --step 0.5
  steepest sample --problem rosenbrock --temperature 10 --samples 50000 --thin 10";

/// Where MALA's adaptation begins.
const FIRST_STEP: f64 = 0.1;
/// R̂ above this means that the chains do not agree.
const AGREE: f64 = 1.01;

/// Samples.
pub fn run(args: SampleArgs, say: &Say) -> Result<ExitCode, Failure> {
    let format = args.plot.as_deref().map(|path| Format::of("--plot", path)).transpose()?;
    let mut sampler = sampler(&args)?;
    let target = args.function.load()?;
    if !target.limits.is_empty() {
        return Err(Failure::usage(format!("sample: {} has a constraint, which chains know nothing of", target.title))
            .with_help("write the constraint as a penalty into a formula"));
    }
    let starts = starts(&args, &target)?;
    say.line("function", &format!("{} · {}", target.title, minimize::variables(&target)));
    say.line(
        "chains",
        &format!(
            "{} of {} by {} at temperature {}, after {} of burn-in",
            args.chains,
            counted(args.samples, "draw"),
            name(args.method),
            number(args.temperature),
            counted(args.burn_in, "step")
        ),
    );
    if args.step.is_none() && args.method != Walk::Mala {
        sampler.step = unbiased_step(&sampler, &target, &starts, say)?;
    }
    let interrupt = interrupt_flag()?;
    let clock = Instant::now();
    let jobs = starts.iter().map(|_| target.objective()).collect::<Result<Vec<_>, _>>()?;
    let go_on = || !interrupt.load(Ordering::Relaxed);
    let jobs: Vec<_> = jobs.into_iter().zip(&starts).enumerate().collect();
    let found: Vec<_> =
        jobs.into_par_iter().map(|(k, (mut f, start))| sampler.chain(&mut *f, start, k as u64, &go_on)).collect();
    let chains = Chains::new(found.into_iter().collect::<Result<_, _>>().map_err(Failure::input)?);
    let elapsed = clock.elapsed().as_secs_f64();
    let summary = chains.summary();
    tell(say, &chains, &summary, elapsed);
    if let Some(path) = &args.out {
        write_draws(path, &target, &chains)?;
        say.line("draws", &path.display().to_string());
    }
    if let (Some(path), Some(format)) = (&args.plot, format) {
        picture::write(&figure(&target, &chains, args.temperature)?, path, format)?;
        say.line("plot", &path.display().to_string());
    }
    print(&if args.json {
        format!("{}\n", object(&target, &chains, &summary, elapsed))
    } else {
        table(&target, &summary)
    })?;
    Ok(if go_on() { ExitCode::SUCCESS } else { ExitCode::from(130) })
}

fn name(method: Walk) -> &'static str {
    match method {
        Walk::Mala => "MALA",
        Walk::Ula => "ULA",
        Walk::Sgld => "SGLD",
    }
}

fn sampler(args: &SampleArgs) -> Result<Sampler, Failure> {
    let method = match args.method {
        Walk::Mala => Method::Mala,
        Walk::Ula => Method::Ula,
        Walk::Sgld => Method::Sgld { noise: args.noise.unwrap_or(0.0), decay: 0.0, delay: 1.0 },
    };
    if args.noise.is_some() && args.method != Walk::Sgld {
        return Err(Failure::usage("--noise is the noise of stochastic gradients; it goes with --method sgld"));
    }
    Ok(Sampler {
        temperature: args.temperature,
        burn_in: args.burn_in,
        samples: args.samples,
        thin: args.thin,
        seed: args.seed,
        ..Sampler::new(method, args.step.unwrap_or(FIRST_STEP))
    })
}

/// The share of the variance by which the unadjusted methods may be wrong along the stiffest direction.
const BIAS: f64 = 0.01;
/// Steps of the short runs that look for it.
const SCOUTS: u64 = 500;

/// A step of unadjusted chains: on a quadratic of curvature L their variance is 1/(1 − ηL/2) of the true one (Roberts and Tweedie,
/// 1996, doi:10.2307/3318418), so that η = 2·0.01/L errs by a hundredth. L is the largest at the ends of short exact chains.
fn unbiased_step(sampler: &Sampler, target: &Target, starts: &[Vec<f64>], say: &Say) -> Result<f64, Failure> {
    let scout =
        Sampler { method: Method::Mala, step: FIRST_STEP, burn_in: SCOUTS, samples: 1, thin: 1, ..sampler.clone() };
    let mut stiffest = 0.0f64;
    for (k, start) in starts.iter().enumerate() {
        let mut f = target.objective()?;
        let chain = scout.chain(&mut *f, start, k as u64, &|| true).map_err(Failure::input)?;
        for x in chain.draws().chain([start.as_slice()]) {
            let mut g = vec![0.0; x.len()];
            if f.at(x).is_ok()
                && f.gradient(&mut g).is_ok()
                && let Some(curvature) = steepest_solvers::look(&mut *f, x, &g)
            {
                stiffest = stiffest.max(curvature.largest.abs()).max(curvature.smallest.abs());
            }
        }
    }
    let step = 2.0 * BIAS / stiffest;
    if !(step > 0.0 && step.is_finite()) {
        return Err(Failure::usage("no step size can be chosen: the function has no curvature where the chains are")
            .with_help(
                "give one, for example `--step 0.01`; the bias is proportional to it, and `--method mala` has none",
            ));
    }
    let why = format!(
        "{} = 0.02/L, L = {} the largest curvature met; variances are 1 % too large along that direction",
        number(step),
        number(stiffest)
    );
    say.line("step size", &why);
    Ok(step)
}

/// One start a chain: the one that is named, else random ones in the problem's box or normal ones.
fn starts(args: &SampleArgs, target: &Target) -> Result<Vec<Vec<f64>>, Failure> {
    let chains = u64::from(args.chains);
    if let Some(text) = &args.from {
        let start = point::start(Some(text), target, args.seed)?;
        return Ok(vec![start.x; chains as usize]);
    }
    let draw = |chain: u64| -> Vec<f64> {
        let draws = Stream::new(args.seed, Purpose::NOISE, u64::MAX - chain);
        match &target.domain {
            Some(domain) => domain.iter().zip(0..).map(|(&(l, h), i)| l + (h - l) * draws.uniform(i)).collect(),
            None => (0..target.dim() as u64).map(|i| draws.normal(i)).collect(),
        }
    };
    Ok((0..chains).map(draw).collect())
}

fn tell(say: &Say, chains: &Chains, summary: &[Marginal], elapsed: f64) {
    let acceptance = chains.acceptance().map_or(String::new(), |a| format!(" · acceptance {}", number(a)));
    let step = chains.chains().first().map_or(f64::NAN, |c| c.step);
    let worst = summary.iter().map(|m| m.ess).fold(f64::INFINITY, f64::min);
    let rhat = summary.iter().map(|m| m.rhat).fold(f64::NAN, f64::max);
    say.line(
        "done",
        &format!(
            "step size {}{acceptance} · at least {} · R̂ at most {} · {}",
            number(step),
            counted(worst.max(0.0) as u64, "effective draw"),
            number(rhat),
            seconds(elapsed)
        ),
    );
    if rhat > AGREE {
        say.warning(&format!("the chains do not agree yet (R̂ {rhat:.3} > {AGREE}); draw more, or start closer"));
    }
}

fn table(target: &Target, summary: &[Marginal]) -> String {
    let head = ["variable", "mean", "error", "variance", "effective draws", "R̂"].map(String::from);
    let mut rows = vec![head];
    for (name, m) in target.names.iter().zip(summary) {
        let ess = count(m.ess.max(0.0) as u64);
        rows.push([name.clone(), precise(m.mean), number(m.error), precise(m.variance), ess, format!("{:.4}", m.rhat)]);
    }
    columns(&rows)
}

fn object(target: &Target, chains: &Chains, summary: &[Marginal], elapsed: f64) -> Value {
    let variables: Vec<Value> = target
        .names
        .iter()
        .zip(summary)
        .map(|(name, m)| {
            json!({"name": name, "mean": m.mean, "variance": m.variance, "ess": m.ess, "error": m.error, "rhat": m.rhat})
        })
        .collect();
    json!({
        "variables": variables,
        "chains": chains.chains().len(),
        "draws": chains.chains().iter().map(|c| c.len()).sum::<usize>(),
        "acceptance": chains.acceptance(),
        "step": chains.chains().iter().map(|c| c.step).collect::<Vec<_>>(),
        "evaluations": chains.chains().iter().map(|c| c.evaluations).sum::<u64>(),
        "seconds": elapsed,
    })
}

fn write_draws(path: &std::path::Path, target: &Target, chains: &Chains) -> Result<(), Failure> {
    let written = write_atomic(path, |out| {
        writeln!(out, "chain,draw,value,{}", target.names.join(","))?;
        for (k, chain) in chains.chains().iter().enumerate() {
            for (i, (x, value)) in chain.draws().zip(chain.values()).enumerate() {
                write!(out, "{k},{i},{:.16e}", target.value(*value))?;
                for x in x {
                    write!(out, ",{x:.16e}")?;
                }
                writeln!(out)?;
            }
        }
        Ok(())
    });
    written.map_err(|e| Failure::usage(format!("--out {}: cannot write: {e}", path.display())))
}

/// Points that a picture of the plane shows.
const DOTS: usize = 4000;
/// Bars of a histogram.
const BARS: usize = 60;

fn figure(target: &Target, chains: &Chains, temperature: f64) -> Result<Figure, Failure> {
    if target.dim() > 1 {
        let total = chains.draws().count();
        let every = total.div_ceil(DOTS).max(1);
        let dots = chains.draws().step_by(every).map(|x| (x[0], x[1])).collect();
        let axes = (Axis::linear(target.names[0].as_str()), Axis::linear(target.names[1].as_str()));
        let title = format!("draws from exp(−J/{}), J = {}", number(temperature), target.title);
        return Ok(Chart::new(title, axes.0, axes.1).size(480.0, 430.0).headline().dots("", dots, 2.0).figure());
    }
    let values: Vec<f64> = chains.draws().map(|x| x[0]).collect();
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let width = ((high - low) / BARS as f64).max(f64::MIN_POSITIVE);
    let mut counts = vec![0.0; BARS];
    for v in &values {
        counts[(((v - low) / width) as usize).min(BARS - 1)] += 1.0 / (values.len() as f64 * width);
    }
    let edges: Vec<f64> = (0..=BARS).map(|k| low + width * k as f64).collect();
    let density = density(target, low, high, temperature)?;
    let title = format!("draws from exp(−J/{}), J = {}", number(temperature), target.title);
    let chart =
        Chart::new(title, Axis::linear(target.names[0].as_str()), Axis::linear("density")).bars("draws", edges, counts);
    Ok(chart.size(480.0, 320.0).headline().line("exp(−J/T), normalized", density).colored(1).figure())
}

/// exp(−J/T) over an interval, its area there 1.
fn density(target: &Target, low: f64, high: f64, temperature: f64) -> Result<Vec<(f64, f64)>, Failure> {
    const POINTS: usize = 801;
    let mut f = target.objective()?;
    let places: Vec<f64> = (0..POINTS).map(|k| low + (high - low) * k as f64 / (POINTS - 1) as f64).collect();
    let values: Vec<f64> = places.iter().map(|x| f.at(&[*x]).unwrap_or(f64::INFINITY)).collect();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let weights: Vec<f64> = values.iter().map(|v| (-(v - least) / temperature).exp()).collect();
    let area: f64 = weights.windows(2).map(|w| 0.5 * (w[0] + w[1])).sum::<f64>() * (high - low) / (POINTS - 1) as f64;
    Ok(places.into_iter().zip(weights.into_iter().map(|w| w / area)).collect())
}
