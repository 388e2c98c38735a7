"""Laser time simulated per second, beside the kernel of commit cdd8c44, and how it grows.

Each round runs all cases with both kernels in turn, each in a process of its own. The best round
counts, since other work on the machine only ever slows a run down. Ratios are those of processor
time, and of wall time where threads share a chain.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from lasersampling.parallel import available_cores
from lasersampling.results.computer import about_computer

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


def measured(clone: Path, task: dict[str, Any], name: str) -> list[dict[str, float]]:
    """One entry for each case, by a script with the package of a clone."""
    script = ROOT / "benchmarks" / name
    done = subprocess.run(
        [sys.executable, str(script)],
        input=json.dumps(task),
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


def about() -> str:
    """The processor, its instructions and what else it does."""
    told = about_computer()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    cores = available_cores()
    return f"{told['processor']}, {told['instruction_set']}, {cores} cores, load {load:.1f}"


class Speed(NamedTuple):
    """Laser-us per second of processor and of wall time, and ratios to the kernel before."""

    core: float
    wall: float
    core_ratio: float
    wall_ratio: float


def best_of_both(
    task: dict[str, Any], runs: int, script: str
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Least times of each case now and at the commit before, nan where that is missing."""
    rounds: dict[str, list[list[dict[str, float]]]] = {"now": [], BEFORE: []}
    with tempfile.TemporaryDirectory() as folder:
        clones = {"now": ROOT, BEFORE: checked_out(Path(folder))}
        for _ in range(runs):
            for name, clone in clones.items():
                if clone is not None:
                    rounds[name].append(measured(clone, task, script))
    now, before = (
        [
            {
                what: min((one[k][what] for one in rounds[name]), default=float("nan"))
                for what in ("processor_s", "wall_s")
            }
            for k in range(len(task["cases"]))
        ]
        for name in ("now", BEFORE)
    )
    return now, before


def speeds(task: dict[str, Any], runs: int) -> dict[Case, Speed]:
    """Let both kernels take turns; ratios are nan where the commit before is missing."""
    times = best_of_both(task, runs, "laser_speed.py")
    found = {}
    for case, *pair in zip(task["cases"], *times, strict=True):
        laser_us = case.n_chains * case.n_lasers * task["duration_ns"] * 1e-3
        now, before = ({what: laser_us / s for what, s in own.items()} for own in pair)
        ratios = (now[what] / before[what] for what in ("processor_s", "wall_s"))
        found[case] = Speed(now["processor_s"], now["wall_s"], *ratios)
    return found


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
    found = speeds(task, runs)
    print(f"{device} at {ratio:g} of its threshold; {threads} threads; best of {runs} rounds;")
    print(about())
    print(f"{'laser-us per':34s} {'core-s':>8s} {'second':>8s} {'ratio':>7s} {'(wall)':>7s}")
    for case, own in found.items():
        line = f"{case!s:34s} {own.core:8.0f} {own.wall:8.0f}"
        print(f"{line} {own.core_ratio:7.2f} {own.wall_ratio:7.2f}")
    if all(own.core_ratio != own.core_ratio for own in found.values()):
        print(f"no ratios: this clone does not have commit {BEFORE}")


if __name__ == "__main__":
    typer.run(main)
