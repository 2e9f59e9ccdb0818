//! NIST's nonlinear regressions (StRD) from both starts: `nist DIRECTORY [SOLVER]` prints the certified digits of the worst
//! parameter of each.

use std::path::Path;

use steepest_functions::{Formula, Function};
use steepest_optim::Tolerance;
use steepest_solvers::{Minimize, SolverSpec};

/// The models, with data columns x (or x1, x2) and y.
const MODELS: &[(&str, &str)] = &[
    ("Bennett5", "b1*(b2+x)^(-1/b3)"),
    ("BoxBOD", "b1*(1-exp(-b2*x))"),
    ("Chwirut1", "exp(-b1*x)/(b2+b3*x)"),
    ("Chwirut2", "exp(-b1*x)/(b2+b3*x)"),
    ("DanWood", "b1*x^b2"),
    (
        "ENSO",
        "b1+b2*cos(2*pi*x/12)+b3*sin(2*pi*x/12)+b5*cos(2*pi*x/b4)+b6*sin(2*pi*x/b4)+b8*cos(2*pi*x/b7)+b9*sin(2*pi*x/b7)",
    ),
    ("Eckerle4", "(b1/b2)*exp(-0.5*((x-b3)/b2)^2)"),
    ("Gauss1", "b1*exp(-b2*x)+b3*exp(-(x-b4)^2/b5^2)+b6*exp(-(x-b7)^2/b8^2)"),
    ("Gauss2", "b1*exp(-b2*x)+b3*exp(-(x-b4)^2/b5^2)+b6*exp(-(x-b7)^2/b8^2)"),
    ("Gauss3", "b1*exp(-b2*x)+b3*exp(-(x-b4)^2/b5^2)+b6*exp(-(x-b7)^2/b8^2)"),
    ("Hahn1", "(b1+b2*x+b3*x^2+b4*x^3)/(1+b5*x+b6*x^2+b7*x^3)"),
    ("Kirby2", "(b1+b2*x+b3*x^2)/(1+b4*x+b5*x^2)"),
    ("Lanczos1", "b1*exp(-b2*x)+b3*exp(-b4*x)+b5*exp(-b6*x)"),
    ("Lanczos2", "b1*exp(-b2*x)+b3*exp(-b4*x)+b5*exp(-b6*x)"),
    ("Lanczos3", "b1*exp(-b2*x)+b3*exp(-b4*x)+b5*exp(-b6*x)"),
    ("MGH09", "b1*(x^2+x*b2)/(x^2+x*b3+b4)"),
    ("MGH10", "b1*exp(b2/(x+b3))"),
    ("MGH17", "b1+b2*exp(-x*b4)+b3*exp(-x*b5)"),
    ("Misra1a", "b1*(1-exp(-b2*x))"),
    ("Misra1b", "b1*(1-(1+b2*x/2)^(-2))"),
    ("Misra1c", "b1*(1-(1+2*b2*x)^(-0.5))"),
    ("Misra1d", "b1*b2*x/(1+b2*x)"),
    ("Nelson", "b1-b2*x1*exp(-b3*x2)"),
    ("Rat42", "b1/(1+exp(b2-b3*x))"),
    ("Rat43", "b1/((1+exp(b2-b3*x))^(1/b4))"),
    ("Roszman1", "b1-b2*x-atan(b3/(x-b4))/pi"),
    ("Thurber", "(b1+b2*x+b3*x^2+b4*x^3)/(1+b5*x+b6*x^2+b7*x^3)"),
];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let Some(directory) = args.get(1) else {
        eprintln!("usage: nist DIRECTORY [SOLVER], where DIRECTORY holds the .dat files");
        std::process::exit(2);
    };
    let solver = args.get(2).map_or("lm", |s| s.as_str());
    for (name, model) in MODELS {
        let text = std::fs::read_to_string(Path::new(directory).join(format!("{name}.dat"))).expect("a data file");
        let numbers = |line: &str| -> Vec<f64> { line.split_whitespace().filter_map(|t| t.parse().ok()).collect() };
        let parameters: Vec<Vec<f64>> = text
            .lines()
            .skip(20)
            .filter(|l| l.trim_start().starts_with('b') && l.contains(" = "))
            .map(numbers)
            .collect();
        let data: Vec<Vec<f64>> = text.lines().skip(60).map(numbers).filter(|r| r.len() >= 2).collect();
        let column = |k: usize| data.iter().map(|r| r[k]).collect::<Vec<f64>>();
        let mut y = column(0);
        if *name == "Nelson" {
            y.iter_mut().for_each(|y| *y = y.ln());
        }
        let (first, second) = (column(1), if data[0].len() > 2 { column(2) } else { Vec::new() });
        let columns: Vec<(&str, &[f64])> =
            if *name == "Nelson" { vec![("x1", &first), ("x2", &second)] } else { vec![("x", &first)] };
        let compiled = Formula::parse(model).and_then(|f| f.curve(&columns, &y, None)).expect("the model");
        let index: Vec<usize> =
            compiled.variables.iter().map(|v| v.to_string()[1..].parse::<usize>().expect("bK") - 1).collect();
        let mut line = format!("{name:10}");
        let graph = std::sync::Arc::new(compiled.graph);
        for start in 0..2 {
            let mut f = Function::shared(graph.clone());
            let x: Vec<f64> = index.iter().map(|&i| parameters[i][start]).collect();
            let settings = Minimize {
                gtol: Tolerance::default(),
                max_steps: Some(20_000),
                classify: false,
                ..Minimize::default()
            };
            let mut run = SolverSpec::parse(solver).expect("a solver").build(&mut f, &x).expect("residuals");
            match settings.run(&mut f, &mut *run) {
                Ok(found) => {
                    let digits = found.x.iter().zip(&index).map(|(x, &i)| {
                        let certified = parameters[i][2];
                        -((x - certified).abs() / certified.abs()).log10()
                    });
                    let worst = digits.fold(f64::INFINITY, f64::min).min(11.0);
                    line += &format!("{worst:7.1} ({:5} steps, {})", found.steps, found.termination.reason);
                }
                Err(e) => line += &format!("  {e}"),
            }
        }
        println!("{line}");
    }
}
