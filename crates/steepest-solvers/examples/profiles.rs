//! Runs solvers over the test problems and prints who solved what, at what cost.
//!
//! `profiles COLLECTION[,COLLECTION…] SOLVER…`: a line a problem with the number of gradients each solver took (`-` where it did not
//! solve it: f ≤ f* + 10⁻⁶(f₀ − f*), other listed minima count), then the shares and medians. With `--csv` a line a run with the columns
//! of `bench/minimize/scipy_profiles.py`: evaluations until the problem was solved, the gradient there included.

use std::collections::BTreeMap;

use steepest_core::{Evaluations, Exactness, Layout, LeastSquares, Line, NonFinite, Objective, Prox};
use steepest_functions::problems::{Collection, Problem, entries};
use steepest_solvers::{Minimize, SolverSpec};

/// One run.
struct Ran {
    solved: bool,
    /// Until the problem was solved.
    until: Evaluations,
    gradients: u64,
    seconds: f64,
    end: String,
    value: f64,
}

/// Counts what a solver asks for, until a value says that the problem is solved.
struct Watched<'a> {
    problem: &'a mut Problem,
    first: f64,
    counts: Evaluations,
    solved: bool,
    until: Option<Evaluations>,
}

impl Objective<f64> for Watched<'_> {
    fn layout(&self) -> &Layout {
        self.problem.objective.layout()
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        self.counts.value += 1;
        let value = self.problem.objective.at(x)?;
        self.solved |= self.problem.solved(value, self.first, 1e-6);
        Ok(value)
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        self.counts.gradient += 1;
        if self.solved && self.until.is_none() {
            self.until = Some(self.counts);
        }
        self.problem.objective.gradient(g)
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        self.counts.hvp += 1;
        self.problem.objective.hvp(v, out)
    }

    fn hessian(&mut self, h: &mut [f64]) -> bool {
        self.counts.hessian += 1;
        self.problem.objective.hessian(h)
    }

    fn hessian_diagonal(&mut self, diagonal: &mut [f64]) -> bool {
        self.problem.objective.hessian_diagonal(diagonal)
    }

    fn line(&mut self, d: &[f64]) -> Option<&mut dyn Line> {
        self.problem.objective.line(d)
    }

    fn residuals(&mut self) -> Option<&mut dyn LeastSquares<f64>> {
        self.problem.objective.residuals()
    }

    fn prox(&self) -> Option<&dyn Prox<f64>> {
        self.problem.objective.prox()
    }
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
        println!("problem,n,collection,solver,solved,gradients,values,hvps,hessians,total_gradients,value,seconds");
    }
    for (at, entry) in problems.iter().enumerate() {
        for solver in &solvers {
            let mut problem = entry.build(None).expect("a problem in its default dimension");
            let first = first_value(&mut *problem.objective, &problem.start);
            let start = problem.start.clone();
            let settings =
                Minimize { max_steps: Some(20_000), max_seconds: Some(5.0), classify: false, ..Minimize::default() };
            let spec = SolverSpec::parse(solver).expect("a solver");
            let mut watched = Watched {
                problem: &mut problem,
                first: *first.as_ref().unwrap_or(&f64::NAN),
                counts: Evaluations::default(),
                solved: false,
                until: None,
            };
            let ran = spec
                .build(&mut watched, &start)
                .map_err(|e| e.to_string())
                .and_then(|mut s| settings.run(&mut watched, &mut *s).map_err(|e| e.to_string()));
            let until = watched.until.unwrap_or(watched.counts);
            let ran = match ran {
                Ok(found) => Ran {
                    solved: first.as_ref().is_ok_and(|first| problem.solved(found.value, *first, 1e-6)),
                    until,
                    gradients: found.evaluations.gradient,
                    seconds: found.seconds,
                    end: found.termination.to_string(),
                    value: found.value,
                },
                Err(e) => Ran { solved: false, until, gradients: 0, seconds: 0.0, end: e, value: f64::NAN },
            };
            if csv {
                let Ran { solved, until: u, gradients, seconds, value, .. } = ran;
                let (name, collection) = (entry.name, entry.collection.name());
                println!(
                    "{name},{},{collection},{solver},{},{},{},{},{},{gradients},{value:e},{seconds:e}",
                    start.len(),
                    u8::from(solved),
                    u.gradient,
                    u.value,
                    u.hvp,
                    u.hessian,
                );
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
