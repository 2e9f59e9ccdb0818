//! Checkpoints of a pass, and going on from them.
//!
//! A resumed pass reads its data from the beginning: the first rows decide again how all are encoded, the rows that were learned are passed
//! over, and the next one is learned with the state of the checkpoint, so that the end is the same to the bit.

use std::path::Path;

use serde_json::json;
use steepest_train::{CheckpointHeader, RunDir, Saver, content_hash};

use super::OnlineArgs;
use super::learning::Learning;
use super::predictions::PredictionFile;
use crate::commands::fit::stem;
use crate::failure::Failure;
use crate::say::{Say, count};

/// The file of the state in the directory of a run.
const CHECKPOINT: &str = "checkpoint.safetensors";

/// The directory of a run, and what is written to it on the way.
pub(super) struct Saving {
    pub(super) run: RunDir,
    pub(super) numbered: bool,
    /// The rows that earlier sessions had read.
    pub(super) resumed_at: Option<u64>,
    pub(super) predictions: Option<PredictionFile>,
    header: CheckpointHeader,
    saver: Saver,
    every: u64,
}

impl Saving {
    /// Makes the directory, or opens that of `--resume` and loads its checkpoint into `learning`, which has begun with the same first
    /// rows; `data` is their hash.
    pub(super) fn open(args: &OnlineArgs, learning: &mut Learning, data: &str, say: &Say) -> Result<Saving, Failure> {
        let run = match (&args.resume, &args.out) {
            (Some(run), _) => RunDir::open(Path::new(run)),
            (None, Some(out)) => RunDir::create(Path::new(out)),
            (None, None) => RunDir::create_numbered(Path::new("runs"), &stem(&args.data.files)),
        };
        let run = run.map_err(Failure::input)?;
        let header = CheckpointHeader {
            config: course(args, learning)?,
            data: data.into(),
            stopping: "online".into(),
            ..CheckpointHeader::default()
        };
        let mut bytes = 0;
        let mut resumed_at = args.resume.as_ref().map(|_| 0);
        if args.resume.is_some()
            && let Some(checkpoint) = run.checkpoint().map_err(Failure::input)?
        {
            let place = run.path().display();
            if checkpoint.header.stopping != header.stopping {
                return Err(Failure::usage(format!("--resume: {place} is no run of `steepest online`"))
                    .with_help("a run of `fit` goes on with `steepest fit --out RUN --resume`"));
            }
            if checkpoint.header.data != header.data {
                return Err(Failure::usage(format!(
                    "--resume: {place} was made with other data: the first rows differ"
                ))
                .with_help("give the data of the run from their beginning; rows may have been added at their end"));
            }
            if checkpoint.header.config != header.config {
                return Err(Failure::usage(format!("--resume: {place} was made with other options than these"))
                    .with_help(format!("repeat its options; {place}/config.toml tells them")));
            }
            let loaded = checkpoint.load(|state| {
                learning.visit(state);
                state.int("predictions_bytes", &mut bytes);
            });
            loaded.map_err(Failure::input)?;
            resumed_at = Some(learning.learned_before);
            say.line("resumed", &format!("behind row {}", count(learning.learned_before)));
        }
        let predictions = args.predictions.as_deref().map(|path| PredictionFile::open(path, bytes)).transpose();
        let numbered = args.out.is_none() && args.resume.is_none();
        let every = args.checkpoint_rows;
        let written = match resumed_at {
            None => learning.config(args).and_then(|text| run.write_config(&text).map_err(Failure::input)),
            Some(_) => Ok(()),
        };
        match written.and(predictions) {
            Ok(predictions) => {
                Ok(Saving { run, numbered, resumed_at, predictions, header, saver: Saver::new(), every })
            }
            Err(failure) => {
                if resumed_at.is_none() {
                    crate::commands::fit::discard(run, numbered);
                }
                Err(failure)
            }
        }
    }

    /// Writes a checkpoint when enough rows were learned since the last one.
    pub(super) fn after_block(&mut self, learning: &mut Learning) -> Result<(), Failure> {
        if learning.progress.rows() >= self.header.step + self.every { self.save(learning) } else { Ok(()) }
    }

    /// Writes a checkpoint: behind the last row that was read.
    pub(super) fn save(&mut self, learning: &mut Learning) -> Result<(), Failure> {
        let mut bytes = 0;
        if let Some(file) = &self.predictions {
            file.sync()?;
            bytes = file.bytes;
        }
        // A file that has become shorter holds rows that were learned already, and no others.
        learning.learned_before = learning.learned_before.max(learning.read);
        self.header.step = learning.progress.rows();
        self.saver.clear();
        learning.visit(&mut self.saver);
        steepest_core::StateVisitor::int(&mut self.saver, "predictions_bytes", &mut bytes);
        self.saver.write(&self.run.file(CHECKPOINT), &self.header).map_err(Failure::input)
    }
}

/// Hash of everything that decides how the rows are learned.
fn course(args: &OnlineArgs, learning: &Learning) -> Result<String, Failure> {
    let header = serde_json::to_value(learning.header(None)?).map_err(Failure::input)?;
    let all = json!({
        "header": header,
        "rule": learning.rule.to_string(),
        "warm_rows": args.warm_rows,
        "predictions": args.predictions,
    });
    Ok(content_hash(all.to_string().as_bytes()))
}
