use std::collections::BTreeMap;

use steepest_core::Iterate;
use steepest_data::{Matrix, Order, Sparse, Values};
use steepest_optim::Schedule;

use super::*;
use crate::linear::LinearProblem;
use crate::linear::rows::{RowDescent, RowOptions, RowRule};

/// A number in [−1, 1) that depends on both.
fn noise(i: usize, j: usize) -> f64 {
    let mut h = (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (j as u64).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    h = (h ^ (h >> 31)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (h >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

struct Data {
    rows: Vec<(Vec<u32>, Vec<f64>)>,
    target: Vec<f64>,
}

/// Sparse rows, about a third of the features of each; a feature's scale is 2 to the power of its number, if asked for.
fn data(n: usize, d: usize, loss: Loss, scaled: bool) -> Data {
    noisy_data(n, d, loss, scaled, 0.5)
}

fn noisy_data(n: usize, d: usize, loss: Loss, scaled: bool, size: f64) -> Data {
    let mut data = Data { rows: Vec::new(), target: Vec::new() };
    for i in 0..n {
        let indices: Vec<u32> = (0..d as u32).filter(|&j| noise(i, j as usize) > 0.3 || j as usize == i % d).collect();
        let plain: Vec<f64> = indices.iter().map(|&j| noise(i + 7, j as usize + 100)).collect();
        let score: f64 = indices
            .iter()
            .zip(&plain)
            .map(|(&j, x)| x * (1.0 + f64::from(j % 3)) * if j % 2 == 0 { 1.0 } else { -1.0 })
            .sum();
        let noisy = score + size * noise(i, 999);
        data.target.push(match loss {
            Loss::Squared | Loss::Huber(_) | Loss::Quantile(_) => noisy,
            Loss::Poisson => (0.4 * noisy).exp().round(),
            Loss::Softmax(k) => ((noisy + 2.0).max(0.0) as usize).min(k - 1) as f64,
            _ => noisy.signum(),
        });
        let scale = |j: u32| if scaled { f64::from(2 << (j % 8)) } else { 1.0 };
        let values = indices.iter().zip(&plain).map(|(&j, x)| x * scale(j)).collect();
        data.rows.push((indices, values));
    }
    data
}

impl Data {
    fn row(&self, i: usize) -> Row<'_> {
        Row::new(&self.rows[i].0, &self.rows[i].1, self.target[i])
    }

    fn problem(&self, d: usize, loss: Loss) -> LinearProblem {
        let mut m =
            Sparse { rows: self.rows.len(), cols: d, starts: vec![0], indices: vec![], values: Values::Ones(0) };
        let mut values = Vec::new();
        for (indices, row) in &self.rows {
            m.indices.extend(indices);
            values.extend(row);
            m.starts.push(m.indices.len());
        }
        m.values = Values::narrow(values);
        LinearProblem::new(Matrix::Sparse(m), self.target.clone(), loss)
    }
}

fn rule(text: &str) -> OnlineRule {
    OnlineRule::parse(text).unwrap().rule
}

const LOSSES: [Loss; 8] = [
    Loss::Squared,
    Loss::Huber(0.7),
    Loss::Quantile(0.3),
    Loss::Poisson,
    Loss::Logistic,
    Loss::Hinge,
    Loss::SquaredHinge,
    Loss::Softmax(3),
];

/// The derivatives of the loss by the linear predictors, written out once more.
fn derivatives(loss: Loss, z: &[f64], y: f64) -> Vec<f64> {
    let z0 = z[0];
    vec![match loss {
        Loss::Squared => z0 - y,
        Loss::Huber(d) => (z0 - y).max(-d).min(d),
        Loss::Quantile(tau) if y > z0 => -tau,
        Loss::Quantile(tau) => 1.0 - tau,
        Loss::Poisson => z0.exp() - y,
        Loss::Logistic => -y / (1.0 + (y * z0).exp()),
        Loss::Hinge => {
            if y * z0 < 1.0 {
                -y
            } else {
                0.0
            }
        }
        Loss::SquaredHinge => -2.0 * y * (1.0 - y * z0).max(0.0),
        Loss::Softmax(_) => {
            let total: f64 = z.iter().map(|z| z.exp()).sum();
            return z.iter().enumerate().map(|(c, z)| z.exp() / total - f64::from(u8::from(c == y as usize))).collect();
        }
    }]
}

/// A number for each feature and output.
type Table = BTreeMap<(u32, usize), f64>;

/// FTRL-Proximal as algorithm 1 of the paper says it, weight by weight in maps; the intercept is a feature of ones without penalty.
fn ftrl_by_the_paper(data: &Data, loss: Loss, [alpha, beta, l1, l2]: [f64; 4]) -> (Vec<Vec<f64>>, Table) {
    const BIAS: u32 = u32::MAX;
    let k = loss.outputs();
    let (mut z, mut n) = (Table::new(), Table::new());
    let weight = |z: &Table, n: &Table, key: (u32, usize)| -> f64 {
        let (z, n) = (*z.get(&key).unwrap_or(&0.0), *n.get(&key).unwrap_or(&0.0));
        let (l1, l2) = if key.0 == BIAS { (0.0, 0.0) } else { (l1, l2) };
        if z.abs() <= l1 { 0.0 } else { -(1.0 / ((beta + n.sqrt()) / alpha + l2)) * (z - z.signum() * l1) }
    };
    let mut predicted = Vec::new();
    for (i, (indices, values)) in data.rows.iter().enumerate() {
        let features: Vec<(u32, f64)> =
            indices.iter().copied().zip(values.iter().copied()).chain([(BIAS, 1.0)]).collect();
        let scores: Vec<f64> =
            (0..k).map(|c| features.iter().map(|&(j, x)| x * weight(&z, &n, (j, c))).sum()).collect();
        let d = derivatives(loss, &scores, data.target[i]);
        for &(j, x) in &features {
            for (c, d) in d.iter().enumerate() {
                let (w, g) = (weight(&z, &n, (j, c)), d * x);
                let n = n.entry((j, c)).or_insert(0.0);
                let sigma = ((*n + g * g).sqrt() - n.sqrt()) / alpha;
                *z.entry((j, c)).or_insert(0.0) += g - sigma * w;
                *n += g * g;
            }
        }
        predicted.push(scores);
    }
    let weights = z.keys().map(|&key| (key, weight(&z, &n, key))).collect();
    (predicted, weights)
}

#[test]
fn ftrl_is_the_papers() {
    for loss in LOSSES {
        let data = data(400, 12, loss, false);
        let (predicted, weights) = ftrl_by_the_paper(&data, loss, [0.3, 0.7, 0.8, 0.2]);
        let mut learner = OnlineLearner::new(loss, rule("ftrl:lr=0.3,beta=0.7,l1=0.8,l2=0.2"), true);
        for (i, predicted) in predicted.iter().enumerate() {
            learner.learn(&data.row(i)).unwrap();
            for (a, b) in learner.scores().iter().zip(predicted) {
                assert!((a - b).abs() <= 1e-10 * (1.0 + b.abs()), "{loss:?} row {i}: {a} against {b}");
            }
        }
        for (&(j, c), &w) in &weights {
            let ours = if j == u32::MAX { learner.intercept_of(c) } else { learner.weight(j as usize, c) };
            assert!((ours - w).abs() <= 1e-10 * (1.0 + w.abs()), "{loss:?} {j} {c}: {ours} against {w}");
        }
        let zeros = weights.iter().filter(|(key, w)| key.0 != u32::MAX && **w == 0.0).count();
        assert_eq!(learner.nonzeros(), weights.len() - loss.outputs() - zeros);
    }
}

/// Algorithm 2 of Ross, Mineiro and Langford, in dense vectors with the intercept as the last feature.
#[test]
fn normalized_is_the_papers() {
    let (d, eta) = (12, 0.5);
    for loss in [Loss::Squared, Loss::Logistic, Loss::Hinge] {
        let data = data(500, d, loss, true);
        let mut learner = OnlineLearner::new(loss, rule("normalized:0.5"), true);
        let (mut w, mut s, mut sums, mut total) = (vec![0.0; d + 1], vec![0.0f64; d + 1], vec![0.0; d + 1], 0.0);
        for i in 0..data.rows.len() {
            let mut x = vec![0.0; d + 1];
            data.rows[i].0.iter().zip(&data.rows[i].1).for_each(|(&j, &v)| x[j as usize] = v);
            x[d] = 1.0;
            for j in 0..=d {
                if x[j].abs() > s[j] {
                    w[j] = w[j] * s[j] / x[j].abs();
                    s[j] = x[j].abs();
                }
            }
            let z: f64 = (0..=d).map(|j| w[j] * x[j]).sum();
            total += (0..=d).filter(|&j| s[j] > 0.0).map(|j| x[j] * x[j] / (s[j] * s[j])).sum::<f64>();
            let r = derivatives(loss, &[z], data.target[i])[0];
            for j in 0..=d {
                let g = r * x[j];
                sums[j] += g * g;
                if g != 0.0 {
                    w[j] -= eta * ((i + 1) as f64 / total).sqrt() / (s[j] * f64::sqrt(sums[j])) * g;
                }
            }
            learner.learn(&data.row(i)).unwrap();
            let ours = learner.scores()[0];
            assert!((ours - z).abs() <= 1e-9 * (1.0 + z.abs()), "{loss:?} row {i}: {ours} against {z}");
        }
    }
}

/// What the rule is for: units do not matter.
#[test]
fn normalized_does_not_see_the_units() {
    let (plain, scaled) = (data(300, 10, Loss::Logistic, false), data(300, 10, Loss::Logistic, true));
    let mut learners = [0, 1].map(|_| OnlineLearner::new(Loss::Logistic, rule("normalized"), true));
    for i in 0..300 {
        let a = learners[0].learn(&plain.row(i)).unwrap();
        let b = learners[1].learn(&scaled.row(i)).unwrap();
        assert!((a - b).abs() < 1e-9, "row {i}: {a} against {b}");
    }
}

/// The loop over a matrix that stands beside this one, written apart: the same updates in the order of the file.
#[test]
fn one_pass_is_descent_by_rows_in_the_order_of_the_file() {
    for loss in LOSSES {
        let (n, d) = (300, 9);
        let data = data(n, d, loss, false);
        let mut problem = data.problem(d, loss);
        let cases = [
            ("sgd:lr=0.05,power=0", RowRule::Sgd, 0.05),
            ("adagrad:lr=0.2,eps=1e-3", RowRule::AdaGrad { eps: 1e-3, initial: 0.0 }, 0.2),
        ];
        let penalties = [(0.0, 0.0), (0.02, 0.0), (0.0, 0.1), (0.01, 30.0)];
        for ((text, row_rule, lr), (l1, l2)) in cases.into_iter().flat_map(|c| penalties.map(|p| (c, p))) {
            (problem.l1, problem.l2) = (l1, l2);
            let mut learner = OnlineLearner::new(loss, rule(text), true).with_penalty(l1, l2).unwrap();
            (0..n).for_each(|i| {
                learner.learn(&data.row(i)).unwrap();
            });
            let options = RowOptions { rule: row_rule, lr: Schedule::constant(lr), order: Order::Sequential, seed: 0 };
            let mut rows = RowDescent::new(&problem, options, None);
            rows.limit(n as u64);
            while rows.counts().value < n as u64 {
                rows.step().unwrap();
            }
            let mut x = vec![0.0; problem.parameters()];
            rows.point(&mut x);
            for (a, b) in learner.point().iter().zip(&x) {
                assert!((a - b).abs() <= 1e-10 * (1.0 + b.abs()), "{loss:?} {text}: {a} against {b}");
            }
        }
    }
}

/// The penalty of `normalized` written out: each weight keeps its own rate, and catches up when it is seen.
#[test]
fn a_penalty_is_a_proximal_step_at_the_rate_of_the_weight() {
    let (n, d, lr, l1, l2) = (200, 7, 0.4, 0.03, 0.2);
    let mut data = data(n, d, Loss::Squared, true);
    // Scales that grow while the rows come.
    data.rows.iter_mut().enumerate().for_each(|(i, row)| row.1.iter_mut().for_each(|x| *x *= 1.0 + i as f64 / 50.0));
    let mut learner = OnlineLearner::new(Loss::Squared, rule("normalized:0.4"), false).with_penalty(l1, l2).unwrap();
    let (mut w, mut g2, mut s, mut missed) = ([0.0f64; 7], [0.0f64; 7], [0.0f64; 7], [0.0f64; 7]);
    let mut size = 0.0;
    let shrink = |w: f64, g2: f64, s: f64, missed: f64| {
        let rate = missed / (s * g2.sqrt());
        if s * g2 > 0.0 { w.signum() * (w.abs() - rate * l1).max(0.0) / (1.0 + rate * l2) } else { w }
    };
    for t in 0..n {
        let (indices, values) = &data.rows[t];
        let mut z = 0.0;
        for (&j, &x) in indices.iter().zip(values) {
            let j = j as usize;
            w[j] = shrink(w[j], g2[j], s[j], std::mem::take(&mut missed[j]));
            if x.abs() > s[j] {
                w[j] *= s[j] / x.abs();
                s[j] = x.abs();
            }
            z += x * w[j];
            size += (x / s[j]).powi(2);
        }
        let rate = lr * ((t + 1) as f64 / size).sqrt();
        for (&j, &x) in indices.iter().zip(values) {
            let (j, g) = (j as usize, (z - data.target[t]) * x);
            g2[j] += g * g;
            w[j] -= rate * g / (s[j] * g2[j].sqrt());
        }
        missed.iter_mut().for_each(|m| *m += rate);
        learner.learn(&data.row(t)).unwrap();
    }
    for j in 0..d {
        let plain = shrink(w[j], g2[j], s[j], missed[j]);
        assert!((learner.weight(j, 0) - plain).abs() < 1e-10 * (1.0 + plain.abs()), "{j}: {plain}");
    }
}

#[test]
fn a_penalty_leaves_few_weights_and_is_refused_by_name() {
    let data = data(2000, 40, Loss::Logistic, false);
    for text in ["sgd:0.3", "adagrad:0.3", "normalized"] {
        let count = |l1: f64| {
            let mut learner = OnlineLearner::new(Loss::Logistic, rule(text), true).with_penalty(l1, 0.0).unwrap();
            (0..2000).for_each(|i| assert!(learner.learn(&data.row(i)).is_ok()));
            learner.nonzeros()
        };
        assert!(count(0.0) == 40 && count(0.1) < 30 && count(10.0) == 0, "{text}: {} {}", count(0.1), count(10.0));
    }
    let refused = |text: &str, l1: f64, l2: f64| {
        OnlineLearner::new(Loss::Squared, rule(text), true).with_penalty(l1, l2).unwrap_err().to_string()
    };
    assert!(refused("ftrl", 0.1, 0.0).contains("ftrl:l1="));
    assert!(refused("sgd:radius=2", 0.0, 0.1).contains("leave one of them out"));
    assert!(refused("adagrad", f64::NAN, 0.1).contains("l1 is NaN"));
}

/// Zinkevich's bound, with η = D/(G√t) in a ball of diameter D that holds the best fixed weights: regret ≤ 1.5·D·G·√T at every T.
#[test]
fn regret_stays_below_its_bound() {
    for loss in [Loss::Logistic, Loss::Hinge] {
        let (n, d) = (6000, 10);
        // Labels that no weights explain keep the best ones small.
        let data = noisy_data(n, d, loss, false, 4.0);
        let norm = |i: usize| (1.0 + data.rows[i].1.iter().map(|x| x * x).sum::<f64>()).sqrt();
        // Both losses have slopes of at most 1.
        let slope = (0..n).map(norm).fold(0.0, f64::max);
        let radius = 8.0;
        let mut learner =
            OnlineLearner::new(loss, rule(&format!("sgd:lr={},radius={radius}", 2.0 * radius / slope)), true);
        let losses: Vec<f64> = (0..n).map(|i| learner.learn(&data.row(i)).unwrap()).collect();
        let mut last = f64::INFINITY;
        for rows in [375, 1500, 6000] {
            let part = Data { rows: data.rows[..rows].to_vec(), target: data.target[..rows].to_vec() };
            let mut problem = part.problem(d, loss);
            problem.l2 = 1e-3 / rows as f64;
            let best = best_fixed(&problem, 1e-6).unwrap();
            assert!(best.certificate.relative().unwrap() <= 1e-6, "{loss:?}: {:?}", best.certificate);
            assert!(best.point.iter().map(|w| w * w).sum::<f64>().sqrt() < radius, "the ball holds the comparator");
            let regret = losses[..rows].iter().sum::<f64>() - best.total_loss;
            let bound = 1.5 * 2.0 * radius * slope * (rows as f64).sqrt();
            assert!(regret > 0.0 && regret <= bound, "{loss:?}, {rows} rows: {regret} of {bound}");
            assert!(regret / (rows as f64) < 0.75 * last, "{loss:?}: the mean regret does not fall");
            last = regret / rows as f64;
        }
        // Without the ball nothing keeps it; with it the weights stay inside.
        assert!(learner.point().iter().map(|w| w * w).sum::<f64>().sqrt() <= radius * (1.0 + 1e-12));
    }
}

#[test]
fn the_ball_is_projected_onto() {
    let radius = 0.5;
    let data = data(2000, 6, Loss::Squared, false);
    let mut learner = OnlineLearner::new(Loss::Squared, rule(&format!("sgd:lr=0.1,radius={radius}")), true);
    let (mut w, mut shrunk) = (vec![0.0; 7], 0);
    for i in 0..2000 {
        learner.learn(&data.row(i)).unwrap();
        let mut x = vec![0.0; 7];
        data.rows[i].0.iter().zip(&data.rows[i].1).for_each(|(&j, &v)| x[j as usize] = v);
        x[6] = 1.0;
        let z: f64 = w.iter().zip(&x).map(|(w, x)| w * x).sum();
        let eta = 0.1 / ((i + 1) as f64).sqrt();
        w.iter_mut().zip(&x).for_each(|(w, x)| *w -= eta * (z - data.target[i]) * x);
        let norm = w.iter().map(|w| w * w).sum::<f64>().sqrt();
        if norm > radius {
            w.iter_mut().for_each(|w| *w *= radius / norm);
            shrunk += 1;
        }
    }
    assert!(shrunk > 100);
    for (a, b) in learner.point().iter().zip(&w) {
        assert!((a - b).abs() < 1e-9, "{a} against {b}");
    }
}

#[test]
fn every_rule_learns_every_loss() {
    for loss in LOSSES {
        let data = data(3000, 10, loss, false);
        for text in ["sgd:0.2", "adagrad:0.3", "normalized", "ftrl:0.3"] {
            let mut learner = OnlineLearner::new(loss, rule(text), true);
            let mut progress = Progress::default();
            for i in 0..3000 {
                progress.add(learner.learn(&data.row(i)).unwrap(), 1.0);
            }
            let marks = progress.finish();
            let (first, last) = (marks[6], marks[marks.len() - 1]);
            assert!(last.recent < first.mean, "{loss:?} {text}: {} after {}", last.recent, first.mean);
            assert_eq!(last.rows, 3000);
        }
    }
}

#[test]
fn rows_that_are_not_finite_change_nothing() {
    for text in ["sgd", "adagrad", "normalized", "ftrl"] {
        let mut learner = OnlineLearner::new(Loss::Squared, rule(text), true);
        learner.learn(&Row::new(&[0, 2], &[1.0, -2.0], 1.0)).unwrap();
        let before = learner.point();
        for (values, target) in [([f64::NAN, 1.0], 1.0), ([1.0, 1.0], f64::INFINITY), ([1e200, 1.0], 1e200)] {
            let told = learner.learn(&Row::new(&[0, 2], &values, target)).unwrap_err();
            assert!(matches!(told, NonFinite::Row { row: 1, .. }), "{text}: {told:?}");
            // A scale that was noted is all that may differ, and only where the value was a number.
            if text != "normalized" {
                assert_eq!(learner.point(), before, "{text}");
            }
        }
    }
}

#[test]
fn marks_are_means() {
    let mut progress = Progress::default();
    let seen: Vec<Mark> = (1..=10).filter_map(|k| progress.add(f64::from(k), 2.0)).collect();
    assert_eq!(seen.iter().map(|m| m.rows).collect::<Vec<_>>(), [1, 2, 4, 8]);
    assert_eq!((seen[2].mean, seen[2].recent), (2.5, 3.5));
    assert_eq!((progress.total(), progress.mean(), progress.rows()), (110.0, 5.5, 10));
    assert_eq!(progress.finish().last(), Some(&Mark { rows: 10, mean: 5.5, recent: 9.5 }));
}

#[test]
fn texts_are_read_and_written() {
    for text in [
        "sgd:lr=0.3,power=0.5,radius=2",
        "adagrad:lr=0.1,eps=1e-10",
        "normalized:lr=0.5",
        "ftrl:lr=0.1,beta=1,l1=0.5,l2=0",
    ] {
        let spec = OnlineRule::parse(text).unwrap();
        assert_eq!(rule(&spec.rule.to_string()), spec.rule);
        assert!(spec.rate_given);
    }
    assert!(!OnlineRule::parse("ftrl:l1=1").unwrap().rate_given && OnlineRule::parse("sgd:0.1").unwrap().rate_given);
    for (text, part) in [
        ("adam", "the names are sgd, adagrad, normalized, ftrl"),
        ("ftrl:alpha=1", "its options are lr, l1, l2, beta"),
        ("sgd:lr=0", "a number > 0"),
        ("sgd | clip:1", "is no chain"),
    ] {
        let told = OnlineRule::parse(text).unwrap_err().to_string();
        assert!(told.contains(part), "{text}: {told}");
    }
}

/// Keeps what is visited, or puts it back.
#[derive(Default)]
struct Saved {
    vectors: Vec<Vec<f64>>,
    numbers: Vec<f64>,
    load: bool,
}

impl Saved {
    fn vector(&mut self, values: &mut [f64]) {
        if self.load {
            values.copy_from_slice(&self.vectors.remove(0));
        } else {
            self.vectors.push(values.to_vec());
        }
    }
}

impl StateVisitor for Saved {
    fn f32s(&mut self, _: &str, _: &mut [f32]) {}
    fn f64s(&mut self, _: &str, values: &mut [f64]) {
        self.vector(values);
    }
    fn bytes(&mut self, _: &str, _: &mut [u8]) {}
    fn int(&mut self, name: &str, value: &mut u64) {
        let mut number = *value as f64;
        self.number(name, &mut number);
        *value = number as u64;
    }
    fn number(&mut self, _: &str, value: &mut f64) {
        if self.load {
            *value = self.numbers.remove(0);
        } else {
            self.numbers.push(*value);
        }
    }
    fn history(&mut self, _: &str, values: &mut Vec<f64>) {
        if self.load {
            *values = self.vectors.remove(0);
        } else {
            self.vectors.push(values.clone());
        }
    }
}

#[test]
fn a_saved_learner_goes_on_as_if_it_had_not_stopped() {
    for loss in [Loss::Logistic, Loss::Softmax(3)] {
        let data = data(400, 9, loss, false);
        let cases = ["sgd:lr=1,radius=0.7", "adagrad", "normalized", "ftrl:0.3,l1=0.5"].map(|text| (text, 0.0, 0.0));
        let penalized = ["sgd", "adagrad", "normalized"].map(|text| (text, 0.01, 0.1));
        for (text, l1, l2) in cases.into_iter().chain(penalized) {
            let fresh = || OnlineLearner::new(loss, rule(text), true).with_penalty(l1, l2).unwrap();
            let (mut whole, mut progress) = (fresh(), Progress::default());
            let mut saved = Saved::default();
            for i in 0..400 {
                if i == 150 {
                    whole.visit(&mut saved);
                    progress.visit(&mut saved);
                }
                progress.add(whole.learn(&data.row(i)).unwrap(), 1.5);
            }
            let (mut resumed, mut summed) = (fresh(), Progress::default());
            saved.load = true;
            resumed.visit(&mut saved);
            summed.visit(&mut saved);
            (150..400).for_each(|i| {
                summed.add(resumed.learn(&data.row(i)).unwrap(), 1.5);
            });
            assert_eq!(progress.total().to_bits(), summed.total().to_bits());
            assert_eq!(progress.finish(), summed.finish());
            let bits = |learner: &OnlineLearner| learner.point().iter().map(|w| w.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&whole), bits(&resumed), "{loss:?} {text}");
        }
    }
}
