"""One optimizer on one problem: 1,000 steps with all state, the reference's drift, and how a run is kept.

A library is used through one function, `begin(x)`, which returns an object with

    .step(k, g)   one update with gradient g
    .x()          the flat parameters
    .state()      {name: array}: the state under the library's names
    .eval()       the point to evaluate at, or None where it is x
"""

import dataclasses

import numpy as np

STEPS = 1000
EARLY = range(11)
PAIRS = (20, 50, *range(100, 1000, 100), 999)
SELECTED = sorted({*EARLY, *PAIRS, *(k + 1 for k in PAIRS)})

LOST = 1e8  # a run that goes beyond this has diverged
SLOWER = 10.0
TRIES = 5


class Diverged(Exception):
    """A parameter became infinite, NaN or enormous."""


@dataclasses.dataclass
class Case:
    optimizer: str
    variant: str
    options: dict  # for the constructor; with `lr_key`
    problems: tuple
    lr_key: str | None = "lr"
    default_lr: float | None = None
    note: str | None = None


def follow(problem, start, begin, keep):
    """Runs from `start`; keeps x, g, state and the evaluation point at the steps of `keep`."""
    run = begin(start.copy())
    kept = {"x": [], "g": [], "state": [], "eval": []}
    for k in range(STEPS + 1):
        x = run.x()
        if not np.all(np.isfinite(x)) or np.abs(x).max() > LOST:
            raise Diverged
        g = problem.gradient(k, x)
        if k in keep:
            kept["x"].append(x)
            kept["g"].append(g)
            kept["state"].append(run.state())
            kept["eval"].append(run.eval())
        if k < STEPS:
            run.step(k, g)
    return kept


def drift(problem, begin, keep, x):
    """max |x'[k] − x[k]| over starts moved by one ulp."""
    start = problem.start
    up = np.nextafter(start, np.inf)
    down = np.nextafter(start, -np.inf)
    starts = [up, np.where(np.arange(start.size) % 2 == 0, up, down)]
    worst = np.zeros(len(keep))
    for moved in starts:
        other = np.array(follow(problem, moved, begin, keep)["x"])
        worst = np.maximum(worst, np.abs(other - x).max(axis=1))
    return worst


def record(case, problem, make, every_step):
    """Tensors and description of one case on one problem; the rate is divided by ten while the run diverges.

    `make(options, problem)` gives the library's `begin`.
    """
    keep = list(range(STEPS + 1)) if every_step else SELECTED
    options = dict(case.options)
    rate = options.get(case.lr_key, case.default_lr) if case.lr_key else None
    for _ in range(TRIES):
        try:
            begin = make(options, problem)
            kept = follow(problem, problem.start, begin, set(keep))
            x = np.array(kept["x"])
            wander = drift(problem, begin, keep, x)
            break
        except Diverged:
            if rate is None:
                raise
            rate /= SLOWER
            rate = float(f"{rate:.12g}")
            options[case.lr_key] = rate
    else:
        raise Diverged(f"{case.optimizer} {case.variant} on {problem.name} at every rate tried")

    name = f"{case.optimizer}/{case.variant}/{problem.name}"
    tensors = {f"{name}/x": x, f"{name}/g": np.array(kept["g"]), f"{name}/drift": wander}
    if kept["eval"][0] is not None:
        tensors[f"{name}/eval"] = np.array(kept["eval"])
    elementwise, scalars = keep_state(name, problem, kept["state"], tensors)
    about = {
        "name": name,
        "optimizer": case.optimizer,
        "variant": case.variant,
        "problem": problem.name,
        "options": {k: v for k, v in options.items() if isinstance(v, (int, float, bool, str, list, tuple))},
        "lr": rate,
        "default_lr": rate is not None and rate == case.default_lr,
        "steps": keep,
        "state": elementwise,
        "scalars": scalars,
    }
    if case.note:
        about["note"] = case.note
    return about, tensors


def keep_state(name, problem, states, tensors):
    """Sorts the state into elementwise, per-segment and scalar tensors; absent before the first step means zero."""
    d = problem.start.size
    last = states[-1]
    keys = sorted({key for state in states for key in state})
    elementwise, scalars = [], []
    for key in keys:
        sample = np.asarray(last.get(key, next(s[key] for s in states if key in s)))
        rows = [np.asarray(s.get(key, np.zeros(sample.shape)), np.float64) for s in states]
        stacked = np.array(rows)
        if key.startswith("scalar/"):
            scalars.append(key.removeprefix("scalar/"))
            tensors[f"{name}/{key}"] = stacked.reshape(len(states))
        elif "/" in key:
            tensors[f"{name}/state/{key}"] = stacked
        else:
            assert sample.shape == (d,), (name, key, sample.shape)
            elementwise.append(key)
            tensors[f"{name}/state/{key}"] = stacked
    return elementwise, scalars


def sort_state(problem, by_segment, shared=()):
    """{state: {segment: array}} → names of `keep_state`: flat where every segment has its parameter's shape.

    `shared` names the numbers that a library keeps once a parameter though they are the same for all.
    """
    out, shapes = {}, problem.segments
    for key, parts in by_segment.items():
        if key in shared:
            out[f"scalar/{key}"] = np.float64(np.ravel(next(iter(parts.values())))[0])
        elif set(parts) == set(shapes) and all(np.shape(parts[s]) == shapes[s] for s in shapes):
            out[key] = np.concatenate([np.asarray(parts[s], np.float64).ravel() for s in shapes])
        else:
            for segment, value in parts.items():
                out[f"{key}/{segment}"] = np.array(value, np.float64)
    return out
