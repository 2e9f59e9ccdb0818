//! The final model: `model.safetensors` with the parameters, `model.json` with what is needed to use them.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value};
use steepest_core::Layout;

use crate::{
    run_dir::{RunDir, RunDirError, read_json},
    tensor_file::{FORMAT, TensorFile, TensorFileError, TensorImage},
};

const TENSORS: &str = "model.safetensors";
const HEADER: &str = "model.json";

/// A model as it lies in a run directory: tensors by name, and a header whose keys are the business of who trained it.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedModel {
    /// Task, loss, classes, encoder, target, features and so on.
    pub header: Map<String, Value>,
    /// Name, shape and row-major values of each tensor.
    pub tensors: Vec<(String, Vec<usize>, Vec<f64>)>,
}

impl SavedModel {
    /// A model whose tensors are the segments of a flat vector.
    pub fn new(header: Map<String, Value>, layout: &Layout, point: &[f64]) -> SavedModel {
        let tensor = |s: &steepest_core::Segment| (s.name.clone(), s.shape.clone(), point[s.range()].to_vec());
        SavedModel { header, tensors: layout.segments().iter().map(tensor).collect() }
    }

    /// Writes both files; `format` and the checksum of the tensors are added to the header, which is written last.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save(&self, run: &RunDir) -> Result<(), RunDirError> {
        let mut image = TensorImage::new();
        for (name, shape, values) in &self.tensors {
            image.f64s(name, shape, values);
        }
        let metadata = BTreeMap::from([("kind".to_string(), Value::from("model"))]);
        let checksum = image.write(&run.file(TENSORS), &metadata)?;
        let mut header = Map::from_iter([("format".to_string(), Value::from(FORMAT))]);
        header.extend(self.header.clone());
        header.insert("tensors_checksum".into(), checksum.into());
        run.write_json(HEADER, &Value::Object(header))
    }

    /// Reads the model of a run directory.
    ///
    /// # Errors
    /// When a file is missing, damaged or of another format, or the two do not belong together.
    pub fn load(directory: &Path) -> Result<SavedModel, RunDirError> {
        let header_path = directory.join(HEADER);
        let malformed = |what: String| TensorFileError::Malformed { path: header_path.clone(), what };
        let Value::Object(mut header) = read_json(&header_path)? else {
            return Err(malformed("it is not a JSON object".into()).into());
        };
        let format = header.shift_remove("format").unwrap_or_default();
        if format.as_u64() != Some(FORMAT) {
            let (path, found) = (header_path, format.to_string());
            return Err(TensorFileError::Version { path, found, writer: "unknown".into() }.into());
        }
        let file = TensorFile::read(&directory.join(TENSORS))?;
        if header.shift_remove("tensors_checksum").as_ref() != file.metadata().get("checksum") {
            return Err(malformed(format!("it does not belong to the {TENSORS} beside it")).into());
        }
        let mut tensors = Vec::new();
        for name in file.names() {
            let shape = file.shape(name).unwrap_or_default().to_vec();
            tensors.push((name.clone(), shape, file.f64s(name)?));
        }
        Ok(SavedModel { header, tensors })
    }

    /// The values of a tensor.
    pub fn tensor(&self, name: &str) -> Option<&[f64]> {
        self.tensors.iter().find(|t| t.0 == name).map(|t| t.2.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steepest_core::Role;

    fn model(scale: f64) -> SavedModel {
        let mut layout = Layout::new();
        layout.push("weight", &[2, 3], Role::Weight).unwrap();
        layout.push("bias", &[3], Role::Bias).unwrap();
        let header = Map::from_iter([("task".to_string(), Value::from("multiclass"))]);
        let point: Vec<f64> = (0..9).map(|k| k as f64 * scale).collect();
        SavedModel::new(header, &layout, &point)
    }

    #[test]
    fn a_model_comes_back() {
        let base = tempfile::tempdir().unwrap();
        let run = RunDir::create_numbered(base.path(), "m").unwrap();
        model(0.1).save(&run).unwrap();
        let loaded = SavedModel::load(run.path()).unwrap();
        assert_eq!(loaded, model(0.1));
        assert_eq!(loaded.tensor("bias").unwrap().len(), 3);
    }

    #[test]
    fn halves_of_two_models_are_noticed() {
        let base = tempfile::tempdir().unwrap();
        let run = RunDir::create_numbered(base.path(), "m").unwrap();
        model(0.1).save(&run).unwrap();
        let header = std::fs::read(run.file(HEADER)).unwrap();
        model(0.2).save(&run).unwrap();
        std::fs::write(run.file(HEADER), header).unwrap();
        let e = SavedModel::load(run.path()).unwrap_err().to_string();
        assert!(e.contains("does not belong to the model.safetensors beside it"), "{e}");
    }
}
