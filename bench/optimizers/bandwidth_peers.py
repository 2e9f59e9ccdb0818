"""AdamW over 67 M f32 parameters: what PyTorch and optax need for one update.

    python bench/optimizers/bandwidth_peers.py [--parameters 67108864] [--rounds 31] [--threads 2]

Contenders take turns in every round. PyTorch: fused, foreach, one tensor at a time. optax: one compiled update with
donated buffers, so that it may work in place. A kernel of ours with the same traffic (4 reads, 3 writes a parameter,
28 bytes) is the yardstick and is timed by our own bench. optax uses the threads XLA gives it; PyTorch those asked for.
Writes bench/peers/adamw-bandwidth.json.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import record  # noqa: E402  the directory above is on the path now

BYTES = 28


def torch_contenders(n, threads):
    import torch

    torch.set_num_threads(threads)
    out = {}
    options = {
        "PyTorch fused": {"fused": True},
        "PyTorch foreach": {"foreach": True},
        "PyTorch for-loop": {"foreach": False},
    }
    # One parameter for all three: the moments are their own, the parameter's drift does not matter here.
    parameter = torch.nn.Parameter(torch.full((n,), 0.5))
    parameter.grad = torch.full((n,), 0.01)
    for name, option in options.items():
        optimizer = torch.optim.AdamW([parameter], lr=1e-3, weight_decay=0.01, **option)
        out[name] = optimizer.step
    return out


def optax_contender(n):
    import jax

    jax.config.update("jax_platforms", "cpu")
    import jax.numpy as jnp
    import optax

    rule = optax.adamw(1e-3, weight_decay=0.01)
    gradient = jnp.full((n,), 0.01, jnp.float32)
    held = {"x": jnp.full((n,), 0.5, jnp.float32)}
    held["state"] = rule.init(held["x"])

    @jax.jit
    def plain(x, state, g):
        updates, state = rule.update(g, state, x)
        return optax.apply_updates(x, updates), state

    donated = jax.jit(plain, donate_argnums=(0, 1))

    def step():
        held["x"], held["state"] = donated(held["x"], held["state"], gradient)
        held["x"].block_until_ready()

    return {"optax jitted": step}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parameters", type=int, default=1 << 26)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--as-is", action="store_true", help="leave the allocator alone")
    args = parser.parse_args()
    if not args.as_is and os.environ.get("MALLOC_TOP_PAD_") is None:
        os.environ.update(record.ROOMY_MALLOC)
        os.execv(sys.executable, [sys.executable, *sys.argv])
    contenders = torch_contenders(args.parameters, args.threads) | optax_contender(args.parameters)
    times = {name: [] for name in contenders}
    for turn in range(args.rounds + 2):
        for name, step in contenders.items():
            start = time.perf_counter()
            step()
            if turn >= 2:
                times[name].append(time.perf_counter() - start)
    rows, results = [], {}
    for name, taken in times.items():
        median = statistics.median(taken)
        results[name] = {
            "median": median,
            "fastest": min(taken),
            "gigabytes_per_second": BYTES * args.parameters / median / 1e9,
        }
        rows.append((name, f"{1e3 * median:.1f}", f"{results[name]['gigabytes_per_second']:.1f}"))
    print(record.table(("AdamW", "median ms", "GB/s by 28 B"), rows))
    name = "adamw-bandwidth.json" if args.threads == 2 else f"adamw-bandwidth-{args.threads}.json"
    record.write(
        record.ROOT / "bench" / "peers" / name,
        {
            "what": "seconds of one AdamW update, f32",
            "parameters": args.parameters,
            "threads": args.threads,
            "rounds": args.rounds,
            "allocator": "as it is" if args.as_is else "roomy",
            "machine": record.machine(),
            "versions": record.versions("torch", "optax", "jax"),
            "contenders": record.rounded(results),
        },
    )


if __name__ == "__main__":
    main()
