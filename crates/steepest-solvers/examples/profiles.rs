//! Runs solvers over the test problems and prints who solved what, at what cost.
//!
//! `profiles COLLECTION[,COLLECTION…] SOLVER…`: a line a problem with the number of gradients each solver took to its end (`-` where it
//! did not solve it: f ≤ f* + 10⁻⁶(f₀ − f*), other listed minima count), then the shares and medians. With `--csv` a line a run with the
//! columns of `bench/minimize/scipy_profiles.py`: evaluations and seconds until the problem was solved, that is until the first value as
//! near to the minimum that the end counts for; the gradient there included. A Jacobian counts as a gradient and a Hessian. `--why` tells
//! how the others ended; `--costs` prints the seconds of a value with its gradient, of a product and of a Hessian.

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use steepest_core::{Evaluations, Exactness, Layout, LeastSquares, Line, NonFinite, Objective, Prox};
use steepest_functions::problems::{Collection, Problem, ProblemEntry, entries};
use steepest_solvers::{Minimize, SolverSpec};

/// How near a value has to come, in units of f₀ − f*.
const NEAR: f64 = 1e-6;
/// Runs of which the fastest counts.
const REPEATS: usize = 3;

/// One value that a solver asked for.
struct Asked {
    value: f64,
    /// What had been asked by then, this value and the gradient that follows included.
    counts: Evaluations,
    seconds: f64,
}

/// One run.
struct Ran {
    solved: bool,
    /// Until the problem was solved; where it was not, until the end.
    until: Asked,
    gradients: u64,
    end: String,
    value: f64,
}

/// Writes down what a solver asks for.
struct Watched<'a> {
    objective: &'a mut dyn Objective<f64>,
    rows: usize,
    counts: Evaluations,
    history: Vec<Asked>,
    since: Instant,
}

impl Objective<f64> for Watched<'_> {
    fn layout(&self) -> &Layout {
        self.objective.layout()
    }

    fn at(&mut self, x: &[f64]) -> Result<f64, NonFinite> {
        self.counts.value += 1;
        let value = self.objective.at(x)?;
        let counts = Evaluations { gradient: self.counts.gradient + 1, ..self.counts };
        self.history.push(Asked { value, counts, seconds: self.since.elapsed().as_secs_f64() });
        Ok(value)
    }

    fn gradient(&mut self, g: &mut [f64]) -> Result<(), NonFinite> {
        self.counts.gradient += 1;
        self.objective.gradient(g)
    }

    fn hvp(&mut self, v: &[f64], out: &mut [f64]) -> Exactness {
        self.counts.hvp += 1;
        self.objective.hvp(v, out)
    }

    fn hessian(&mut self, h: &mut [f64]) -> bool {
        self.counts.hessian += 1;
        self.objective.hessian(h)
    }

    fn hessian_diagonal(&mut self, diagonal: &mut [f64]) -> bool {
        self.objective.hessian_diagonal(diagonal)
    }

    fn line(&mut self, d: &[f64]) -> Option<&mut dyn Line> {
        self.objective.line(d)
    }

    fn residuals(&mut self) -> Option<&mut dyn LeastSquares<f64>> {
        if self.objective.residuals().is_some() { Some(self) } else { None }
    }

    fn prox(&self) -> Option<&dyn Prox<f64>> {
        self.objective.prox()
    }
}

impl LeastSquares<f64> for Watched<'_> {
    fn len(&self) -> usize {
        self.rows
    }

    fn residuals(&mut self, r: &mut [f64]) {
        if let Some(squares) = self.objective.residuals() {
            squares.residuals(r);
        }
    }

    fn jacobian(&mut self, j: &mut [f64]) {
        self.counts.gradient += 1;
        self.counts.hessian += 1;
        if let Some(squares) = self.objective.residuals() {
            squares.jacobian(j);
        }
    }
}

/// The minimum that the end of a run counts for: the lowest where it is met, else the listed one beside it.
fn goal(problem: &Problem, value: f64, first: f64) -> Option<f64> {
    let best = problem.best()?;
    if value <= best + NEAR * (first - best) {
        return Some(best);
    }
    let apart = |m: &f64| (value - m).abs();
    let near = problem.minima.iter().map(|m| m.value).min_by(|a, b| apart(a).total_cmp(&apart(b)))?;
    (apart(&near) <= NEAR * (first - near)).then_some(near)
}

fn run(entry: &ProblemEntry, solver: &str) -> Ran {
    let mut problem = entry.build(None).expect("a problem in its default dimension");
    let start = problem.start.clone();
    let first = problem.objective.at(&start).unwrap_or(f64::NAN);
    let settings = Minimize { max_steps: Some(20_000), max_seconds: Some(5.0), ..Minimize::default() };
    let rows = problem.objective.residuals().map_or(0, |r| r.len());
    let mut watched = Watched {
        objective: &mut *problem.objective,
        rows,
        counts: Evaluations::default(),
        history: Vec::with_capacity(1 << 16),
        since: Instant::now(),
    };
    let built = SolverSpec::parse(solver).expect("a solver").build(&mut watched, &start).map_err(|e| e.to_string());
    let ran = built.and_then(|mut s| settings.run(&mut watched, &mut *s).map_err(|e| e.to_string()));
    let Watched { counts, mut history, since, .. } = watched;
    let seconds = since.elapsed().as_secs_f64();
    let (value, gradients, end) = match ran {
        Ok(found) => (found.value, found.evaluations.gradient, found.termination.to_string()),
        Err(e) => (f64::NAN, 0, e),
    };
    let goal = goal(&problem, value, first);
    let met = goal.and_then(|goal| history.iter().position(|a| a.value <= goal + NEAR * (first - goal)));
    let until = met.map_or(Asked { value, counts, seconds }, |at| history.swap_remove(at));
    Ran { solved: goal.is_some(), until, gradients, end, value }
}

/// Seconds of one call, from as many as take a few milliseconds.
fn seconds(mut call: impl FnMut()) -> f64 {
    let mut times = 1u32;
    loop {
        let clock = Instant::now();
        (0..times).for_each(|_| call());
        let spent = clock.elapsed().as_secs_f64();
        if spent > 2e-3 {
            return spent / f64::from(times);
        }
        times *= 2;
    }
}

fn costs(entry: &ProblemEntry) {
    let mut problem = entry.build(None).expect("a problem in its default dimension");
    let (f, x) = (&mut problem.objective, problem.start.clone());
    let n = x.len();
    let (mut g, mut out, mut h) = (vec![0.0; n], vec![0.0; n], vec![0.0; n * n]);
    let both = seconds(|| {
        black_box(f.at(black_box(&x)).expect("a start"));
        f.gradient(black_box(&mut g)).expect("a start");
    });
    let hvp = seconds(|| {
        f.hvp(black_box(&g), black_box(&mut out));
    });
    let hessian = seconds(|| {
        f.hessian(black_box(&mut h));
    });
    println!("{},{n},{both:e},{hvp:e},{hessian:e}", entry.name);
}

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let mut flag = |name: &str| args.iter().position(|a| a == name).map(|i| args.remove(i)).is_some();
    let (csv, why, cost) = (flag("--csv"), flag("--why"), flag("--costs"));
    let collections: Vec<String> = args.remove(0).split(',').map(String::from).collect();
    let solvers = if args.is_empty() { vec!["auto".to_string(), "lbfgs".into(), "trust-region".into()] } else { args };
    let mut table: BTreeMap<usize, Vec<Ran>> = BTreeMap::new();
    let listed = |c: Collection| collections.iter().any(|name| name == c.name());
    let problems: Vec<_> = entries().iter().filter(|e| listed(e.collection)).collect();
    if cost {
        println!("problem,n,gradient,hvp,hessian");
        return problems.iter().for_each(|e| costs(e));
    }
    if csv {
        println!("problem,n,collection,solver,solved,gradients,values,hvps,hessians,total_gradients,value,seconds");
    }
    for (at, entry) in problems.iter().enumerate() {
        for solver in &solvers {
            let mut ran = run(entry, solver);
            if csv {
                for _ in 1..REPEATS {
                    ran.until.seconds = ran.until.seconds.min(run(entry, solver).until.seconds);
                }
                let Ran { solved, until: Asked { counts: u, seconds, .. }, gradients, value, .. } = ran;
                let n = entry.build(None).expect("a problem").start.len();
                println!(
                    "{},{n},{},{solver},{},{},{},{},{},{gradients},{value:e},{seconds:e}",
                    entry.name,
                    entry.collection.name(),
                    u8::from(solved),
                    u.gradient,
                    u.value,
                    u.hvp,
                    u.hessian,
                );
            }
            if why && !ran.solved {
                eprintln!("{} by {solver}: {:e}, {}", entry.name, ran.value, ran.end);
            }
            table.entry(at).or_default().push(ran);
        }
    }
    if !csv {
        print(&problems, &solvers, &table);
    }
}

fn print(problems: &[&ProblemEntry], solvers: &[String], table: &BTreeMap<usize, Vec<Ran>>) {
    println!("{:28}{}", "problem", solvers.iter().map(|s| format!("{s:>20}")).collect::<String>());
    for (at, runs) in table {
        let cell = |r: &Ran| if r.solved { format!("{:>20}", r.gradients) } else { format!("{:>20}", "-") };
        println!("{:28}{}", problems[*at].name, runs.iter().map(cell).collect::<String>());
    }
    for (k, solver) in solvers.iter().enumerate() {
        let runs: Vec<&Ran> = table.values().map(|r| &r[k]).collect();
        let solved = runs.iter().filter(|r| r.solved).count();
        let mut costs: Vec<u64> =
            runs.iter().map(|r| if r.solved { r.until.counts.gradient } else { u64::MAX }).collect();
        costs.sort_unstable();
        println!(
            "{solver:20} solved {solved} of {} ({:.1} %), median gradients until then {}",
            runs.len(),
            100.0 * solved as f64 / runs.len().max(1) as f64,
            costs[costs.len() / 2]
        );
    }
}
