//! The gradients of the problems in `bench/optimizers/parity/testbed.py`, from the committed constants.

use std::{collections::BTreeMap, path::Path};

use safetensors::SafeTensors;

pub struct Problems(BTreeMap<String, Vec<f64>>);

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

impl Problems {
    pub fn read(folder: &Path) -> Problems {
        let bytes = std::fs::read(folder.join("problems.safetensors")).unwrap();
        let whole = SafeTensors::deserialize(&bytes).unwrap();
        let numbers = |data: &[u8]| data.chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
        Problems(whole.iter().map(|(name, t)| (name.into(), numbers(t.data()))).collect())
    }

    pub fn start(&self, problem: &str) -> Vec<f64> {
        self.0[&format!("{problem}/start")].clone()
    }

    /// The gradient of step `k` at x.
    pub fn gradient(&self, problem: &str, k: usize, x: &[f64]) -> Vec<f64> {
        let of = |name: &str| &self.0[&format!("{problem}/{name}")][..];
        match problem {
            "quadratic" => {
                let away: Vec<f64> = x.iter().zip(of("c")).map(|(x, c)| x - c).collect();
                of("A").chunks(x.len()).map(|row| dot(row, &away)).collect()
            }
            "rosenbrock" => {
                let bend = x[1] - x[0] * x[0];
                vec![-2.0 * (1.0 - x[0]) - 400.0 * x[0] * bend, 200.0 * bend]
            }
            "net" => net(of("inputs"), of("targets"), x),
            "logistic" => {
                let at = (8 * k) % 40;
                let mut g: Vec<f64> = vec![0.0; x.len()];
                for i in at..at + 8 {
                    let (row, y) = (&of("rows")[6 * i..6 * i + 6], of("labels")[i]);
                    let slope = -y * sigmoid(-y * dot(row, x));
                    g.iter_mut().zip(row).for_each(|(g, r)| *g += r * slope);
                }
                g.iter().zip(x).map(|(g, x)| g / 8.0 + 0.01 * x).collect()
            }
            "sparse" => {
                let row = &of("rows")[12 * (k % 16)..][..12];
                let off = dot(row, x) - of("targets")[k % 16];
                row.iter().map(|r| r * off).collect()
            }
            "matrix" => {
                let (a, b) = (of("A"), of("B"));
                let mut g = vec![0.0; 24];
                for i in 0..8 {
                    for j in 0..4 {
                        let off = (0..6).map(|l| a[6 * i + l] * x[4 * l + j]).sum::<f64>() - b[4 * i + j];
                        (0..6).for_each(|l| g[4 * l + j] += a[6 * i + l] * off / 8.0);
                    }
                }
                g
            }
            other => panic!("no gradient for {other}"),
        }
    }
}

/// The 2-3-1 net of sigmoids with half the mean squared error over 8 rows.
fn net(inputs: &[f64], targets: &[f64], x: &[f64]) -> Vec<f64> {
    let mut g = vec![0.0; 13];
    for (row, target) in inputs.chunks(2).zip(targets) {
        let h: Vec<f64> = (0..3).map(|j| sigmoid(dot(row, &x[2 * j..2 * j + 2]) + x[6 + j])).collect();
        let p = sigmoid(dot(&h, &x[9..12]) + x[12]);
        let out = (p - target) * p * (1.0 - p) / 8.0;
        for j in 0..3 {
            let hidden = out * x[9 + j] * h[j] * (1.0 - h[j]);
            g[2 * j] += hidden * row[0];
            g[2 * j + 1] += hidden * row[1];
            g[6 + j] += hidden;
            g[9 + j] += h[j] * out;
        }
        g[12] += out;
    }
    g
}
