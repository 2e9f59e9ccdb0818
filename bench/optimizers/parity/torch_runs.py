"""PyTorch's optimizers, the plain one-tensor-at-a-time implementation, in f64."""

import warnings

import numpy as np
import torch

from testbed import EVERYTHING, VECTORS
from trajectory import Case, sort_state

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

DEFAULT_LR = {
    "SGD": 1e-3,
    "Adagrad": 1e-2,
    "Adadelta": 1.0,
    "Adam": 1e-3,
    "AdamW": 1e-3,
    "Adamax": 2e-3,
    "NAdam": 2e-3,
    "RAdam": 1e-3,
    "RMSprop": 1e-2,
    "Rprop": 1e-2,
    "ASGD": 1e-2,
    "Adafactor": 1e-2,
    "Muon": 1e-3,
    "SparseAdam": 1e-3,
}

VARIANTS = {
    "SGD": {
        "default": {},
        "momentum": {"momentum": 0.9},
        "nesterov": {"momentum": 0.9, "nesterov": True},
        "dampening": {"momentum": 0.8, "dampening": 0.5},
        "l2": {"weight_decay": 0.1},
        "nesterov-l2": {"lr": 5e-3, "momentum": 0.7, "nesterov": True, "weight_decay": 0.05},
        "maximize": {"lr": 1e-4, "maximize": True, "momentum": 0.5},
    },
    "Adagrad": {
        "default": {},
        "decay": {"lr": 0.1, "lr_decay": 0.01, "initial_accumulator_value": 0.1},
        "l2": {"weight_decay": 0.1},
        "eps": {"lr": 0.5, "eps": 1e-2},
    },
    "RMSprop": {
        "default": {},
        "centered": {"centered": True},
        "momentum": {"lr": 1e-3, "momentum": 0.9},
        "centered-momentum": {"lr": 1e-3, "centered": True, "momentum": 0.5, "alpha": 0.9},
        "eps": {"eps": 1e-2, "alpha": 0.95},
        "l2": {"weight_decay": 0.1},
    },
    "Adadelta": {
        "default": {},
        "rho": {"rho": 0.95, "eps": 1e-4, "lr": 0.5},
        "l2": {"weight_decay": 0.1},
    },
    "Adam": {
        "default": {},
        "betas": {"lr": 1e-2, "betas": (0.8, 0.95)},
        "eps": {"lr": 1e-2, "eps": 1e-2},
        "amsgrad": {"lr": 1e-2, "amsgrad": True},
        "l2": {"weight_decay": 0.1},
        "amsgrad-l2": {"lr": 1e-2, "betas": (0.5, 0.9), "amsgrad": True, "weight_decay": 0.05},
    },
    "AdamW": {
        "default": {},
        "decay": {"lr": 1e-2, "weight_decay": 0.3},
        "amsgrad": {"lr": 1e-2, "amsgrad": True, "eps": 1e-4, "betas": (0.7, 0.9)},
    },
    "Adamax": {
        "default": {},
        "betas": {"lr": 1e-2, "betas": (0.8, 0.95), "eps": 1e-3},
        "l2": {"weight_decay": 0.1},
    },
    "NAdam": {
        "default": {},
        "decay": {"lr": 1e-2, "momentum_decay": 0.05, "betas": (0.8, 0.95)},
        "l2": {"weight_decay": 0.1, "eps": 1e-4},
        "decoupled": {"weight_decay": 0.1, "decoupled_weight_decay": True},
    },
    "RAdam": {
        "default": {},
        "betas": {"lr": 1e-2, "betas": (0.8, 0.9), "eps": 1e-4},
        "l2": {"weight_decay": 0.1},
        "decoupled": {"weight_decay": 0.1, "decoupled_weight_decay": True},
    },
    "Rprop": {
        "default": {},
        "etas": {"lr": 1e-3, "etas": (0.4, 1.3), "step_sizes": (1e-5, 0.5)},
    },
    "ASGD": {
        "default": {},
        "averaging": {"lr": 5e-3, "lambd": 1e-2, "alpha": 0.6, "t0": 100},
        "l2": {"weight_decay": 0.1},
    },
    "Adafactor": {
        "default": {},
        "decay": {"lr": 0.1, "beta2_decay": -0.5, "d": 1.5, "weight_decay": 0.1},
    },
    "Muon": {
        "default": {},
        "plain": {"lr": 1e-2, "nesterov": False, "weight_decay": 0.0, "momentum": 0.8},
        "match-rms": {"lr": 1e-2, "adjust_lr_fn": "match_rms_adamw", "ns_steps": 7},
    },
    "SparseAdam": {"default": {}, "betas": {"lr": 1e-2, "betas": (0.8, 0.95), "eps": 1e-4}},
}

PROBLEMS = {"Adafactor": EVERYTHING, "Muon": ("matrix",), "SparseAdam": ("sparse",)}
SHARED = ("step", "mu_product", "eta", "mu")
NOTES = {
    "Muon": "the Newton-Schulz iteration runs in bfloat16: equal only to about 1e-2 of an update",
    "SparseAdam": "the gradient is a sparse tensor of its nonzeros; untouched coordinates keep their moments",
}


def cases():
    for optimizer, variants in VARIANTS.items():
        for variant, options in variants.items():
            yield Case(
                optimizer,
                variant,
                dict(options),
                PROBLEMS.get(optimizer, VECTORS),
                default_lr=DEFAULT_LR[optimizer],
                note=NOTES.get(optimizer),
            )


class Run:
    def __init__(self, optimizer, options, problem, x):
        self.problem = problem
        self.parameters = {
            name: torch.nn.Parameter(torch.from_numpy(part.copy()))
            for name, part in problem.split(x).items()
        }
        self.sparse = optimizer == "SparseAdam"
        plain = {} if optimizer in ("SparseAdam", "Muon") else {"foreach": False}
        self.optimizer = getattr(torch.optim, optimizer)(
            list(self.parameters.values()), **plain, **options
        )

    def step(self, k, g):
        for name, part in self.problem.split(g).items():
            grad = torch.from_numpy(part.copy())
            self.parameters[name].grad = grad.to_sparse() if self.sparse else grad
        self.optimizer.step()

    def x(self):
        return self.problem.join({n: p.detach().numpy() for n, p in self.parameters.items()})

    def state(self):
        by_name = {}
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                if value is not None:
                    value = value.detach().numpy().copy() if torch.is_tensor(value) else np.float64(value)
                    by_name.setdefault(key, {})[name] = value
        return sort_state(self.problem, by_name, SHARED)

    def eval(self):
        return None


def make(case):
    def with_options(options, problem):
        return lambda x: Run(case.optimizer, options, problem, x)

    return with_options
