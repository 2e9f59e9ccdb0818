//! Runs solvers over the test problems and prints who solved what, at what cost.
//!
//! `profiles COLLECTION[,COLLECTION…] SOLVER…`: a line a problem with the number of gradients each solver took (`-` where it did not
//! solve it: f ≤ f* + 10⁻⁶(f₀ − f*), other listed minima count), then the shares and medians. With `--csv` the same as
//! `problem,dim,solver,solved,value,gradient,seconds`.

use std::collections::BTreeMap;

use steepest_core::{NonFinite, Objective};
use steepest_functions::problems::{Collection, entries};
use steepest_solvers::{Minimize, SolverSpec};

/// One run.
struct Ran {
    solved: bool,
    values: u64,
    gradients: u64,
    seconds: f64,
    end: String,
    value: f64,
}

fn first_value(f: &mut dyn Objective<f64>, x: &[f64]) -> Result<f64, NonFinite> {
    f.at(x)
}

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let csv = args.iter().position(|a| a == "--csv").map(|i| args.remove(i)).is_some();
    let why = args.iter().position(|a| a == "--why").map(|i| args.remove(i)).is_some();
    let collections: Vec<String> = args.remove(0).split(',').map(String::from).collect();
    let solvers = if args.is_empty() { vec!["auto".to_string(), "lbfgs".into(), "trust-region".into()] } else { args };
    let mut table: BTreeMap<usize, Vec<Ran>> = BTreeMap::new();
    let listed = |c: Collection| collections.iter().any(|name| name == c.name());
    let problems: Vec<_> = entries().iter().filter(|e| listed(e.collection)).collect();
    if csv {
        println!("problem,dim,solver,solved,value,gradients,values,seconds");
    }
    for (at, entry) in problems.iter().enumerate() {
        for solver in &solvers {
            let mut problem = entry.build(None).expect("a problem in its default dimension");
            let first = first_value(&mut *problem.objective, &problem.start);
            let start = problem.start.clone();
            let settings =
                Minimize { max_steps: Some(20_000), max_seconds: Some(5.0), classify: false, ..Minimize::default() };
            let spec = SolverSpec::parse(solver).expect("a solver");
            let ran = spec
                .build(&mut *problem.objective, &start)
                .map_err(|e| e.to_string())
                .and_then(|mut s| settings.run(&mut *problem.objective, &mut *s).map_err(|e| e.to_string()));
            let ran = match ran {
                Ok(found) => Ran {
                    solved: first.as_ref().is_ok_and(|first| problem.solved(found.value, *first, 1e-6)),
                    values: found.evaluations.value,
                    gradients: found.evaluations.gradient,
                    seconds: found.seconds,
                    end: found.termination.to_string(),
                    value: found.value,
                },
                Err(e) => Ran { solved: false, values: 0, gradients: 0, seconds: 0.0, end: e, value: f64::NAN },
            };
            if csv {
                let Ran { solved, values, gradients, seconds, value, .. } = ran;
                println!("{},{},{solver},{solved},{value:e},{gradients},{values},{seconds:e}", entry.name, start.len());
            }
            if why && !ran.solved {
                eprintln!("{} by {solver}: {:e} (best {:?}), {}", entry.name, ran.value, problem.best(), ran.end);
            }
            table.entry(at).or_default().push(ran);
        }
    }
    if csv {
        return;
    }
    println!("{:28}{}", "problem", solvers.iter().map(|s| format!("{s:>20}")).collect::<String>());
    for (at, runs) in &table {
        let cell = |r: &Ran| if r.solved { format!("{:>20}", r.gradients) } else { format!("{:>20}", "-") };
        println!("{:28}{}", problems[*at].name, runs.iter().map(cell).collect::<String>());
    }
    for (k, solver) in solvers.iter().enumerate() {
        let runs: Vec<&Ran> = table.values().map(|r| &r[k]).collect();
        let solved = runs.iter().filter(|r| r.solved).count();
        let mut costs: Vec<u64> = runs.iter().map(|r| if r.solved { r.gradients } else { u64::MAX }).collect();
        costs.sort_unstable();
        let seconds: f64 = runs.iter().map(|r| r.seconds).sum();
        println!(
            "{solver:20} solved {solved} of {} ({:.1} %), median gradients {}, {seconds:.3} s",
            runs.len(),
            100.0 * solved as f64 / runs.len().max(1) as f64,
            costs[costs.len() / 2]
        );
    }
}
