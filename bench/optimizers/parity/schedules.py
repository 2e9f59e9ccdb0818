"""Learning rates of PyTorch's, optax's and Keras's schedules, one number a step.

PyTorch's are read before update k from the optimizer, after `scheduler.step()` k times, so `lr[k]` is the rate of
the update that makes k + 1 of k. optax's and Keras's are functions of k.
"""

import json
import os
import warnings

warnings.filterwarnings("ignore")

STEPS = 120


def torch_sequences():
    import torch
    from torch.optim import lr_scheduler as s

    def sequence(make, steps=STEPS, lr=0.1, losses=None, **options):
        parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
        optimizer = torch.optim.SGD([parameter], lr=lr, **options)
        scheduler = make(optimizer)
        rates, momenta = [], []
        for k in range(steps):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            momenta.append(float(optimizer.param_groups[0]["momentum"]))
            optimizer.step()
            scheduler.step(losses[k]) if losses else scheduler.step()
        out = {"lr": rates}
        if len(set(momenta)) > 1:
            out["momentum"] = momenta
        if losses:
            out["losses"] = losses
        return out

    # A loss that falls, stalls, falls again and rises.
    losses = [1.0 / (1 + k) if k < 20 else 0.05 for k in range(50)]
    losses += [0.05 - 0.001 * (k // 7) for k in range(40)] + [0.04 + 0.002 * k for k in range(30)]

    def plateau(**options):
        return lambda o: s.ReduceLROnPlateau(o, **options)

    recipes = {
        "ConstantLR": (dict(factor=0.25, total_iters=7), lambda o, a: s.ConstantLR(o, **a)),
        "LinearLR": (dict(start_factor=0.1, end_factor=1.0, total_iters=20), lambda o, a: s.LinearLR(o, **a)),
        "LinearLR down": (dict(start_factor=1.0, end_factor=0.2, total_iters=50), lambda o, a: s.LinearLR(o, **a)),
        "StepLR": (dict(step_size=30, gamma=0.1), lambda o, a: s.StepLR(o, **a)),
        "MultiStepLR": (dict(milestones=[10, 40, 41, 90], gamma=0.3), lambda o, a: s.MultiStepLR(o, **a)),
        "ExponentialLR": (dict(gamma=0.97), lambda o, a: s.ExponentialLR(o, **a)),
        "PolynomialLR": (dict(total_iters=80, power=2.0), lambda o, a: s.PolynomialLR(o, **a)),
        "PolynomialLR linear": (dict(total_iters=100, power=1.0), lambda o, a: s.PolynomialLR(o, **a)),
        "CosineAnnealingLR": (dict(T_max=100, eta_min=0.001), lambda o, a: s.CosineAnnealingLR(o, **a)),
        "CosineAnnealingLR beyond": (dict(T_max=40), lambda o, a: s.CosineAnnealingLR(o, **a)),
        "CosineAnnealingWarmRestarts": (
            dict(T_0=10, T_mult=2, eta_min=0.001),
            lambda o, a: s.CosineAnnealingWarmRestarts(o, **a),
        ),
        "CosineAnnealingWarmRestarts equal": (dict(T_0=25), lambda o, a: s.CosineAnnealingWarmRestarts(o, **a)),
        "OneCycleLR": (dict(max_lr=0.5, total_steps=STEPS + 1), lambda o, a: s.OneCycleLR(o, **a)),
        "OneCycleLR linear three-phase": (
            dict(
                max_lr=0.5,
                total_steps=STEPS + 1,
                pct_start=0.4,
                anneal_strategy="linear",
                three_phase=True,
                div_factor=10.0,
                final_div_factor=100.0,
            ),
            lambda o, a: s.OneCycleLR(o, **a),
        ),
        "CyclicLR triangular": (
            dict(base_lr=0.01, max_lr=0.1, step_size_up=15, mode="triangular"),
            lambda o, a: s.CyclicLR(o, **a),
        ),
        "CyclicLR triangular2": (
            dict(base_lr=0.01, max_lr=0.1, step_size_up=10, step_size_down=20, mode="triangular2"),
            lambda o, a: s.CyclicLR(o, **a),
        ),
        "CyclicLR exp_range": (
            dict(base_lr=0.01, max_lr=0.1, step_size_up=10, mode="exp_range", gamma=0.99),
            lambda o, a: s.CyclicLR(o, **a),
        ),
        "LambdaLR inverse time": (
            dict(text="1 / (1 + 0.05 * k)"),
            lambda o, a: s.LambdaLR(o, lambda k: 1 / (1 + 0.05 * k)),
        ),
        "LambdaLR inverse square root": (
            dict(text="min((k + 1) / 10, (10 / (k + 1)) ** 0.5)"),
            lambda o, a: s.LambdaLR(o, lambda k: min((k + 1) / 10, (10 / (k + 1)) ** 0.5)),
        ),
        "MultiplicativeLR": (dict(text="0.95"), lambda o, a: s.MultiplicativeLR(o, lambda k: 0.95)),
        "SequentialLR warmup cosine": (
            dict(text="LinearLR(0.1, 1, 10) until 10, then CosineAnnealingLR(T_max=90)"),
            lambda o, a: s.SequentialLR(
                o,
                [s.LinearLR(o, 0.1, 1.0, 10), s.CosineAnnealingLR(o, 90)],
                milestones=[10],
            ),
        ),
        "SequentialLR constant exponential": (
            dict(text="ConstantLR(0.1, 20) until 20, then ExponentialLR(0.9)"),
            lambda o, a: s.SequentialLR(
                o, [s.ConstantLR(o, 0.1, 20), s.ExponentialLR(o, 0.9)], milestones=[20]
            ),
        ),
        "ChainedScheduler": (
            dict(text="ConstantLR(0.1, 20) times ExponentialLR(0.99)"),
            lambda o, a: s.ChainedScheduler([s.ConstantLR(o, 0.1, 20), s.ExponentialLR(o, 0.99)]),
        ),
    }
    out = {}
    for name, (options, make) in recipes.items():
        momentum = {"momentum": 0.9} if name.startswith(("OneCycle", "Cyclic")) else {}
        out[name] = {"base_lr": 0.1, "options": options}
        out[name] |= sequence(lambda o, m=make, a=options: m(o, a), **momentum)
    plateaus = {
        "ReduceLROnPlateau": dict(),
        "ReduceLROnPlateau tight": dict(
            factor=0.5, patience=3, threshold=0.01, cooldown=4, min_lr=0.005
        ),
        "ReduceLROnPlateau absolute max": dict(
            mode="max", factor=0.2, patience=5, threshold=0.002, threshold_mode="abs"
        ),
    }
    for name, options in plateaus.items():
        out[name] = {"base_lr": 0.1, "options": options}
        out[name] |= sequence(plateau(**options), losses=losses)
    return out


def optax_sequences():
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    import optax

    recipes = {
        "linear_schedule": dict(init_value=0.1, end_value=0.01, transition_steps=50, transition_begin=10),
        "polynomial_schedule": dict(
            init_value=0.1, end_value=0.001, power=3.0, transition_steps=80, transition_begin=5
        ),
        "exponential_decay": dict(
            init_value=0.1, transition_steps=20, decay_rate=0.5, transition_begin=10, end_value=0.005
        ),
        "exponential_decay staircase": dict(
            init_value=0.1, transition_steps=20, decay_rate=0.5, staircase=True
        ),
        "cosine_decay_schedule": dict(init_value=0.1, decay_steps=100, alpha=0.01, exponent=1.0),
        "cosine_decay_schedule exponent": dict(init_value=0.1, decay_steps=80, exponent=2.0),
        "cosine_onecycle_schedule": dict(transition_steps=100, peak_value=0.5),
        "linear_onecycle_schedule": dict(transition_steps=100, peak_value=0.5),
        "warmup_constant_schedule": dict(init_value=0.0, peak_value=0.1, warmup_steps=15),
        "warmup_cosine_decay_schedule": dict(
            init_value=0.0, peak_value=0.1, warmup_steps=10, decay_steps=100, end_value=0.001
        ),
        "warmup_exponential_decay_schedule": dict(
            init_value=0.0, peak_value=0.1, warmup_steps=10, transition_steps=20, decay_rate=0.5
        ),
        "piecewise_constant_schedule": dict(
            init_value=0.1, boundaries_and_scales={20: 0.5, 60: 0.1}
        ),
    }
    out = {}
    for name, options in recipes.items():
        schedule = getattr(optax, name.split()[0])(**options)
        out[name] = {"options": options, "lr": [float(schedule(k)) for k in range(STEPS)]}
    return out


def keras_sequences():
    os.environ["KERAS_BACKEND"] = "jax"
    import jax

    jax.config.update("jax_enable_x64", True)
    import keras

    keras.config.set_floatx("float64")
    s = keras.optimizers.schedules
    recipes = {
        "ExponentialDecay": dict(initial_learning_rate=0.1, decay_steps=20, decay_rate=0.5),
        "InverseTimeDecay": dict(initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5),
        "InverseTimeDecay staircase": dict(
            initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5, staircase=True
        ),
        "PolynomialDecay": dict(
            initial_learning_rate=0.1, decay_steps=80, end_learning_rate=0.001, power=2.0
        ),
        "PolynomialDecay cycle": dict(
            initial_learning_rate=0.1, decay_steps=30, end_learning_rate=0.01, cycle=True
        ),
        "PiecewiseConstantDecay": dict(boundaries=[20, 60], values=[0.1, 0.05, 0.01]),
        "CosineDecay": dict(
            initial_learning_rate=0.01, decay_steps=90, alpha=0.05, warmup_target=0.1, warmup_steps=10
        ),
        "CosineDecayRestarts": dict(
            initial_learning_rate=0.1, first_decay_steps=20, t_mul=2.0, m_mul=0.8, alpha=0.01
        ),
    }
    out = {}
    for name, options in recipes.items():
        schedule = getattr(s, name.split()[0])(**options)
        out[name] = {"options": options, "lr": [float(schedule(k)) for k in range(STEPS)]}
    return out


def write(path):
    import importlib.metadata

    found = {
        "versions": {p: importlib.metadata.version(p) for p in ("torch", "optax", "keras")},
        "torch": torch_sequences(),
        "optax": optax_sequences(),
        "keras": keras_sequences(),
    }
    lines = []
    for library, schedules in found.items():
        if library == "versions":
            lines.append(f' "versions": {json.dumps(schedules)}')
            continue
        rows = [f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in schedules.items()]
        lines.append(f' "{library}": {{\n' + ",\n".join(rows) + "\n }")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
