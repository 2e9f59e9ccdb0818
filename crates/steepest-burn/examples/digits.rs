//! A network of Burn learns handwritten digits with rules of steepest.
//!
//! Run it in this directory with `cargo run --release --example digits`. A perceptron of one hidden layer sees the 1,797 images of
//! `data/digits.csv`; every fifth is held out. AdamW first, then Muon for the matrices with AdamW for the biases, each from the
//! same start.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig, loss::CrossEntropyLossConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData, activation::relu};
use steepest_burn::BurnOptimizer;
use steepest_core::random::{Purpose, Stream};
use steepest_optim::OptimizerSpec;

const PIXELS: usize = 64;
const BATCH: usize = 64;
const EPOCHS: usize = 15;

#[derive(Module, Debug)]
struct Perceptron {
    hidden: Linear,
    out: Linear,
}

impl Perceptron {
    fn new(device: &Device) -> Perceptron {
        Perceptron { hidden: LinearConfig::new(PIXELS, 32).init(device), out: LinearConfig::new(32, 10).init(device) }
    }

    fn forward(&self, pixels: Tensor<2>) -> Tensor<2> {
        self.out.forward(relu(self.hidden.forward(pixels)))
    }
}

/// Images with their digits.
#[derive(Default)]
struct Images {
    pixels: Vec<f32>,
    digits: Vec<i32>,
}

impl Images {
    fn push(&mut self, image: &[f32]) {
        let (digit, pixels) = image.split_last().expect("a line has 65 numbers");
        self.pixels.extend(pixels.iter().map(|p| p / 16.0));
        self.digits.push(*digit as i32);
    }

    /// The images with these indices, on the device.
    fn batch(&self, rows: &[u32], device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
        let image = |row: u32| &self.pixels[row as usize * PIXELS..][..PIXELS];
        let pixels: Vec<f32> = rows.iter().flat_map(|&row| image(row)).copied().collect();
        let digits: Vec<i32> = rows.iter().map(|&row| self.digits[row as usize]).collect();
        let pixels = Tensor::from_data(TensorData::new(pixels, [rows.len(), PIXELS]), device);
        (pixels, Tensor::from_data(TensorData::new(digits, [rows.len()]), device))
    }
}

/// Training and test images.
fn read() -> std::io::Result<(Images, Images)> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/digits.csv"))?;
    let (mut train, mut test) = (Images::default(), Images::default());
    for (i, line) in text.lines().skip(1).enumerate() {
        let image: Vec<f32> = line.split(',').map(|n| n.parse().expect("the file holds numbers")).collect();
        if i % 5 == 4 { test.push(&image) } else { train.push(&image) }
    }
    Ok((train, test))
}

/// The share of images whose digit gets the largest output.
fn accuracy(model: &Perceptron, images: &Images) -> f64 {
    let rows: Vec<u32> = (0..images.digits.len() as u32).collect();
    let (pixels, _) = images.batch(&rows, &Device::flex());
    let guesses = model.valid().forward(pixels).argmax(1).into_data();
    let right = guesses.iter::<i32>().zip(&images.digits).filter(|(guess, digit)| guess == *digit).count();
    right as f64 / rows.len() as f64
}

fn train(rule: &str, start: &Perceptron, train: &Images, test: &Images) -> Result<f64, Box<dyn std::error::Error>> {
    let device = Device::flex().autodiff();
    let criterion = CrossEntropyLossConfig::new().init(&device);
    let mut model = start.clone().fork(&device);
    // The schedule in the rule learns the length of the run.
    let steps = EPOCHS * train.digits.len().div_ceil(BATCH);
    let spec = OptimizerSpec::parse(rule)?.with_horizon(steps as u64);
    let mut optimizer = BurnOptimizer::build(&model, |layout| spec.build(layout))?;
    println!("{rule}");
    for epoch in 0..EPOCHS {
        let order = Stream::new(0, Purpose::ORDER, epoch as u64).permutation(train.digits.len() as u32);
        let (mut sum, mut lr) = (0.0, 0.0);
        for rows in order.chunks(BATCH) {
            let (pixels, digits) = train.batch(rows, &device);
            let loss = criterion.forward(model.forward(pixels), digits);
            sum += f64::from(loss.clone().into_scalar::<f32>()) * rows.len() as f64;
            let grads = GradientsParams::from_grads(loss.backward(), &model);
            let info;
            (model, info) = optimizer.step(model, grads);
            lr = info?.lr.unwrap_or(lr);
        }
        if epoch % 2 == 0 {
            let loss = sum / train.digits.len() as f64;
            println!("  epoch {epoch:2}  loss {loss:.4}  lr {lr:.1e}  held out {:.3}", accuracy(&model, test));
        }
    }
    assert_eq!(optimizer.copies(), 0, "the model's tensors stayed windows of the optimizer's vector");
    Ok(accuracy(&model, test))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (images, held_out) = read()?;
    let device = Device::flex().autodiff();
    device.seed(1);
    let start = Perceptron::new(&device);
    for rule in ["adamw:lr=3e-3,weight_decay=0.01", "clip:1 | muon:lr=cosine(0.01,warmup=5%),weight_decay=0.01"] {
        let reached = train(rule, &start, &images, &held_out)?;
        assert!(reached > 0.93, "`{rule}` reached {reached}");
    }
    Ok(())
}

#[test]
fn it_learns() {
    main().unwrap();
}
