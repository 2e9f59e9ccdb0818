//! The references' words in ours: names, options, state. Where a library follows another convention, it says so here.

use serde_json::Value;

use crate::trajectories::Case;

pub struct Rule {
    pub text: String,
    /// −1 where the reference maximizes.
    pub sign: f64,
    /// Their slot, ours, and what theirs is multiplied by.
    pub state: Vec<(&'static str, &'static str, f64)>,
    pub scalars: Vec<(&'static str, String)>,
    pub tolerance: Option<f64>,
    /// The first step that is compared.
    pub from: u64,
}

impl Case {
    fn number(&self, key: &str) -> Option<f64> {
        self.options.get(key).and_then(Value::as_f64)
    }
    fn flag(&self, key: &str) -> bool {
        self.options.get(key).and_then(Value::as_bool).unwrap_or(false)
    }
    fn pair(&self, key: &str) -> Option<[f64; 2]> {
        let list = self.options.get(key)?.as_array()?;
        Some([list[0].as_f64()?, list[1].as_f64()?])
    }
}

/// Collects `key=value` pairs.
struct Text(String);

impl Text {
    fn new(name: &str, lr: f64) -> Text {
        Text(format!("{name}:lr={lr:?},decay=all"))
    }
    fn number(mut self, key: &str, value: Option<f64>) -> Text {
        if let Some(v) = value {
            self.0 += &format!(",{key}={v:?}");
        }
        self
    }
    fn flag(mut self, key: &str, value: bool) -> Text {
        if value {
            self.0 += &format!(",{key}=true");
        }
        self
    }
    fn pair(self, keys: [&str; 2], pair: Option<[f64; 2]>) -> Text {
        self.number(keys[0], pair.map(|p| p[0])).number(keys[1], pair.map(|p| p[1]))
    }
    fn rule(self, state: &[(&'static str, &'static str)]) -> Option<Rule> {
        let state = state.iter().map(|&(theirs, ours)| (theirs, ours, 1.0)).collect();
        Some(Rule { text: self.0, sign: 1.0, state, scalars: Vec::new(), tolerance: None, from: 0 })
    }
}

const BETAS: [&str; 2] = ["beta1", "beta2"];

pub fn translate(library: &str, case: &Case) -> Option<Rule> {
    match library {
        "torch" => torch(case),
        "optax" => optax(case),
        _ => keras(case),
    }
}

fn torch(case: &Case) -> Option<Rule> {
    let lr = case.lr?;
    let number = |key: &str| case.number(key);
    let l2 = number("weight_decay");
    let decoupled = case.flag("decoupled_weight_decay");
    let with_decay = |text: Text| match (decoupled, l2) {
        (true, Some(decay)) => Text(format!("{} | weight_decay:{decay:?}", text.0)),
        _ => text.number("l2", l2),
    };
    let adam = |name: &'static str| Text::new(name, lr).pair(BETAS, case.pair("betas")).number("eps", number("eps"));
    let moments = [("exp_avg", "adam.m"), ("exp_avg_sq", "adam.v"), ("max_exp_avg_sq", "adam.v_max")];
    let two = |case: &Case| if case.flag("amsgrad") { 3 } else { 2 };
    match case.optimizer.as_str() {
        "SGD" => {
            let text = Text::new("sgd", lr)
                .number("momentum", number("momentum"))
                .number("dampening", number("dampening"))
                .flag("nesterov", case.flag("nesterov"))
                .number("l2", l2);
            let mut rule = text.rule(&[("momentum_buffer", "momentum.v")])?;
            rule.sign = if case.flag("maximize") { -1.0 } else { 1.0 };
            Some(rule)
        }
        "Adagrad" => Text::new("adagrad", lr)
            .number("lr_decay", number("lr_decay"))
            .number("initial_accumulator_value", number("initial_accumulator_value"))
            .number("eps", number("eps"))
            .number("l2", l2)
            .rule(&[("sum", "adagrad.s")]),
        "Adadelta" => Text::new("adadelta", lr)
            .number("rho", number("rho"))
            .number("eps", number("eps"))
            .number("l2", l2)
            .rule(&[("square_avg", "adadelta.v"), ("acc_delta", "adadelta.d")]),
        "RMSprop" => Text::new("rmsprop", lr)
            .number("alpha", number("alpha"))
            .number("eps", number("eps"))
            .flag("centered", case.flag("centered"))
            .number("momentum", number("momentum"))
            .number("l2", l2)
            .rule(&[("square_avg", "rmsprop.v"), ("grad_avg", "rmsprop.m"), ("momentum_buffer", "momentum.v")]),
        "Adam" => {
            adam(if case.flag("amsgrad") { "amsgrad" } else { "adam" }).number("l2", l2).rule(&moments[..two(case)])
        }
        "AdamW" => {
            adam("adamw").number("weight_decay", l2).flag("amsgrad", case.flag("amsgrad")).rule(&moments[..two(case)])
        }
        "Adamax" => adam("adamax").number("l2", l2).rule(&[("exp_avg", "adamax.m"), ("exp_inf", "adamax.w")]),
        "NAdam" => {
            let text = with_decay(adam("nadam").number("momentum_decay", number("momentum_decay")));
            let mut rule = text.rule(&[("exp_avg", "nadam.m"), ("exp_avg_sq", "nadam.v")])?;
            rule.scalars.push(("mu_product", "nadam.mu_product".into()));
            // PyTorch keeps the product of the μ in 32 bits.
            rule.tolerance = Some(1e-7);
            Some(rule)
        }
        "RAdam" => with_decay(adam("radam")).rule(&[("exp_avg", "radam.m"), ("exp_avg_sq", "radam.v")]),
        "Rprop" => {
            let text = Text::new("rprop", lr)
                .pair(["eta_minus", "eta_plus"], case.pair("etas"))
                .pair(["step_min", "step_max"], case.pair("step_sizes"));
            let mut rule = text.rule(&[("prev", "rprop.g")])?;
            rule.state.push(("step_size", "rprop.s", 1.0 / lr));
            Some(rule)
        }
        "Adafactor" => {
            let text = Text::new("adafactor", lr)
                .number("beta2_decay", number("beta2_decay"))
                .number("d", number("d"))
                .number("weight_decay", l2);
            // Tensors of one dimension keep all of v; matrices are compared by the transcription beside the rule.
            if !matches!(case.problem.as_str(), "quadratic" | "rosenbrock" | "logistic" | "sparse") {
                return None;
            }
            text.rule(&[("variance", "adafactor.v")])
        }
        "Muon" => {
            let adjust = if case.options.contains_key("adjust_lr_fn") { "rms" } else { "original" };
            let mut text = Text::new("muon", lr)
                .number("momentum", number("momentum"))
                .number("weight_decay", l2)
                .number("ns_steps", number("ns_steps"));
            text.0 += &format!(",adjust={adjust}");
            if case.options.get("nesterov") == Some(&Value::Bool(false)) {
                text.0 += ",nesterov=false";
            }
            let mut rule = text.rule(&[("momentum_buffer", "muon.m")])?;
            // PyTorch iterates in bfloat16.
            rule.tolerance = Some(5e-3);
            Some(rule)
        }
        _ => None,
    }
}

fn optax(case: &Case) -> Option<Rule> {
    let number = |key: &str| case.number(key);
    let lr = case.lr.or(number("learning_rate")).unwrap_or(1.0);
    let adam = |name: &'static str| {
        Text::new(name, lr).number("beta1", number("b1")).number("beta2", number("b2")).number("eps", number("eps"))
    };
    if case.flag("nesterov") && matches!(case.optimizer.as_str(), "adam" | "adamw") {
        return None;
    }
    match case.optimizer.as_str() {
        "sgd" => Text::new("sgd", lr)
            .number("momentum", number("momentum"))
            .flag("nesterov", case.flag("nesterov"))
            .rule(&[("0.trace", "momentum.v")]),
        "adam" => adam("adam").number("eps_root", number("eps_root")).rule(&[("0.mu", "adam.m"), ("0.nu", "adam.v")]),
        "adamw" => {
            let decay = Some(number("weight_decay").unwrap_or(1e-4));
            adam("adamw").number("weight_decay", decay).rule(&[("0.mu", "adam.m"), ("0.nu", "adam.v")])
        }
        "adabelief" => adam("adabelief")
            .number("eps_root", number("eps_root"))
            .rule(&[("0.mu", "adabelief.m"), ("0.nu", "adabelief.s")]),
        "adadelta" => Text::new("adadelta", lr)
            .number("rho", number("rho"))
            .number("eps", number("eps"))
            .rule(&[("1.e_g", "adadelta.v"), ("1.e_x", "adadelta.d")]),
        // optax: ε inside the root, sums from 0.1.
        "adagrad" => {
            let start = number("initial_accumulator_value").or(Some(0.1));
            Text::new("adagrad", lr)
                .number("initial_accumulator_value", start)
                .number("eps", Some(0.0))
                .number("eps_root", number("eps").or(Some(1e-7)))
                .rule(&[("0.sum_of_squares", "adagrad.s")])
        }
        "lion" => {
            let decay = Some(number("weight_decay").unwrap_or(1e-3));
            Text::new("lion", lr)
                .number("beta1", number("b1"))
                .number("beta2", number("b2"))
                .number("weight_decay", decay)
                .rule(&[("0.mu", "lion.m")])
        }
        "lamb" => {
            adam("lamb").number("weight_decay", number("weight_decay")).rule(&[("0.mu", "adam.m"), ("0.nu", "adam.v")])
        }
        "ademamix" => adam("ademamix").number("weight_decay", number("weight_decay")).rule(&[
            ("0.m1", "ademamix.m"),
            ("0.m2", "ademamix.s"),
            ("0.nu", "ademamix.v"),
        ]),
        "yogi" => adam("yogi").rule(&[("0.mu", "yogi.m"), ("0.nu", "yogi.v")]),
        "sign_sgd" => Text::new("signsgd", lr).rule(&[]),
        // optax: ε inside the root unless told otherwise, α = 0.9.
        "rmsprop" if !case.flag("bias_correction") && !case.flag("nesterov") => {
            let eps = number("eps").unwrap_or(1e-8);
            let inside = case.options.get("eps_in_sqrt") != Some(&Value::Bool(false));
            Text::new("rmsprop", lr)
                .number("alpha", number("decay").or(Some(0.9)))
                .number("eps", Some(if inside { 0.0 } else { eps }))
                .number("eps_root", Some(if inside { eps } else { 0.0 }))
                .rule(&[("0.nu", "rmsprop.v")])
        }
        "chain" => match case.name.split('/').nth(1)? {
            "clip_by_global_norm:0.5 | adam:0.01" => {
                Text("clip:0.5 | adam:0.01".into()).rule(&[("1.0.mu", "adam.m"), ("1.0.nu", "adam.v")])
            }
            "clip:0.1 | sgd:0.01,momentum=0.9" => {
                Text("clip_value:0.1 | sgd:0.01,momentum=0.9".into()).rule(&[("1.0.trace", "momentum.v")])
            }
            "normalize_by_update_norm | sgd:0.01" => {
                // optax divides by ‖u‖ + 1e-6.
                let mut rule = Text("normalize | sgd:0.01".into()).rule(&[])?;
                rule.tolerance = Some(1e-5);
                Some(rule)
            }
            "centralize | adam:0.01" => {
                Text("centralize | adam:0.01".into()).rule(&[("1.0.mu", "adam.m"), ("1.0.nu", "adam.v")])
            }
            _ => None,
        },
        _ => None,
    }
}

fn keras(case: &Case) -> Option<Rule> {
    let number = |key: &str| case.number(key);
    let lr = case.lr.or(number("learning_rate"))?;
    let set = |key: &str| case.options.get(key).is_some_and(|v| !v.is_null());
    match case.optimizer.as_str() {
        "SGD" => {
            if set("gradient_accumulation_steps") || set("use_ema") || case.flag("nesterov") || set("momentum") {
                return None;
            }
            let front = match (number("clipnorm"), number("clipvalue"), number("global_clipnorm")) {
                (Some(c), _, _) => format!("clip_segment:{c:?} | "),
                (_, Some(c), _) => format!("clip_value:{c:?} | "),
                (_, _, Some(c)) => format!("clip:{c:?} | "),
                _ => String::new(),
            };
            let back = number("weight_decay").map_or(String::new(), |d| format!(" | weight_decay:{d:?}"));
            Text(format!("{front}sgd:{lr:?},decay=all{back}")).rule(&[])
        }
        // Keras: ε inside the root, sums from 0.1.
        "Adagrad" => Text::new("adagrad", lr)
            .number("initial_accumulator_value", number("initial_accumulator_value").or(Some(0.1)))
            .number("eps", Some(0.0))
            .number("eps_root", number("epsilon").or(Some(1e-7)))
            .rule(&[("accumulator", "adagrad.s")]),
        "Adadelta" => Text::new("adadelta", lr)
            .number("rho", number("rho").or(Some(0.95)))
            .number("eps", number("epsilon").or(Some(1e-7)))
            .rule(&[("accumulated_grad", "adadelta.v"), ("accumulated_delta_var", "adadelta.d")]),
        // Keras: ε inside the root, ρ = 0.9.
        "RMSprop" if !set("momentum") => Text::new("rmsprop", lr)
            .number("alpha", number("rho").or(Some(0.9)))
            .number("eps", Some(0.0))
            .number("eps_root", number("epsilon").or(Some(1e-7)))
            .flag("centered", case.flag("centered"))
            .rule(&[("velocity", "rmsprop.v"), ("average_gradient", "rmsprop.m")]),
        "Adam" | "AdamW" => {
            let plain = if case.flag("amsgrad") { "amsgrad" } else { "adam" };
            let name = if case.optimizer == "Adam" { plain } else { "adamw" };
            let decay = (name == "adamw").then(|| number("weight_decay").unwrap_or(4e-3));
            let mut text = Text::new(name, lr)
                .number("beta1", number("beta_1"))
                .number("beta2", number("beta_2"))
                .number("eps", number("epsilon").or(Some(1e-7)))
                .number("weight_decay", decay);
            text.0 += ",eps_place=uncorrected";
            let moments = [("momentum", "adam.m"), ("velocity", "adam.v"), ("velocity_hat", "adam.v_max")];
            text.rule(&moments[..if case.flag("amsgrad") { 3 } else { 2 }])
        }
        // Keras: half of λ₂, no β unless told so; its power −½ alone is the paper's.
        "Ftrl" if !set("learning_rate_power") => {
            let l2 = number("l2_regularization_strength").map(|l2| 2.0 * l2);
            let mut rule = Text::new("ftrl", lr)
                .number("l1", number("l1_regularization_strength"))
                .number("l2", l2)
                .number("beta", number("beta").or(Some(0.0)))
                .number("initial_accumulator_value", number("initial_accumulator_value").or(Some(0.1)))
                .rule(&[("accumulator", "ftrl.n"), ("linear", "ftrl.z")])?;
            // Keras starts at z = 0 whatever the parameters are, and so jumps from them in the first step.
            rule.from = 1;
            Some(rule)
        }
        "Lion" => Text::new("lion", lr)
            .number("beta1", number("beta_1"))
            .number("beta2", number("beta_2"))
            .number("weight_decay", number("weight_decay"))
            .rule(&[("momentum", "lion.m")]),
        _ => None,
    }
}
