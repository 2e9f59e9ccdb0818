//! The test problems against values that others compute (`peers/values.csv`, made by `peers/values.py`).

use std::collections::BTreeSet;

use steepest_functions::problems;

#[test]
fn values_agree_with_peers() {
    let mut seen = BTreeSet::new();
    for line in include_str!("peers/values.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [name, n, k, value] = fields[..] else { panic!("{line}") };
        let (k, theirs): (f64, f64) = (k.parse().unwrap(), value.parse().unwrap());
        let mut problem = problems::build(name, Some(n.parse().unwrap())).unwrap();
        let moved = |(i, x): (usize, &f64)| x + 0.1 * k * ((i + 1) as f64 + k).sin() * x.abs().max(0.1);
        let x: Vec<f64> = problem.start.iter().enumerate().map(moved).collect();
        let ours = problem.objective.at(&x).unwrap();
        assert!((ours - theirs).abs() <= 1e-9 * theirs.abs() + 1e-13, "{name} at {k}: {ours}, peer {theirs}");
        seen.insert(name);
    }
    assert!(seen.len() >= 150, "{}", seen.len());
}
