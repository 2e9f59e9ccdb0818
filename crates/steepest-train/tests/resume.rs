//! n steps ≡ k steps + kill + resume + (n − k) steps, to the bit: model, checkpoint, and records without their seconds.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use steepest_core::{
    Certificate, Evaluations, Iterate, Layout, Reason, StateVisitor, StepInfo, Stop,
    random::{Purpose, Stream},
};
use steepest_train::{
    Budget, Cadence, Divergence, EarlyStopping, GapTarget, Outcome, Plateau, RunDir, Scores, Split, Store, Trainer,
    Watch,
};

/// Noisy momentum descent on ½‖x‖², in single steps or in calls of up to 16, with a history that grows.
struct Fake {
    layout: Layout,
    x: Vec<f64>,
    velocity: Vec<f32>,
    history: Vec<f64>,
    step: u64,
    lr: f64,
    gradients: u64,
    bulk: bool,
    limit: u64,
    loss_sum: f64,
    /// Ends the process, as far as the run can tell, when this step is to be made.
    killed_at: Option<u64>,
}

const BULK: u64 = 16;

impl Fake {
    fn new(bulk: bool) -> Fake {
        Fake {
            layout: Layout::vector(5),
            x: vec![1.0, -2.0, 3.0, -4.0, 5.0],
            velocity: vec![0.0; 5],
            history: Vec::new(),
            step: 0,
            lr: 0.1,
            gradients: 0,
            bulk,
            limit: u64::MAX,
            loss_sum: 0.0,
            killed_at: None,
        }
    }

    fn one(&mut self) {
        if self.killed_at == Some(self.step + 1) {
            resume_unwind(Box::new("killed"));
        }
        self.loss_sum += 0.5 * self.x.iter().map(|x| x * x).sum::<f64>();
        let noise = Stream::new(7, Purpose::NOISE, self.step);
        for (i, (x, v)) in self.x.iter_mut().zip(&mut self.velocity).enumerate() {
            let g = *x + 0.1 * noise.normal(i as u64);
            *v = (0.9 * f64::from(*v) + g) as f32;
            *x -= self.lr * f64::from(*v);
        }
        self.step += 1;
        self.gradients += 1;
        if self.step.is_multiple_of(10) {
            self.history.push(self.x[0]);
        }
    }
}

impl Iterate for Fake {
    fn step(&mut self) -> Result<StepInfo, Stop> {
        let info = |value| StepInfo { value, lr: Some(self.lr), ..StepInfo::default() };
        let mut info = info(None);
        let mut end = self.step + 1;
        if self.bulk {
            end = ((self.step / BULK + 1) * BULK).min((self.step / 50 + 1) * 50);
        }
        let cut = end.min(self.limit);
        while self.step < cut {
            self.one();
        }
        if cut == end {
            info.value = Some(std::mem::take(&mut self.loss_sum));
        }
        info.step = self.step;
        Ok(info)
    }
    fn point(&self, out: &mut [f64]) {
        out.copy_from_slice(&self.x);
    }
    fn layout(&self) -> &Layout {
        &self.layout
    }
    fn certificate(&mut self) -> Certificate {
        Certificate::none("it is noisy")
    }
    fn counts(&self) -> Evaluations {
        Evaluations { gradient: self.gradients, ..Evaluations::default() }
    }
    fn visit(&mut self, state: &mut dyn StateVisitor) {
        state.f64s("x", &mut self.x);
        state.f32s("velocity", &mut self.velocity);
        state.history("history", &mut self.history);
        state.int("step", &mut self.step);
        state.number("lr", &mut self.lr);
        state.int("gradients", &mut self.gradients);
        state.number("loss_sum", &mut self.loss_sum);
    }
    fn scale_lr(&mut self, factor: f64) -> bool {
        self.lr *= factor;
        true
    }
    fn limit(&mut self, step: u64) {
        self.limit = step;
    }
}

fn scores(x: &[f64]) -> Scores {
    let norm = x.iter().map(|x| x * x).sum::<f64>();
    Scores { objective: Some(0.5 * norm), valid: vec![("rmse".into(), norm.sqrt())], ..Scores::default() }
}

struct Plan {
    bulk: bool,
    evaluates: bool,
    checkpoint_steps: Option<u64>,
    patience: u64,
}

/// One session of a run; `None` when it was killed.
fn session(path: &Path, plan: &Plan, steps: u64, killed_at: Option<u64>) -> Option<Outcome> {
    let run = if path.join("config.toml").exists() { RunDir::open(path) } else { RunDir::create(path) }.unwrap();
    run.write_config("seed = 0\n").unwrap();
    let mut fake = Fake { killed_at, ..Fake::new(plan.bulk) };
    let watch = Watch { split: Split::Valid, metric: "rmse".into(), higher_is_better: false };
    let mut trainer = Trainer {
        budget: Budget { steps: Some(steps), ..Budget::default() },
        cadence: Cadence {
            steps_per_epoch: Some(50),
            evaluate: plan.evaluates.then_some(10),
            checkpoint_steps: plan.checkpoint_steps,
            ..Cadence::default()
        },
        stochastic: true,
        monitors: vec![
            Box::new(Divergence::default()),
            Box::new(Plateau::new(Some(watch.clone()), 0.5, 2)),
            Box::new(EarlyStopping::new(watch.clone(), plan.patience, 0.0)),
            Box::new(GapTarget::new(1e-6, 50)),
        ],
        evaluate: plan.evaluates.then(|| Box::new(scores) as Box<dyn FnMut(&[f64]) -> Scores>),
        watch: plan.evaluates.then_some(watch),
        restore_best: plan.evaluates,
        store: Some(Store { run: &run, config: "c", data: "d" }),
        ..Trainer::default()
    };
    catch_unwind(AssertUnwindSafe(|| trainer.run(&mut fake).unwrap())).ok()
}

/// The records without their seconds, and the bytes of the checkpoint.
fn files(path: &Path) -> (String, Vec<u8>) {
    let text = fs::read_to_string(path.join("metrics.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().map(|l| &l[..l.find(",\"seconds\"").unwrap()]).collect();
    (lines.join("\n"), fs::read(path.join("checkpoint.safetensors")).unwrap())
}

fn assert_same(a: &Path, b: &Path) {
    let ((records, checkpoint), (other_records, other_checkpoint)) = (files(a), files(b));
    assert_eq!(records, other_records, "{}", a.display());
    assert!(checkpoint == other_checkpoint, "the checkpoints of {} and {} differ", a.display(), b.display());
}

#[test]
fn killed_at_any_step_and_resumed_is_the_same_run() {
    let base = tempfile::tempdir().unwrap();
    for (p, (bulk, evaluates)) in [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate() {
        let plan = Plan { bulk, evaluates, checkpoint_steps: Some(13), patience: u64::MAX };
        let whole_path = base.path().join(format!("whole-{p}"));
        let whole = session(&whole_path, &plan, 123, None).unwrap();
        assert_eq!((whole.termination.reason, whole.step), (Reason::Completed, 123));
        for kill in [1, 2, 13, 14, 15, 16, 17, 49, 50, 51, 77, 100, 122, 123] {
            let path = base.path().join(format!("killed-{p}-{kill}"));
            assert!(session(&path, &plan, 123, Some(kill)).is_none());
            // A write cut short leaves a temporary file; records behind the checkpoint may be cut anywhere.
            fs::write(path.join(".checkpoint.safetensors.1-1.steepest-tmp"), b"half").unwrap();
            let metrics = path.join("metrics.jsonl");
            let mut text = fs::read(&metrics).unwrap();
            text.extend(b"{\"step\":99,\"obj");
            fs::write(&metrics, text).unwrap();
            let resumed = session(&path, &plan, 123, None).unwrap();
            assert_eq!(resumed.resumed_at.is_some(), kill > 13, "{kill}");
            assert_eq!(resumed.point, whole.point, "killed at {kill}");
            assert_same(&path, &whole_path);
            assert!(!path.join(".checkpoint.safetensors.1-1.steepest-tmp").exists());
        }
    }
}

#[test]
fn a_larger_budget_goes_on_as_if_there_had_been_no_end() {
    let base = tempfile::tempdir().unwrap();
    for (p, (bulk, evaluates)) in [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate() {
        let plan = Plan { bulk, evaluates, checkpoint_steps: None, patience: u64::MAX };
        let whole_path = base.path().join(format!("whole-{p}"));
        let whole = session(&whole_path, &plan, 123, None).unwrap();
        for first in [0, 1, 3, 15, 16, 17, 37, 50, 51, 64, 99, 122] {
            let path = base.path().join(format!("parts-{p}-{first}"));
            session(&path, &plan, first, None).unwrap();
            let resumed = session(&path, &plan, 123, None).unwrap();
            assert_eq!(resumed.resumed_at, Some(first));
            assert_eq!(resumed.point, whole.point);
            assert_same(&path, &whole_path);
        }
    }
}

#[test]
fn a_run_that_ended_by_itself_ends_the_same_when_resumed_unless_its_rules_changed() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("early");
    let plan = Plan { bulk: false, evaluates: true, checkpoint_steps: None, patience: 3 };
    let first = session(&path, &plan, 10_000, None).unwrap();
    assert_eq!(first.termination.reason, Reason::EarlyStopping);
    assert!(first.point_step < first.step);
    assert_eq!(scores(&first.point).valid[0].1, best_of(&path));
    let before = files(&path);
    let again = session(&path, &plan, 10_000, None).unwrap();
    assert_eq!(again.termination, first.termination);
    assert_eq!((again.point, again.step, again.last.step), (first.point, first.step, first.last.step));
    assert_eq!(files(&path), before);
    let patient = Plan { patience: 50, ..plan };
    assert!(session(&path, &patient, 10_000, None).unwrap().step > first.step);
}

/// The lowest validation metric in the records.
fn best_of(path: &Path) -> f64 {
    let text = fs::read_to_string(path.join("metrics.jsonl")).unwrap();
    let value = |l: &str| serde_json::from_str::<serde_json::Value>(l).unwrap()["valid"]["rmse"].as_f64();
    text.lines().filter_map(value).fold(f64::INFINITY, f64::min)
}

#[test]
fn an_interruption_leaves_a_checkpoint_and_no_trace_in_the_result() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("run");
    let run = RunDir::create(&path).unwrap();
    run.write_config("").unwrap();
    let flag = AtomicBool::new(false);
    let outcome = {
        let mut trainer = Trainer {
            budget: Budget { steps: Some(100), ..Budget::default() },
            stochastic: true,
            store: Some(Store { run: &run, config: "c", data: "d" }),
            interrupt: Some(&flag),
            progress: Some(Box::new(|p| flag.store(p.info.step >= 40, Ordering::Relaxed))),
            ..Trainer::default()
        };
        trainer.run(&mut Fake::new(false)).unwrap()
    };
    assert_eq!((outcome.termination.reason, outcome.step), (Reason::Interrupted, 40));
    let mut trainer = Trainer {
        budget: Budget { steps: Some(100), ..Budget::default() },
        stochastic: true,
        store: Some(Store { run: &run, config: "c", data: "d" }),
        ..Trainer::default()
    };
    let resumed = trainer.run(&mut Fake::new(false)).unwrap();
    assert_eq!(resumed.resumed_at, Some(40));
    trainer.store = None;
    assert_eq!(trainer.run(&mut Fake::new(false)).unwrap().point, resumed.point);
    trainer.store = Some(Store { run: &run, config: "other", data: "d" });
    assert!(trainer.run(&mut Fake::new(false)).unwrap_err().to_string().contains("another configuration"));
}
