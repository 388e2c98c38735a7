"""Laser time simulated per second, beside the kernel of commit cdd8c44, and how it grows.

Each round runs all cases with both kernels in turn, each in a process of its own. The best round
counts, since other work on the machine only ever slows a run down. Ratios are those of processor
time, and of wall time where threads share a chain.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

ROOT = Path(__file__).parent.parent
BEFORE = "cdd8c44"


class Case(NamedTuple):
    """Chains of a network, coupled all to all or not at all."""

    n_chains: int
    n_lasers: int
    is_coupled: bool

    def __str__(self) -> str:
        if not self.is_coupled:
            return f"{self.n_chains} independent lasers"
        if self.n_chains == 1:
            return f"one chain of {self.n_lasers} coupled lasers"
        return f"{self.n_chains} chains of {self.n_lasers} coupled lasers"


CASES = (
    Case(1000, 1, False),
    Case(200, 5, True),
    Case(20, 100, True),
    Case(2, 1000, True),
    Case(1, 1194, True),
)


def measured(clone: Path, task: dict[str, Any]) -> list[dict[str, float]]:
    """One entry for each case, by the package of a clone."""
    script = ROOT / "benchmarks" / "laser_speed.py"
    done = subprocess.run(
        [sys.executable, str(script), json.dumps(task)],
        env={**os.environ, "PYTHONPATH": str(clone)},
        cwd=clone,
        check=True,
        capture_output=True,
        text=True,
    )
    found: list[dict[str, float]] = json.loads(done.stdout)
    return found


def checked_out(folder: Path) -> Path | None:
    """A clone of this repository at the commit before, or None if there is no such commit."""
    target = folder / BEFORE
    for command in (
        ["git", "clone", "-q", "--no-checkout", str(ROOT), str(target)],
        ["git", "-C", str(target), "checkout", "-q", BEFORE],
    ):
        if subprocess.run(command, check=False, capture_output=True).returncode:
            return None
    return target


def vectors() -> str:
    """The widest instructions of this processor that the kernel can use."""
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    wide = [name for name in ("avx512f", "avx2", "neon") if features.get(name)]
    return wide[0] if wide else "narrow vectors"


def main(
    device: Annotated[str, typer.Option(help="Name of a shipped device.")] = "D6",
    ratio: Annotated[float, typer.Option(help="Pump over its threshold.")] = 0.8555,
    runs: Annotated[int, typer.Option(min=1, help="Rounds.")] = 3,
    duration_ns: Annotated[float, typer.Option(help="Laser time of one case and chain.")] = 1000.0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of a simulation.")] = 1,
) -> None:
    """Print laser-us per second of a core and of wall time, and ratios to the kernel before."""
    task = {
        "cases": CASES, "device": device, "ratio": ratio, "duration_ns": duration_ns,
        "threads": threads,
    }  # fmt: skip
    rounds: dict[str, list[list[dict[str, float]]]] = {"now": [], BEFORE: []}
    with tempfile.TemporaryDirectory() as folder:
        clones = {"now": ROOT, BEFORE: checked_out(Path(folder))}
        for _ in range(runs):
            for name, clone in clones.items():
                if clone is not None:
                    rounds[name].append(measured(clone, task))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{device} at {ratio:g} of its threshold; {threads} threads; best of {runs} rounds;")
    print(f"{platform.machine()}, {vectors()}, {os.cpu_count()} cores, load {load:.1f}")
    print(f"{'laser-us per':34s} {'core-s':>8s} {'second':>8s} {'ratio':>7s} {'(wall)':>7s}")
    for k, case in enumerate(CASES):
        laser_us = case.n_chains * case.n_lasers * duration_ns * 1e-3
        best = {
            (name, what): laser_us / min(found[k][what] for found in of)
            for name, of in rounds.items()
            for what in ("processor_s", "wall_s")
            if of
        }
        line = f"{case!s:34s}"
        for what in ("processor_s", "wall_s"):
            line += f" {best['now', what]:8.0f}"
        for what in ("processor_s", "wall_s"):
            if (BEFORE, what) in best:
                line += f" {best['now', what] / best[BEFORE, what]:7.2f}"
        print(line)
    if not rounds[BEFORE]:
        print(f"no ratios: this clone does not have commit {BEFORE}")


if __name__ == "__main__":
    typer.run(main)
