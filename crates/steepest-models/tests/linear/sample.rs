//! Small problems of every kind, made from a counter-based stream.

use steepest_core::Flat;
use steepest_data::{Dense, Matrix, Sparse, Values};
use steepest_models::linear::{LinearProblem, Loss};

/// A plain generator for test data (SplitMix64; Steele, Lea and Flood, 2014).
pub struct Stream(pub u64);

impl Stream {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// Uniform on [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
    /// Symmetric around 0, standard deviation about 1.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Storage {
    Dense32,
    Dense64,
    Sparse32,
    Sparse64,
    Indicators,
}

pub const STORAGES: [Storage; 5] =
    [Storage::Dense32, Storage::Dense64, Storage::Sparse32, Storage::Sparse64, Storage::Indicators];

pub const LOSSES: [Loss; 8] = [
    Loss::Squared,
    Loss::Huber(0.7),
    Loss::Quantile(0.3),
    Loss::Poisson,
    Loss::Logistic,
    Loss::Hinge,
    Loss::SquaredHinge,
    Loss::Softmax(3),
];

/// The rows as numbers, `None` where nothing is stored.
pub fn rows(n: usize, d: usize, storage: Storage, seed: u64) -> Vec<Vec<Option<f64>>> {
    let mut s = Stream(seed);
    let fill = if matches!(storage, Storage::Dense32 | Storage::Dense64) { 1.0 } else { 0.3 };
    (0..n)
        .map(|_| {
            (0..d)
                .map(|_| {
                    let value = s.normal();
                    (s.unit() < fill).then_some(match storage {
                        Storage::Indicators => 1.0,
                        Storage::Dense64 | Storage::Sparse64 => value,
                        Storage::Dense32 | Storage::Sparse32 => f64::from(value as f32),
                    })
                })
                .collect()
        })
        .collect()
}

pub fn dense(rows: &[Vec<Option<f64>>]) -> Matrix {
    let flat: Vec<f64> = rows.iter().flatten().map(|v| v.unwrap_or(0.0)).collect();
    let single = flat.iter().all(|&v| f64::from(v as f32) == v);
    let values = if single {
        Values::F32(Flat::from_iter(64, flat.iter().map(|&v| v as f32)))
    } else {
        Values::F64(Flat::from_slice(64, &flat))
    };
    Matrix::Dense(Dense { rows: rows.len(), cols: rows.first().map_or(0, Vec::len), values })
}

pub fn sparse(rows: &[Vec<Option<f64>>]) -> Matrix {
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in rows {
        for (j, v) in row.iter().enumerate() {
            if let Some(v) = v {
                indices.push(j as u32);
                values.push(*v);
            }
        }
        starts.push(indices.len());
    }
    let cols = rows.first().map_or(0, Vec::len);
    Matrix::Sparse(Sparse { rows: rows.len(), cols, starts, indices, values: Values::narrow(values) })
}

pub fn matrix(n: usize, d: usize, storage: Storage, seed: u64) -> Matrix {
    let rows = rows(n, d, storage, seed);
    if matches!(storage, Storage::Dense32 | Storage::Dense64) { dense(&rows) } else { sparse(&rows) }
}

/// Targets that depend on the features, with noise.
pub fn target(matrix: &Matrix, loss: Loss, seed: u64) -> Vec<f64> {
    let mut s = Stream(seed ^ 0xabcd);
    let w: Vec<f64> = (0..matrix.cols()).map(|_| s.normal()).collect();
    (0..matrix.rows())
        .map(|i| {
            let mut z = 0.3;
            matrix.for_row(i, |j, v| z += w[j] * v);
            let noisy = z + s.normal();
            match loss {
                Loss::Squared | Loss::Huber(_) | Loss::Quantile(_) => noisy,
                Loss::Poisson => (0.3 * noisy).exp().floor().min(20.0),
                Loss::Logistic | Loss::Hinge | Loss::SquaredHinge => {
                    if noisy > 0.0 {
                        1.0
                    } else {
                        -1.0
                    }
                }
                Loss::Softmax(k) => ((noisy + 2.0).max(0.0) as usize % k) as f64,
            }
        })
        .collect()
}

/// A problem of 40 to 60 rows with or without weights and offsets.
pub fn problem(loss: Loss, storage: Storage, extras: bool, seed: u64) -> LinearProblem {
    let (n, d) = (53, 11);
    let x = matrix(n, d, storage, seed);
    let y = target(&x, loss, seed);
    let mut p = LinearProblem::new(x, y, loss);
    p.l2 = 0.05;
    if extras {
        let mut s = Stream(seed ^ 0x77);
        p.weights = Some((0..n).map(|i| if i % 9 == 0 { 0.0 } else { 0.2 + s.unit() }).collect());
        p.offset = Some((0..n * loss.outputs()).map(|_| 0.3 * s.normal()).collect());
    }
    p
}

/// A point with elements of size about `scale`.
pub fn point(len: usize, scale: f64, seed: u64) -> Vec<f64> {
    let mut s = Stream(seed ^ 0x1234_5678);
    (0..len).map(|_| scale * s.normal()).collect()
}
