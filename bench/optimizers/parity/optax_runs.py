"""optax's optimizers under JAX in f64, each update compiled."""

import inspect

import numpy as np

import jax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")

import jax.numpy as jnp  # noqa: E402  the precision is set first
import optax  # noqa: E402
import optax.contrib  # noqa: E402

from testbed import EVERYTHING, VECTORS  # noqa: E402
from trajectory import Case, sort_state  # noqa: E402

MOMENTS = {"b1": 0.8, "b2": 0.95}

# Rates are ours where optax has no default.
VARIANTS = {
    "sgd": {
        "default": {"learning_rate": 1e-3},
        "momentum": {"learning_rate": 1e-3, "momentum": 0.9},
        "nesterov": {"learning_rate": 1e-3, "momentum": 0.9, "nesterov": True},
    },
    "adagrad": {
        "default": {"learning_rate": 0.1},
        "eps": {"learning_rate": 0.1, "initial_accumulator_value": 0.0, "eps": 1e-2},
    },
    "rmsprop": {
        "default": {"learning_rate": 1e-3},
        "centered": {"learning_rate": 1e-3, "centered": True, "momentum": 0.5, "nesterov": True},
        "eps-outside": {"learning_rate": 1e-3, "eps_in_sqrt": False, "eps": 1e-3, "decay": 0.95},
        "corrected": {"learning_rate": 1e-3, "bias_correction": True, "initial_scale": 0.0},
    },
    "adadelta": {
        "default": {"learning_rate": 1.0},
        "rho": {"learning_rate": 0.5, "rho": 0.95, "eps": 1e-4},
    },
    "adam": {
        "default": {"learning_rate": 1e-3},
        "betas": {"learning_rate": 1e-2, **MOMENTS},
        "eps-root": {"learning_rate": 1e-2, "eps": 1e-3, "eps_root": 1e-4},
        "nesterov": {"learning_rate": 1e-3, "nesterov": True},
    },
    "adamw": {
        "default": {"learning_rate": 1e-3},
        "decay": {"learning_rate": 1e-2, "weight_decay": 0.3, **MOMENTS},
        "nesterov": {"learning_rate": 1e-2, "weight_decay": 0.1, "nesterov": True},
    },
    "amsgrad": {"default": {"learning_rate": 1e-3}, "betas": {"learning_rate": 1e-2, **MOMENTS}},
    "adamax": {"default": {"learning_rate": 2e-3}, "betas": {"learning_rate": 1e-2, **MOMENTS}},
    "adamaxw": {"decay": {"learning_rate": 1e-2, "weight_decay": 0.1}},
    "nadam": {"default": {"learning_rate": 1e-3}},
    "nadamw": {"decay": {"learning_rate": 1e-2, "weight_decay": 0.1}},
    "radam": {
        "default": {"learning_rate": 1e-3},
        "betas": {"learning_rate": 1e-2, "b1": 0.8, "b2": 0.9, "threshold": 4.0},
    },
    "adabelief": {
        "default": {"learning_rate": 1e-3},
        "eps": {"learning_rate": 1e-2, "eps": 1e-8, "eps_root": 1e-8, **MOMENTS},
    },
    "yogi": {"default": {"learning_rate": 1e-2}, "betas": {"learning_rate": 1e-2, **MOMENTS, "eps": 1e-2}},
    "lion": {
        "default": {"learning_rate": 1e-4},
        "decay": {"learning_rate": 1e-3, "b1": 0.95, "b2": 0.98, "weight_decay": 0.1},
    },
    "lamb": {
        "default": {"learning_rate": 1e-3},
        "decay": {"learning_rate": 1e-2, "weight_decay": 0.1, **MOMENTS},
    },
    "lars": {
        "default": {"learning_rate": 0.1},
        "nesterov": {"learning_rate": 0.1, "weight_decay": 0.01, "momentum": 0.8, "nesterov": True},
    },
    "adafactor": {
        "default": {"learning_rate": 1e-2, "min_dim_size_to_factor": 2},
        "momentum": {
            "learning_rate": 1e-2,
            "min_dim_size_to_factor": 2,
            "momentum": 0.9,
            "weight_decay_rate": 0.001,
            "clipping_threshold": 0.5,
        },
        "plain": {
            "learning_rate": 1e-2,
            "factored": False,
            "multiply_by_parameter_scale": False,
            "decay_rate": 0.7,
        },
    },
    "novograd": {
        "default": {"learning_rate": 1e-3},
        "decay": {"learning_rate": 1e-2, "weight_decay": 0.1, "b1": 0.8, "b2": 0.5},
    },
    "fromage": {"default": {"learning_rate": 1e-2}},
    "sm3": {"default": {"learning_rate": 1e-2}, "momentum": {"learning_rate": 1e-2, "momentum": 0.5}},
    "sign_sgd": {"default": {"learning_rate": 1e-3}},
    "signum": {"default": {"learning_rate": 1e-3}},
    "rprop": {"default": {"learning_rate": 1e-2}},
    "adan": {"default": {"learning_rate": 1e-3}, "decay": {"learning_rate": 1e-2, "weight_decay": 0.1}},
    "optimistic_gradient_descent": {"default": {"learning_rate": 1e-3}},
    "polyak_sgd": {"default": {"max_learning_rate": 0.1}},
    "ademamix": {"default": {"learning_rate": 1e-3}, "decay": {"learning_rate": 1e-2, "weight_decay": 0.1}},
    "simplified_ademamix": {"default": {"learning_rate": 1e-4}},
    "adopt": {"default": {"learning_rate": 1e-2}},
    "acprop": {"default": {"learning_rate": 1e-3}},
    "madgrad": {"default": {"learning_rate": 1e-2}},
    "cocob": {"default": {}},
    "dadapt_adamw": {"default": {}},
    "dog": {"default": {}},
    "dowg": {"default": {}},
    "prodigy": {"default": {}, "decay": {"weight_decay": 0.1, "betas": (0.8, 0.95)}},
    "momo": {"default": {"learning_rate": 0.1}},
    "muon": {
        "default": {"learning_rate": 1e-2},
        "decay": {"learning_rate": 1e-2, "weight_decay": 0.1, "nesterov": False, "beta": 0.9},
    },
    "schedule_free_sgd": {"default": {"learning_rate": 1e-3}, "decay": {"learning_rate": 1e-2, "weight_decay": 0.05}},
    "schedule_free_adamw": {
        "default": {"learning_rate": 2.5e-3},
        "decay": {"learning_rate": 1e-2, "weight_decay": 0.1, "b1": 0.95},
    },
}

# Rules of several transformations, written as optax writes them.
CHAINS = {
    "clip_by_global_norm:0.5 | adam:0.01": lambda: optax.chain(optax.clip_by_global_norm(0.5), optax.adam(0.01)),
    "clip:0.1 | sgd:0.01,momentum=0.9": lambda: optax.chain(optax.clip(0.1), optax.sgd(0.01, momentum=0.9)),
    "clip_by_block_rms:0.1 | sgd:0.01": lambda: optax.chain(optax.clip_by_block_rms(0.1), optax.sgd(0.01)),
    "adaptive_grad_clip:0.01 | sgd:0.01": lambda: optax.chain(optax.adaptive_grad_clip(0.01), optax.sgd(0.01)),
    "centralize | adam:0.01": lambda: optax.chain(optax.centralize(), optax.adam(0.01)),
    "normalize_by_update_norm | sgd:0.01": lambda: optax.chain(optax.normalize_by_update_norm(), optax.sgd(0.01)),
}

MATRIX_RULES = ("lamb", "lars", "adafactor", "novograd", "fromage", "muon", "sm3")
NOTES = {
    "adam nesterov": "optax's nesterov=True is Dozat's NAdam without a momentum schedule",
    "polyak_sgd": "update also gets the value of the batch's loss",
    "momo": "update also gets the value of the batch's loss",
    "schedule_free_sgd": "x is y, where gradients are taken; eval is the averaged x",
    "schedule_free_adamw": "x is y, where gradients are taken; eval is the averaged x",
}


def constructor(name):
    return getattr(optax, name, None) or getattr(optax.contrib, name)


def cases():
    for optimizer, variants in VARIANTS.items():
        parameters = inspect.signature(constructor(optimizer)).parameters
        lr_key = next((k for k in ("learning_rate", "max_learning_rate") if k in parameters), None)
        declared = parameters[lr_key].default if lr_key else None
        default_lr = declared if isinstance(declared, float) else None
        problems = EVERYTHING if optimizer in MATRIX_RULES else VECTORS
        for variant, options in variants.items():
            note = NOTES.get(f"{optimizer} {variant}") or NOTES.get(optimizer)
            yield Case(optimizer, variant, dict(options), problems, lr_key, default_lr, note)
    for text in CHAINS:
        problems = EVERYTHING if "centralize" in text or "adaptive" in text else VECTORS
        yield Case("chain", text, {}, problems, None)


class Run:
    def __init__(self, tools, optimizer, problem, x):
        self.problem, self.optimizer = problem, optimizer
        self.update, transformation, self.takes_value = tools
        self.flat = jnp.array(x)
        self.inner = transformation.init(problem.split(self.flat))

    def step(self, k, g):
        extra = {"value": self.problem.value(k, self.x())} if self.takes_value else {}
        self.flat, self.inner = self.update(g, self.inner, self.flat, extra)

    def x(self):
        return np.array(self.flat)

    def state(self):
        by_name, scalars = {}, {}
        for path, leaf in jax.tree_util.tree_flatten_with_path(self.inner)[0]:
            segment = getattr(path[-1], "key", None)
            if segment in self.problem.segments:
                by_name.setdefault(text_of(path[:-1]), {})[segment] = np.asarray(leaf)
            elif np.size(leaf) == 1:
                scalars[f"scalar/{text_of(path)}"] = np.float64(np.ravel(np.asarray(leaf, np.float64))[0])
            else:
                by_name.setdefault(text_of(path), {})["all"] = np.asarray(leaf)
        return {**sort_state(self.problem, by_name), **scalars}

    def eval(self):
        if not self.optimizer.startswith("schedule_free"):
            return None
        parameters = self.problem.split(self.flat)
        point = optax.contrib.schedule_free_eval_params(self.inner, parameters)
        return self.problem.join(point)


def text_of(path):
    """`0.mu` for the field mu of the first transformation of a chain."""
    return ".".join(str(getattr(p, "name", getattr(p, "idx", getattr(p, "key", p)))) for p in path)


def make(case):
    def with_options(options, problem):
        chain = case.optimizer == "chain"
        transformation = CHAINS[case.variant]() if chain else constructor(case.optimizer)(**options)
        return begin(transformation, case.optimizer, problem)

    return with_options


def begin(transformation, optimizer, problem):
    takes_value = optimizer in ("polyak_sgd", "momo")

    @jax.jit
    def update(g, inner, flat, extra):
        parameters = problem.split(flat)
        updates, inner = transformation.update(problem.split(g), inner, parameters, **extra)
        parameters = optax.apply_updates(parameters, updates)
        return jnp.concatenate([parameters[s].ravel() for s in problem.segments]), inner

    tools = (update, transformation, takes_value)
    return lambda x: Run(tools, optimizer, problem, x)
