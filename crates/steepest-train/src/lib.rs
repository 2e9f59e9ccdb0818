//! Training loop, checkpoints and run directories of steepest.

mod atomic_file;
mod best;
mod budget;
mod checkpoint;
mod cross_validation;
mod evaluation;
pub mod metrics;
mod metrics_log;
mod model_file;
mod monitor;
mod monitors;
mod path;
mod run_dir;
mod run_list;
mod stochastic;
mod tensor_file;
mod trainer;

pub use atomic_file::{TEMPORARY, remove_temporaries, write_atomic};
pub use budget::{Budget, Cadence};
pub use checkpoint::{Checkpoint, CheckpointError, CheckpointHeader, Saver, Scope};
pub use cross_validation::{Candidate, Judged, Measure, cross_validate};
pub use evaluation::Predictions;
pub use metrics_log::{Measures, Record, measures_to_json};
pub use model_file::SavedModel;
pub use monitor::{Action, Flow, Monitor, Observation, Scores, Split, Watch};
pub use monitors::{
    Divergence, EarlyStopping, GapTarget, GradientNorm, ParameterChange, Plateau, Tolerance, ValueChange,
};
pub use path::{Cost, PathError, PathOutcome, PathPoint, PenaltyPath, Selection, Varied, mean_loss};
pub use run_dir::{RunDir, RunDirError, read_json};
pub use run_list::{RunInfo, RunState, list_runs};
pub use stochastic::{BatchOptions, Certify, L1Rule, Stochastic};
pub use tensor_file::{FORMAT, TensorFile, TensorFileError, TensorImage, content_hash};
pub use trainer::{Evaluate, Outcome, Progress, ShowProgress, Store, TrainError, Trainer};
