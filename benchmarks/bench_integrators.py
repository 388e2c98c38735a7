"""The kernel against public integrators of the same equations, in one run.

Each peer integrates by Euler-Maruyama, two threads with a batch each, at the best of a few batch
sizes. Then all take turns, so that other work on the machine meets them alike. Compile time is not
counted. Wall time depends on what else runs; the rate per second of processor time hardly does.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from peers import PEERS, STEPS, Task

from lasersampling.atomic import atomic_path, check_outputs
from lasersampling.lasers.device import Device, load_device
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.simulation import SimulationSettings, simulate
from lasersampling.parallel import available_cores

# Euler steps with a bias of 1 % of the spike rate: `euler_bias.py`, `RESULTS.md`.
ACCURATE_STEP_PS = {"D2": 0.2}
KERNEL_NS = 200.0
KERNEL_LASERS = 1000
SEARCH_SECONDS = 0.3


class Kernel:
    """`simulate`, with the interface of a peer; it has its own threads."""

    def __init__(self, device: Device, pump: float, step_ps: float, own: bool, n: int) -> None:
        self.network, self.pump, self.n_lasers = LaserNetwork(device, 1), pump, n
        self.settings = SimulationSettings(step_ps=step_ps, common_step=not own, burn_in_ns=0.0)
        self.laser_ns = n * KERNEL_NS

    def advance(self) -> None:
        simulate(self.network, self.pump, KERNEL_NS, n_chains=self.n_lasers, settings=self.settings)


def speeds(runners: list[Any], laser_ns: float, seconds: float) -> tuple[float, float]:
    """Laser-us per wall second and per processor second of runners with a thread each.

    The turn lasts some seconds of processor time, however little of it other work leaves.
    """
    wall, processor = time.perf_counter(), time.process_time()

    def job(runner: Any) -> int:
        n = 0
        while n == 0 or time.process_time() - processor < seconds:
            runner.advance()
            n += 1
        return n

    with ThreadPoolExecutor(len(runners)) as pool:
        calls = sum(pool.map(job, runners))
    done = calls * laser_ns * 1e-3
    return done / (time.perf_counter() - wall), done / (time.process_time() - processor)


def prepared(make: Any, batches: tuple[int, ...], n_threads: int) -> tuple[int, list[Any]]:
    """Runners at the batch size that does most per processor second, compiled."""
    found = []
    for n in batches:
        runners = [make(n, seed) for seed in range(n_threads)]
        for runner in runners:
            runner.advance()
        core = 0.0
        if len(batches) > 1:
            _, core = speeds(runners, runners[0].laser_ns, SEARCH_SECONDS)
            print(f"    batch {n}: {core:.3g} laser-us per core-second", flush=True)
        found.append((core, n, runners))
    _, n, runners = max(found, key=lambda item: item[0])
    return n, runners


def contestants(device: Device, pump: float, step_ps: float, search: bool) -> list[dict[str, Any]]:
    """Rows of the table, those that are missing included."""
    own = device.step_ps
    rows = []
    for title, step, is_own in (
        ("kernel, own steps", own, True),
        ("kernel, common step", own, False),
        ("kernel, common step", step_ps, False),
    ):
        batch, runners = prepared(
            lambda n, _, s=step, o=is_own: Kernel(device, pump, s, o, n), (KERNEL_LASERS,), 1
        )
        rows.append({"method": title, "step_ps": step, "batch": batch, "runners": runners})
        rows[-1]["is_kernel"] = True

    for peer in PEERS:
        row: dict[str, Any] = {"method": peer.name, "step_ps": step_ps, "is_kernel": False}
        rows.append(row)
        absent = [name for name in peer.needs if find_spec(name) is None]
        if absent:
            row["missing"] = ", ".join(absent)
            continue

        def make(n: int, seed: int, peer: Any = peer) -> Any:
            runner = peer(Task(device, pump, step_ps * 1e-3, n), seed)
            runner.laser_ns = n * STEPS * step_ps * 1e-3
            return runner

        print(f"preparing {peer.name}", flush=True)
        row["batch"], row["runners"] = prepared(
            make, peer.batches if search else peer.batches[:1], available_cores()
        )
    return rows


def measured(rows: list[dict[str, Any]], repeats: int, seconds: float) -> None:
    """Let all take turns; fills in the speeds."""
    present = [row for row in rows if "missing" not in row]
    for row in present:
        row["wall"], row["processor"] = [], []
    for k in range(repeats):
        print(f"round {k + 1} of {repeats}", flush=True)
        for row in present:
            wall, processor = speeds(row["runners"], row["runners"][0].laser_ns, seconds)
            row["wall"].append(wall)
            row["processor"].append(processor)
    for row in present:
        del row["runners"]


def table(rows: list[dict[str, Any]], accurate_ps: float | None) -> str:
    """Markdown; ratios are those of the first row to the others."""
    first = rows[0]
    lines = [
        "| method | step, ps | batch | laser-us/s, median (range) | per core-second "
        "| ratio, wall | ratio, core | at equal accuracy, wall | core |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        start = f"| {row['method']} | {row['step_ps']:g} |"
        if "missing" in row:
            lines.append(f"{start} missing: {row['missing']} | | | | | | |")
            continue
        wall, core = (statistics.median(row[key]) for key in ("wall", "processor"))
        low, high = min(row["wall"]), max(row["wall"])
        ratios = [
            # Of speeds in the same round: what slows a round slows both.
            statistics.median(a / b for a, b in zip(first[key], row[key], strict=True))
            for key in ("wall", "processor")
        ]
        cells = [f"{ratio:.3g}" for ratio in ratios]
        if row["is_kernel"]:
            cells += ["", ""]
        elif accurate_ps is None:
            cells += ["?", "?"]
        else:
            cells += [f"{ratio * row['step_ps'] / accurate_ps:.3g}" for ratio in ratios]
        lines.append(
            f"{start} {row['batch']} | {wall:.3g} ({low:.3g} to {high:.3g}) | {core:.3g} | "
            + " | ".join(cells)
            + " |"
        )
    return "\n".join(lines)


def versions() -> dict[str, str]:
    """What ran."""
    found = {"python": platform.python_version()}
    for name in ("numpy", "numba", "torch", "torchsde", "jax", "diffrax"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def main(
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D2",
    ratio: Annotated[float, typer.Option(help="Pump over its threshold.")] = 0.95,
    step_ps: Annotated[float, typer.Option(help="Step of the peers.")] = 1.0,
    accurate_step_ps: Annotated[
        float | None, typer.Option(help="Euler step of at most 1 % bias; known for D2.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Rounds that are counted.")] = 5,
    seconds: Annotated[float, typer.Option(help="Least processor time of a turn.")] = 1.0,
    search: Annotated[bool, typer.Option(help="Search for the best batch size.")] = True,
    out: Annotated[Path | None, typer.Option(help="JSON file for all speeds.")] = None,
) -> None:
    """Print a table of laser-microseconds per second and the ratios within this run."""
    if out is not None:
        check_outputs([out], inputs=[device])
    laser = load_device(device)
    accurate = accurate_step_ps or ACCURATE_STEP_PS.get(laser.name)
    rows = contestants(laser, ratio, step_ps, search)
    measured(rows, repeats, seconds)
    about = ", ".join(f"{name} {number}" for name, number in versions().items())
    print(f"{laser.name} at {ratio:g} of its threshold; {available_cores()} cores; {about}")
    if accurate is not None:
        print(f"equal accuracy: Euler at {accurate:g} ps")
    print(f"load average over a minute: {os.getloadavg()[0]:.1f}")
    print(table(rows, accurate))
    if out is not None:
        record = {"device": laser.name, "ratio": ratio, "accurate_step_ps": accurate}
        text = json.dumps(record | {"versions": versions(), "rows": rows}, indent=1)
        with atomic_path(out, overwrite=False) as temporary:
            temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
