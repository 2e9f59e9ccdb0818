"""How every race is timed and written down: rounds, medians, intervals, the machine, the versions."""

import importlib.metadata
import json
import os
import pathlib
import platform
import random
import statistics

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
SCRATCH = ROOT / ".bench"  # files made for a race; ignored by git

# Large arrays stay in the process instead of going back to the system at every free; several
# peers run up to three times faster so, and the faster setting is the one to beat.
ROOMY_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "67108864",
}


def shared(*parts):
    """A file of the shared data beside the repository, or None with a word about it."""
    path = SHARED.joinpath(*parts)
    if path.exists():
        return path
    print(f"skipped: ../shared/data/{'/'.join(parts)} is not there")
    return None


def machine():
    """Processor, cores, memory, system and what else was running; no name of the host, no path.

    A load well above the contenders' own threads says that the seconds beside it are rough.
    """
    model, flags = platform.machine(), []
    try:
        for line in open("/proc/cpuinfo"):
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                model = value.strip()
            elif key.strip() == "flags":
                flags = [f for f in value.split() if f in ("avx2", "fma", "avx512f", "avx512bf16")]
    except OSError:
        pass
    memory = None
    if hasattr(os, "sysconf"):
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "instructions": flags,
        "memory_gib": memory,
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "load_average": [round(v, 1) for v in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def versions(*packages):
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def ratio_interval(slow, fast, level=0.95, draws=10_000, seed=0):
    """Median of slow over median of fast with its bootstrap interval; the lists are rounds run in turn.

    Rounds are drawn as pairs, so that a disturbance that hit both contenders of a round stays with it.
    """
    n = min(len(slow), len(fast))
    if n == 0:
        return None
    draw = random.Random(seed)
    ratios = []
    for _ in range(draws):
        rows = [draw.randrange(n) for _ in range(n)]
        ratios.append(
            statistics.median(slow[i] for i in rows) / statistics.median(fast[i] for i in rows)
        )
    ratios.sort()
    tail = (1 - level) / 2
    return {
        "ratio": statistics.median(slow) / statistics.median(fast),
        "low": ratios[int(tail * draws)],
        "high": ratios[int((1 - tail) * draws) - 1],
        "rounds": n,
    }


def rounded(value, digits=4):
    """Seconds and ratios are not known to more digits than these."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, dict):
        return {k: rounded(v, digits) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(v, digits) for v in value]
    return value


def write(path, result):
    """One JSON file, written whole or not at all."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    partial.replace(path)
    try:
        print(f"wrote {path.resolve().relative_to(ROOT)}")
    except ValueError:
        print(f"wrote {path.name}")


def table(headers, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(headers) + " |", "|" + "---|" * len(headers)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
