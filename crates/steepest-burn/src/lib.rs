//! The update rules of steepest as optimizers of [Burn](https://burn.dev) modules.
//!
//! A [`BurnOptimizer`] takes any rule or chain that [`steepest_optim::Optimizer`] takes, as text or as types, and steps a module
//! with the gradients that Burn's autodiff gives:
//!
//! ```
//! use burn::nn::{Linear, LinearConfig};
//! use burn::optim::GradientsParams;
//! use burn::tensor::{Device, Tensor};
//! use steepest_burn::BurnOptimizer;
//!
//! let device = Device::flex().autodiff();
//! let mut model: Linear = LinearConfig::new(1, 1).init(&device);
//! let mut optimizer = BurnOptimizer::new("clip:1 | adamw:lr=0.05,weight_decay=0.01", &model)?;
//! let x = Tensor::<2>::from_data([[0.0], [1.0], [2.0]], &device);
//! let y = Tensor::<2>::from_data([[1.0], [3.0], [5.0]], &device);
//! for _ in 0..500 {
//!     let error = model.forward(x.clone()) - y.clone();
//!     let grads = GradientsParams::from_grads((error.clone() * error).mean().backward(), &model);
//!     let info;
//!     (model, info) = optimizer.step(model, grads);
//!     info?;
//! }
//! let slope = model.weight.val().into_data().iter::<f32>().next().unwrap();
//! assert!((slope - 2.0).abs() < 0.05);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Memory
//!
//! All trainable parameters of the module lie in one flat vector, and after the first step the module's tensors are windows of it. On
//! Burn's `flex` backend, which computes in the memory of the host, parameters are never copied: not when the module runs, and not
//! when a step changes them in place. Gradients are copied once a step, since autodiff allocates them anew: 8 bytes a parameter
//! beside the 28 of AdamW. On other backends (a GPU) parameters and gradients travel to the host and parameters back at every step: the
//! same results, at the price of the transfer.
//!
//! A clone of the module keeps its values: where one is alive at a step, the vector is copied once, and
//! [`copies`](BurnOptimizer::copies) counts it. So does a graph that was kept, such as the output of a forward pass.
//!
//! # Names, roles, shapes
//!
//! A tensor is called by its path in the module, `layers.0.weight`. Parameter groups, messages and saved state use that name, so that
//! state fits a module of the same structure in another process. Biases, the parameters of normalizations and tables of embeddings
//! have these [roles](steepest_core::Role); biases and norms do not decay unless the rule says `decay=all` (Burn's own rules decay
//! everything). Rules for matrices see the shapes as Burn has them: the weight of `Linear` is inputs × outputs, the transpose of
//! PyTorch's, and a convolution's kernel is a matrix with a row for each output channel.

mod bind;
mod exchange;
mod module_path;
mod optimizer;
mod state_file;
mod window;

pub use bind::BindError;
pub use exchange::ModuleMismatch;
pub use optimizer::{BurnOptimizer, BurnStepError};
pub use state_file::StateFileError;
