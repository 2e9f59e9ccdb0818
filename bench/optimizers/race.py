"""Updates in turns with PyTorch and optax: AdamW at the memory's bandwidth, and the rules for matrices.

    cargo build --release -p steepest-optim --example update_server
    python bench/optimizers/race.py [adamw|muon|shampoo|soap …] [--rounds 31] [--parameters 67108864]

Every round runs each contender once, ours in a process of its own that answers with its seconds. The ratio is that of
the medians, the peer's time to ours, with its 95 % bootstrap interval: above 1 we are faster. AdamW: one tensor.
Matrix rules: eight of 512 × 512 and two of 256 × 1024, f32; SOAP and Shampoo with a new basis or root every 10 steps. Muon of
PyTorch iterates in bfloat16, ours in f32: it races as it is and, for equal precision, with its cast to bfloat16 made one to
f32. Shampoo of ours keeps its moments and roots in f64. Writes bench/optimizers/results.race.NAME.json.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import record  # noqa: E402  the directory above is on the path now

MATRICES = [(512, 512)] * 8 + [(256, 1024)] * 2
OURS = {
    "adamw": "adamw:lr=1e-3",
    "muon": "muon:lr=1e-3",
    "shampoo": "shampoo:every=10,beta=1",
    "soap": "soap",
}


class Ours:
    """Our optimizer behind a pipe."""

    def __init__(self, program, rule, shapes):
        texts = ["x".join(str(n) for n in shape) for shape in shapes]
        self.process = subprocess.Popen([program, rule, *texts], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def __call__(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()) * 1e-9


def timed(step):
    def run():
        start = time.perf_counter()
        step()
        return time.perf_counter() - start

    return run


def torch_parameters(torch, shapes):
    torch.manual_seed(0)
    parameters = [torch.nn.Parameter(torch.zeros(*shape)) for shape in shapes]
    for p in parameters:
        p.grad = torch.randn_like(p)
    return parameters


def peers(name, shapes, threads):
    import torch

    torch.set_num_threads(threads)
    fresh = lambda: torch_parameters(torch, shapes)  # noqa: E731
    if name == "adamw":
        p = fresh()
        out = {
            "PyTorch fused": torch.optim.AdamW(p, lr=1e-3, fused=True).step,
            "PyTorch foreach": torch.optim.AdamW(p, lr=1e-3, foreach=True).step,
            "PyTorch for-loop": torch.optim.AdamW(p, lr=1e-3, foreach=False).step,
        }
        return {k: timed(v) for k, v in out.items()} | {"optax jitted": timed(optax_step("adamw", shapes))}
    if name == "muon":
        as_it_is, wide = torch.optim.Muon(fresh(), lr=1e-3), torch.optim.Muon(fresh(), lr=1e-3)
        return {
            "PyTorch Muon, bf16": timed(as_it_is.step),
            "PyTorch Muon, f32": timed(lambda: in_f32(torch, wide.step)),
            "optax Muon jitted": timed(optax_step("muon", shapes)),
        }
    import pytorch_optimizer

    if name == "soap":
        return {"pytorch_optimizer SOAP": timed(pytorch_optimizer.SOAP(fresh()).step)}
    shampoo = pytorch_optimizer.Shampoo(fresh(), lr=1e-2, preconditioning_compute_steps=10)
    scalable = pytorch_optimizer.ScalableShampoo(fresh(), lr=1e-2, preconditioning_compute_steps=10, block_size=1024)
    return {
        "pytorch_optimizer Shampoo": timed(shampoo.step),
        "pytorch_optimizer ScalableShampoo": timed(scalable.step),
    }


def in_f32(torch, step):
    """A step of PyTorch's Muon whose Newton–Schulz iteration asks for f32 where it would ask for bfloat16."""
    narrow = torch.bfloat16
    torch.bfloat16 = torch.float32
    try:
        step()
    finally:
        torch.bfloat16 = narrow


def optax_step(name, shapes):
    import jax

    jax.config.update("jax_platforms", "cpu")
    import jax.numpy as jnp
    import optax
    import optax.contrib

    rule = optax.adamw(1e-3, weight_decay=0.01) if name == "adamw" else optax.contrib.muon(1e-3)
    g = [jnp.full(s, 0.01, jnp.float32) for s in shapes]
    held = {"x": [jnp.zeros(s, jnp.float32) for s in shapes]}
    held["state"] = rule.init(held["x"])

    def plain(x, state, g):
        updates, state = rule.update(g, state, x)
        return optax.apply_updates(x, updates), state

    donated = jax.jit(plain, donate_argnums=(0, 1))

    def step():
        held["x"], held["state"] = donated(held["x"], held["state"], g)
        jax.block_until_ready(held["x"])

    return step


def race(name, program, rounds, parameters, threads):
    shapes = [(parameters,)] if name == "adamw" else MATRICES
    contenders = {"steepest": Ours(program, OURS[name], shapes)} | peers(name, shapes, threads)
    times = {k: [] for k in contenders}
    # Rules with bases do their costly step every tenth time: whole tens count alike for all.
    repeat = 1 if name in ("adamw", "muon") else 10
    for turn in range(rounds + 1):
        for k, step in contenders.items():
            taken = sum(step() for _ in range(repeat)) / repeat
            if turn > 0:
                times[k].append(taken)
    rows, results = [], {}
    for k, taken in times.items():
        ratio = record.ratio_interval(taken, times["steepest"])
        results[k] = {"median": statistics.median(taken), **ratio}
        rows.append((k, f"{1e3 * results[k]['median']:.2f}", f"{ratio['ratio']:.2f}", f"{ratio['low']:.2f} – {ratio['high']:.2f}"))
    print(record.table((name, "median ms", "times ours", "95 %"), rows))
    record.write(
        record.ROOT / "bench" / "optimizers" / f"results.race.{name}.json",
        {
            "what": f"seconds of one {name} update, f32",
            "shapes": [list(s) for s in shapes],
            "threads": threads,
            "rounds": rounds,
            "machine": record.machine(),
            "versions": record.versions("torch", "optax", "jax", "pytorch_optimizer"),
            "contenders": record.rounded(results),
        },
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(OURS))
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--parameters", type=int, default=1 << 26)
    parser.add_argument("--threads", type=int, default=2)
    target = os.environ.get("CARGO_TARGET_DIR", str(record.ROOT / "target"))
    parser.add_argument("--program", default=f"{target}/release/examples/update_server")
    args = parser.parse_args()
    if os.environ.get("MALLOC_TOP_PAD_") is None:
        os.environ.update(record.ROOMY_MALLOC)
        os.execv(sys.executable, [sys.executable, *sys.argv])
    os.environ["RAYON_NUM_THREADS"] = str(args.threads)
    for name in args.names or list(OURS):
        race(name, args.program, args.rounds, args.parameters, args.threads)


if __name__ == "__main__":
    main()
