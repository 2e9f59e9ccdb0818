//! Mini-batch descent: accumulation, weights, penalties, threads, resume.

use steepest_core::{FiniteSum, GradSink, Iterate, Layout, NonFinite, Partial, Real, Role, Rows};
use steepest_data::Order;
use steepest_optim::Optimizer;
use steepest_train::{BatchOptions, Budget, Checkpoint, CheckpointHeader, L1Rule, Saver, Stochastic, Trainer};

/// Weighted least squares with an intercept, as plain code.
struct LeastSquares {
    layout: Layout,
    x: Vec<Vec<f64>>,
    y: Vec<f64>,
    w: Vec<f64>,
    most_rows: usize,
}

impl LeastSquares {
    fn new(rows: usize, features: usize) -> LeastSquares {
        let mut layout = Layout::new();
        layout.push("weight", &[features], Role::Weight).unwrap();
        layout.push("bias", &[1], Role::Bias).unwrap();
        let number = |i: usize, j: usize| ((i * 31 + j * 17 + i * i * (j + 1)) as f64).sin();
        let x: Vec<Vec<f64>> = (0..rows).map(|i| (0..features).map(|j| number(i, j)).collect()).collect();
        let y = (0..rows).map(|i| 0.5 + number(i, 0) - 2.0 * number(i, 1) + 0.1 * number(i, 99)).collect();
        let w = (0..rows).map(|i| (i % 4) as f64).collect();
        LeastSquares { layout, x, y, w, most_rows: usize::MAX }
    }

    fn objective(&self, p: &[f64], l1: f64, l2: f64) -> f64 {
        let d = self.x[0].len();
        let residual = |i: usize| self.x[i].iter().zip(p).map(|(a, b)| a * b).sum::<f64>() + p[d] - self.y[i];
        let loss: f64 = (0..self.y.len()).map(|i| 0.5 * self.w[i] * residual(i).powi(2)).sum();
        let w = &p[..d];
        loss / self.w.iter().sum::<f64>()
            + 0.5 * l2 * w.iter().map(|v| v * v).sum::<f64>()
            + l1 * w.iter().map(|v| v.abs()).sum::<f64>()
    }
}

impl<T: Real> FiniteSum<T> for LeastSquares {
    type Work = ();
    fn layout(&self) -> &Layout {
        &self.layout
    }
    fn rows(&self) -> Option<u64> {
        Some(self.y.len() as u64)
    }
    fn work(&self, max_rows: usize) {
        assert!(max_rows <= self.most_rows);
    }
    fn shard(&self, p: &[T], rows: Rows<'_>, _: &mut (), mut grad: GradSink<'_, T>) -> Result<Partial, NonFinite> {
        let mut partial = Partial::default();
        assert!(rows.len() as usize <= self.most_rows);
        for k in 0..rows.len() as usize {
            let i = rows.get(k) as usize;
            let d = self.x[i].len();
            let z = self.x[i].iter().zip(p).map(|(a, b)| a * b.to_f64()).sum::<f64>() + p[d].to_f64();
            let r = z - self.y[i];
            partial.loss += 0.5 * self.w[i] * r * r;
            partial.weight += self.w[i];
            if let GradSink::Dense(g) = &mut grad {
                (0..d).for_each(|j| g[j] += T::from_f64(self.w[i] * r * self.x[i][j]));
                g[d] += T::from_f64(self.w[i] * r);
            }
        }
        Ok(partial)
    }
}

fn options(sum: &LeastSquares, batch: usize) -> BatchOptions {
    BatchOptions {
        batch,
        micro_batch: 0,
        order: Order::Shuffled,
        seed: 5,
        l1: 0.0,
        l2: 0.1,
        l1_rule: L1Rule::Subgradient,
        total_weight: sum.w.iter().sum(),
    }
}

fn bound<'s>(sum: &'s LeastSquares, rule: &str, options: BatchOptions) -> Stochastic<'s, f64, LeastSquares> {
    let optimizer = Optimizer::parse(rule, &sum.layout).unwrap();
    Stochastic::new(sum, optimizer, &vec![0.0; sum.layout.len()], options, None).unwrap()
}

fn point(iterate: &dyn Iterate) -> Vec<f64> {
    let mut x = vec![0.0; iterate.layout().len()];
    iterate.point(&mut x);
    x
}

fn steps(iterate: &mut dyn Iterate, n: usize) -> Vec<f64> {
    (0..n).for_each(|_| {
        iterate.step().unwrap();
    });
    point(iterate)
}

#[test]
fn accumulated_is_full_batch() {
    let mut sum = LeastSquares::new(1000, 6);
    let whole = steps(&mut bound(&sum, "sgd:lr=0.3,momentum=0.5", options(&sum, 0)), 50);
    sum.most_rows = 7;
    let micro = BatchOptions { micro_batch: 7, ..options(&sum, 0) };
    let accumulated = steps(&mut bound(&sum, "sgd:lr=0.3,momentum=0.5", micro), 50);
    for (a, b) in whole.iter().zip(&accumulated) {
        assert!((a - b).abs() < 1e-14, "{a} {b}");
    }
}

#[test]
fn the_mean_over_the_batches_of_an_epoch_is_the_gradient_whatever_the_weights() {
    // With η so small that x stays, the movement over an epoch is η times the sum of the batches' gradients.
    let sum = LeastSquares::new(40, 3);
    let moved = |batch, n: usize| steps(&mut bound(&sum, "sgd:lr=1e-9", options(&sum, batch)), n);
    let (one, eight) = (moved(0, 1), moved(5, 8));
    for (a, b) in one.iter().zip(&eight) {
        assert!((8.0 * a - b).abs() < 1e-7 * a.abs(), "{a} {b}");
    }
}

#[test]
fn full_batches_reach_the_minimum_with_every_penalty() {
    let sum = LeastSquares::new(60, 4);
    for (l1, l1_rule) in [(0.0, L1Rule::Prox), (0.3, L1Rule::Prox)] {
        let options = BatchOptions { l1, l1_rule, ..options(&sum, 0) };
        let mut run = bound(&sum, "sgd:lr=0.5", options);
        let x = steps(&mut run, 3000);
        let best = sum.objective(&x, l1, 0.1);
        assert!(l1 == 0.0 || x.contains(&0.0), "soft thresholding gives exact zeros: {x:?}");
        for j in 0..x.len() {
            for h in [-1e-4, 1e-4] {
                let mut other = x.clone();
                other[j] += h;
                assert!(sum.objective(&other, l1, 0.1) >= best, "{l1} {j} {h}");
            }
        }
        let reported = run.step().unwrap().value.unwrap();
        assert!((reported - best).abs() < 1e-12);
    }
}

#[test]
fn threads_change_no_bit() {
    let sum = LeastSquares::new(5000, 60);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| steps(&mut bound(&sum, "adam:lr=0.01", options(&sum, 4000)), 20))
    };
    assert_eq!(run(1), run(2));
    assert_eq!(run(1), run(7));
}

#[test]
fn resumed_at_any_step_of_an_epoch_it_goes_on_with_the_same_bits() {
    let sum = LeastSquares::new(50, 3);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.safetensors");
    for rule in ["sgd:lr=0.1,momentum=0.9", "adam:lr=0.01", "adagrad:lr=0.1"] {
        for order in [Order::Shuffled, Order::Replacement, Order::Sequential] {
            let options = BatchOptions { order, ..options(&sum, 8) };
            let whole = steps(&mut bound(&sum, rule, options.clone()), 30);
            for k in 0..30 {
                let mut first = bound(&sum, rule, options.clone());
                steps(&mut first, k);
                let mut saver = Saver::new();
                first.visit(&mut saver);
                saver.write(&path, &CheckpointHeader::default()).unwrap();
                let mut second = bound(&sum, rule, options.clone());
                Checkpoint::read(&path).unwrap().load(|v| second.visit(v)).unwrap();
                assert_eq!(steps(&mut second, 30 - k), whole, "{rule} {order:?} {k}");
                assert_eq!(second.counts().gradient, 30);
            }
        }
    }
}

#[test]
fn a_row_that_is_not_finite_stops_before_it_reaches_the_parameters() {
    let mut sum = LeastSquares::new(20, 3);
    sum.x[13][1] = f64::NAN;
    sum.w[13] = 1.0;
    let mut run = bound(&sum, "sgd:lr=0.1", options(&sum, 4));
    let mut trainer = Trainer {
        budget: Budget { epochs: Some(3), ..Budget::default() },
        cadence: steepest_train::Cadence { steps_per_epoch: Some(5), ..Default::default() },
        stochastic: true,
        ..Trainer::default()
    };
    let outcome = trainer.run(&mut run).unwrap();
    assert_eq!(outcome.termination.reason, steepest_core::Reason::Diverged);
    assert!(outcome.point.iter().all(|v| v.is_finite()));
    assert!(outcome.step < 5 && outcome.termination.detail.contains("is NaN"), "{}", outcome.termination.detail);
}
