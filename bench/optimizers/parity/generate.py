"""Writes the reference trajectories described in FORMAT.md.

    python bench/optimizers/parity/generate.py [torch|optax|keras|schedules …] [--every-step]
"""

import argparse
import importlib
import importlib.metadata
import json
import pathlib
import struct
import sys
import time

import numpy as np

from testbed import PROBLEMS
from trajectory import Diverged, record

HERE = pathlib.Path(__file__).resolve().parent
SCRATCH = HERE.parent.parent.parent / ".bench" / "parity"
LIBRARIES = {
    "torch": ("torch", "numpy"),
    "optax": ("optax", "jax", "jaxlib", "numpy"),
    "keras": ("keras", "jax", "jaxlib", "numpy"),
}


def save(path, tensors, metadata):
    """A safetensors file with sorted names: the same bytes for the same numbers."""
    header, at = {"__metadata__": metadata}, 0
    names = sorted(tensors)
    for name in names:
        size = tensors[name].nbytes
        header[name] = {
            "dtype": "F64",
            "shape": list(tensors[name].shape),
            "data_offsets": [at, at + size],
        }
        at += size
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 64)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            out.write(np.ascontiguousarray(tensors[name], dtype="<f8").tobytes())
    print(f"{path.name}: {len(names)} tensors, {path.stat().st_size / 1e6:.2f} MB")


def dump(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def problems(folder):
    tensors, segments = {}, {}
    for problem in PROBLEMS.values():
        tensors[f"{problem.name}/start"] = problem.start
        for name, value in problem.constants.items():
            tensors[f"{problem.name}/{name}"] = np.asarray(value, np.float64)
        segments[problem.name] = [{"name": n, "shape": list(s)} for n, s in problem.segments.items()]
    save(folder / "problems.safetensors", tensors, {"segments": dump(segments)})


def library(name, folder, every_step):
    module = importlib.import_module(f"{name}_runs")
    about, tensors, left_out = [], {}, []
    for case in module.cases():
        start = time.perf_counter()
        for which in case.problems:
            try:
                text, arrays = record(case, PROBLEMS[which], module.make(case), every_step)
            except Diverged as error:
                left_out.append(str(error))
                continue
            about.append(text)
            tensors.update(arrays)
        print(f"{name} {case.optimizer} {case.variant}: {time.perf_counter() - start:.1f} s", flush=True)
    about.sort(key=lambda case: case["name"])
    versions = {p: importlib.metadata.version(p) for p in LIBRARIES[name]}
    metadata = {
        "about": dump({"library": name, "versions": versions, "left_out": left_out}),
        "cases": dump(about),
    }
    save(folder / f"{name}.safetensors", tensors, metadata)
    for text in left_out:
        print(f"left out: {text}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", help="torch, optax, keras, schedules; default all")
    parser.add_argument("--every-step", action="store_true", help="all steps, into .bench/parity")
    args = parser.parse_args()
    folder = SCRATCH if args.every_step else HERE
    unknown = set(args.what) - {*LIBRARIES, "schedules"}
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; known: torch, optax, keras, schedules")
    problems(folder)
    for name in args.what or [*LIBRARIES, "schedules"]:
        if name == "schedules":
            importlib.import_module("schedules").write(HERE / "schedules.json")
        else:
            library(name, folder, args.every_step)


if __name__ == "__main__":
    main()
