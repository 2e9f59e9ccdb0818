"""Keras's optimizers on the JAX backend in f64, each update compiled."""

import inspect
import os

import numpy as np

os.environ["KERAS_BACKEND"] = "jax"

import jax  # noqa: E402  the backend is chosen first

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")

import jax.numpy as jnp  # noqa: E402
import keras  # noqa: E402

keras.config.set_floatx("float64")

from testbed import EVERYTHING, VECTORS  # noqa: E402
from trajectory import Case, sort_state  # noqa: E402

BETAS = {"beta_1": 0.8, "beta_2": 0.95}

VARIANTS = {
    "SGD": {
        "default": {},
        "momentum": {"learning_rate": 1e-3, "momentum": 0.9},
        "nesterov": {"learning_rate": 1e-3, "momentum": 0.9, "nesterov": True},
        "decoupled": {"learning_rate": 1e-3, "weight_decay": 0.1},
        "clipnorm": {"clipnorm": 0.1},
        "global_clipnorm": {"global_clipnorm": 0.1, "momentum": 0.5},
        "clipvalue": {"clipvalue": 0.05},
        "accumulated": {"gradient_accumulation_steps": 4},
        "ema": {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 100},
    },
    "RMSprop": {
        "default": {},
        "centered": {"rho": 0.95, "momentum": 0.5, "epsilon": 1e-3, "centered": True},
    },
    "Adagrad": {"default": {}, "eps": {"learning_rate": 0.1, "initial_accumulator_value": 0.01, "epsilon": 1e-2}},
    "Adadelta": {"default": {}, "rho": {"learning_rate": 0.5, "rho": 0.9, "epsilon": 1e-4}},
    "Adam": {
        "default": {},
        "betas": {"learning_rate": 1e-2, **BETAS, "epsilon": 1e-3},
        "amsgrad": {"learning_rate": 1e-2, "amsgrad": True},
    },
    "AdamW": {"default": {}, "decay": {"learning_rate": 1e-2, "weight_decay": 0.3, **BETAS}},
    "Adamax": {"default": {}, "betas": {"learning_rate": 1e-2, **BETAS}},
    "Nadam": {"default": {}, "betas": {"learning_rate": 1e-2, **BETAS}},
    "Ftrl": {
        "default": {},
        "l1-l2": {
            "learning_rate": 0.1,
            "l1_regularization_strength": 0.01,
            "l2_regularization_strength": 0.02,
            "beta": 0.5,
        },
        "power": {
            "learning_rate": 0.1,
            "learning_rate_power": -0.7,
            "initial_accumulator_value": 0.5,
            "l2_shrinkage_regularization_strength": 0.01,
        },
    },
    "Lion": {"default": {}, "decay": {"learning_rate": 1e-3, "weight_decay": 0.1, **BETAS}},
    "Lamb": {"default": {}, "decay": {"learning_rate": 1e-2, "weight_decay": 0.1, **BETAS}},
    "Adafactor": {
        "default": {},
        "constant": {"learning_rate": 1e-2, "relative_step": False, "beta_2_decay": -0.5, "clip_threshold": 2.0},
    },
    "Muon": {"default": {}, "plain": {"learning_rate": 1e-2, "nesterov": False, "momentum": 0.8, "ns_steps": 7}},
    "ScheduleFreeAdamW": {
        "default": {},
        "warmup": {"learning_rate": 1e-2, "warmup_steps": 50, "weight_decay": 0.1, "beta_1": 0.95},
    },
}

MATRIX_RULES = ("Lamb", "Adafactor", "Muon")
NOTES = {"accumulated": "gradients of 4 steps are averaged; parameters change at every fourth"}
SHARED = ("iteration", "learning_rate")


def cases():
    for optimizer, variants in VARIANTS.items():
        parameters = inspect.signature(getattr(keras.optimizers, optimizer)).parameters
        default_lr = parameters["learning_rate"].default
        problems = EVERYTHING if optimizer in MATRIX_RULES else VECTORS
        for variant, options in variants.items():
            yield Case(
                optimizer, variant, dict(options), problems, "learning_rate", default_lr, NOTES.get(variant)
            )


class Run:
    def __init__(self, optimizer, variables, update, problem, x):
        self.problem, self.update = problem, update
        self.names = slot_names(optimizer, problem)
        self.flat = jnp.array(x)
        parts = problem.split(x)
        for variable, name in zip(variables, problem.segments):
            variable.assign(parts[name])
        # Slots that start from the parameters (averages, Ftrl's linear term, Schedule-Free's z) are made anew.
        self.inner = [jnp.array(v) for v in fresh_slots(optimizer, problem, parts, self.names)]

    def step(self, k, g):
        self.flat, self.inner = self.update(g, self.inner, self.flat)

    def x(self):
        return np.array(self.flat)

    def state(self):
        by_name, scalars = {}, {}
        for (slot, segment), value in zip(self.names, self.inner):
            value = np.asarray(value, np.float64)
            if segment is None:
                scalars[f"scalar/{slot}"] = value
            else:
                by_name.setdefault(slot, {})[segment] = value
        return {**sort_state(self.problem, by_name), **scalars}

    def eval(self):
        return None


def plain(segment):
    """Keras takes no dots in names."""
    return segment.replace(".", "_")


def slot_names(optimizer, problem):
    """(slot, segment) of every variable of the optimizer, segment None for the shared ones.

    Three slots have no name of their own in Keras: Nadam's running product, and Adafactor's factors, which stand
    before its `velocity` under the parameter's name, rows first.
    """
    out = []
    for variable in optimizer.variables:
        name = variable.name
        for segment in problem.segments:
            if name == plain(segment):
                out.append(("column" if ("row", segment) in out else "row", segment))
                break
            if name.startswith(plain(segment) + "_"):
                out.append((name.removeprefix(plain(segment) + "_"), segment))
                break
        else:
            out.append(("u_product" if name.startswith("variable") else name, None))
    return out


def fresh_slots(optimizer, problem, parts, names):
    """Values of the slots as the library makes them for parameters `parts`."""
    again = optimizer.__class__.from_config(optimizer.get_config())
    again.build([keras.Variable(parts[s], name=plain(s), dtype="float64") for s in problem.segments])
    return [np.asarray(v.value) for v in again.variables]


def make(case):
    def with_options(options, problem):
        optimizer = getattr(keras.optimizers, case.optimizer)(**options)
        variables = [
            keras.Variable(part, name=plain(name), dtype="float64")
            for name, part in problem.split(problem.start).items()
        ]
        optimizer.build(variables)

        @jax.jit
        def update(g, inner, flat):
            parts, grads = problem.split(flat), problem.split(g)
            new, inner = optimizer.stateless_apply(
                inner, [grads[s] for s in problem.segments], [parts[s] for s in problem.segments]
            )
            return jnp.concatenate([jnp.ravel(p) for p in new]), inner

        return lambda x: Run(optimizer, variables, update, problem, x)

    return with_options
