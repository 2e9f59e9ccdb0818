//! The linear problem: the data, the loss and the penalty that every solver of the linear family works on.

use std::sync::OnceLock;

use steepest_core::{Layout, Role};
use steepest_data::{Matrix, Sparse};

use super::loss::Loss;

/// Minimize over w (and b)
///
/// P(w, b) = Σ sᵢ φ(xᵢ·w + b + oᵢ; yᵢ) / Σ sᵢ + (λ₂/2)‖w‖² + λ₁‖w‖₁.
///
/// The intercept b carries no penalty. With [`Loss::Softmax`] over K classes w is a d × K matrix, row-major by feature
/// (`weight[j, k]`), b a vector of K, and yᵢ the class index.
#[derive(Debug)]
pub struct LinearProblem {
    /// The features.
    pub matrix: Matrix,
    /// The target of each row: a number, ±1 for binary losses, a class index for softmax.
    pub target: Vec<f64>,
    /// The weight sᵢ ≥ 0 of each row; `None` when all are 1.
    pub weights: Option<Vec<f64>>,
    /// What is added to the linear predictor of each row; `None` when nothing is. Row-major n × K for softmax.
    pub offset: Option<Vec<f64>>,
    /// φ.
    pub loss: Loss,
    /// λ₁ ≥ 0.
    pub l1: f64,
    /// λ₂ ≥ 0.
    pub l2: f64,
    /// Whether there is a b.
    pub intercept: bool,
    columns: OnceLock<Sparse>,
}

impl LinearProblem {
    /// A problem without penalty, weights or offset, with an intercept.
    pub fn new(matrix: Matrix, target: Vec<f64>, loss: Loss) -> LinearProblem {
        debug_assert_eq!(matrix.rows(), target.len());
        LinearProblem {
            matrix,
            target,
            weights: None,
            offset: None,
            loss,
            l1: 0.0,
            l2: 0.0,
            intercept: true,
            columns: OnceLock::new(),
        }
    }

    /// The number of rows n.
    pub fn rows(&self) -> usize {
        self.matrix.rows()
    }

    /// The number of features d.
    pub fn features(&self) -> usize {
        self.matrix.cols()
    }

    /// The number of linear predictors of a row, K.
    pub fn outputs(&self) -> usize {
        self.loss.outputs()
    }

    /// The number of parameters: (d + 1)·K with an intercept, d·K without.
    pub fn parameters(&self) -> usize {
        (self.features() + usize::from(self.intercept)) * self.outputs()
    }

    /// Σ sᵢ. O(n) with weights.
    pub fn total_weight(&self) -> f64 {
        self.weights.as_ref().map_or(self.rows() as f64, |w| steepest_core::tree_sum(w))
    }

    /// The tensors of the parameters: `weight` (d, or d × K) and, with an intercept, `bias` (1, or K), in this order.
    pub fn layout(&self) -> Layout {
        let k = self.loss.outputs();
        let mut layout = Layout::new();
        let shape = if k == 1 { vec![self.features()] } else { vec![self.features(), k] };
        layout.push("weight", &shape, Role::Weight).expect("the names are distinct and the matrix fits in memory");
        if self.intercept {
            layout.push("bias", &[k], Role::Bias).expect("the names are distinct and the matrix fits in memory");
        }
        layout
    }

    /// The sparse features by columns, made on first use; `None` for dense features.
    pub fn columns(&self) -> Option<&Sparse> {
        match &self.matrix {
            Matrix::Sparse(m) => Some(self.columns.get_or_init(|| m.transpose())),
            Matrix::Dense(_) => None,
        }
    }
}
