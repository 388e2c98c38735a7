"""All speeds in one table, with ratios to what was measured in the same run.

`run` measures and prints; the ratios that were last accepted (`accepted.json`) stand beside.
`compare` prints a run that was kept, and ends with exit code 1 if a ratio is worse than the
accepted one by more than 15 %; `accept` makes a run the accepted one. Ratios hardly depend on the
machine, but on its instruction set and on what else runs: look at both before you believe a
difference.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import bench_integrators
import bench_kernel
import bench_renewal
import bench_spike_times
import typer
from rows import Row, read, table, worse, write

from lasersampling.atomic import check_outputs
from lasersampling.commands.exit_codes import exit_codes
from lasersampling.lasers.device import load_device
from lasersampling.results.computer import about_computer
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.renewal.sampler import Renewal

ACCEPTED = Path(__file__).with_name("accepted.json")
SPEED = "laser-us/core-s"

app = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)


def kernel() -> Iterator[Row]:
    """The integrator beside that of commit cdd8c44, on one core and for one chain on two."""
    for threads, cases in ((1, bench_kernel.CASES), (2, bench_kernel.CASES[-1:])):
        task = {
            "cases": cases, "device": "D6", "ratio": 0.8555, "duration_ns": 500.0,
            "threads": threads,
        }  # fmt: skip
        for case, own in bench_kernel.speeds(task, 3).items():
            if threads == 1:
                value, unit, ratio, name = own.core, SPEED, own.core_ratio, str(case)
            else:
                value, unit, ratio = own.wall, "laser-us/s", own.wall_ratio
                name = f"{case}, {threads} threads"
            yield Row(name, value, unit, ratio, f"the kernel of {bench_kernel.BEFORE}")


def integrators() -> Iterator[Row]:
    """Independent lasers D2, beside public integrators at their steps of 1 ps."""
    rows = bench_integrators.contestants(load_device("D2"), 0.95, 1.0, False)
    bench_integrators.measured(rows, 3, 1.0)
    own = rows[0]
    yield Row("1000 independent lasers D2", own["processor"][-1], SPEED, 1.0, "itself")
    for row in rows:
        if row["is_kernel"]:
            continue
        name = f"... beside {row['method']}"
        if "missing" in row:
            yield Row.missing(name, f"{row['missing']} is not installed")
            continue
        ratios = [a / b for a, b in zip(own["processor"], row["processor"], strict=True)]
        speed = statistics.median(row["processor"])
        yield Row(name, speed, SPEED, statistics.median(ratios), "its Euler steps of 1 ps")


def renewal() -> Iterator[Row]:
    """Renewal neurons beside the lasers that they stand for."""
    lasers = Lasers("D6", burn_in_ns=0.0, n_threads=1)
    neurons = Renewal(lasers, record_spikes=False)
    interval, draws = lasers.draw_interval_ns, lasers.draws_in(50.0)
    for case in bench_renewal.CASES[:3]:
        for sampler in (lasers, neurons):
            bench_renewal.speed(sampler, case, 4, interval, 0)
        pairs = [
            (
                bench_renewal.speed(lasers, case, draws, interval, k)[1],
                bench_renewal.speed(neurons, case, bench_renewal.LONGER * draws, interval, k)[1],
            )
            for k in range(3)
        ]
        ratio = statistics.median(b / a for a, b in pairs)
        yield Row(f"renewal, {case}", max(b for _, b in pairs), SPEED, ratio, "the lasers")
    cases = bench_renewal.CASES[:3]
    before = f"renewal neurons of {bench_kernel.BEFORE}"
    for case, (value, ratio) in zip(cases, bench_renewal.beside_before(cases, 3), strict=True):
        yield Row(f"... {case}", value, SPEED, ratio, before)


def spike_times() -> Iterator[Row]:
    """Layers of spiking neurons, and an epoch of a small network."""
    for n_pre, n_post in bench_spike_times.SIZES[1:]:
        plain = bench_spike_times.best_ms("compiled", n_pre, n_post)
        name = f"layer {n_pre} -> {n_post}"
        yield Row(name, plain, "ms", 1.0, "itself", "lower")
        for way, told in (("delays", "a delay for each synapse"), ("vectorised", "as tensors")):
            own = bench_spike_times.best_ms(way, n_pre, n_post)
            yield Row(f"... {told}", own, "ms", own / plain, "a plain layer", "lower")
    alone, ten = (bench_spike_times.epoch_ms(members, 21) for members in (1, 10))
    yield Row(
        "an epoch, 4-30-3 alone", alone, "ms", alone / ten, "a network of ten that share it",
        "lower",
    )  # fmt: skip


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "kernel": kernel, "integrators": integrators, "renewal": renewal, "spike_times": spike_times
}  # fmt: skip


def accepted_ratios() -> dict[str, float]:
    """Ratios of the accepted run, none if there is no such run."""
    if not ACCEPTED.exists():
        return {}
    return {row.name: row.ratio for row in read(ACCEPTED)[0] if not math.isnan(row.ratio)}


def told(about: dict[str, Any]) -> str:
    """Where and of what a run was made."""
    return f"{about['machine']}; commit {about['commit']}"


def commit() -> str:
    """The commit that is measured, with a + if files have changed since."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


@app.command()
def run(
    only: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(PARTS)}; all.")] = None,
    out: Annotated[Path | None, typer.Option(help="JSON file for the rows.")] = None,
) -> None:
    """Measure, and print one table."""
    with exit_codes():
        unknown = sorted(set(only or ()) - set(PARTS))
        if unknown:
            raise typer.BadParameter(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
        if out is not None:
            check_outputs([out])
        rows: list[Row] = []
        for name in only or PARTS:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            rows += PARTS[name]()
        about = {
            "machine": bench_kernel.about(),
            "instruction_set": about_computer()["instruction_set"],
            "commit": commit(),
        }
        show(rows, about)
        if out is not None:
            write(out, rows, about, overwrite=False)


@app.command()
def compare(file: Annotated[Path, typer.Argument(help="A run that was kept.")]) -> None:
    """Print a run beside the accepted one; exit code 1 if a ratio is clearly worse."""
    with exit_codes():
        rows, about = read(file)
        show(rows, about)
        found = worse(rows, accepted_ratios())
    raise typer.Exit(1 if found else 0)


@app.command()
def accept(file: Annotated[Path, typer.Argument(help="A run that was kept.")]) -> None:
    """Make a run the accepted one."""
    with exit_codes():
        rows, about = read(file)
        write(ACCEPTED, rows, about, overwrite=True)
        print(f"accepted: {len(rows)} rows of {told(about)}")


def show(rows: list[Row], about: dict[str, Any]) -> None:
    """Print a table, where it was measured, and what has become worse."""
    accepted = accepted_ratios()
    print(table(rows, accepted))
    print(f"measured on {told(about)}")
    if accepted:
        before = read(ACCEPTED)[1]
        print(f"accepted before: {told(before)}")
        if before["instruction_set"] != about["instruction_set"]:
            print("the instruction sets differ, and some ratios with them")
    print("\n".join(f"worse: {line}" for line in worse(rows, accepted)) or "nothing is worse")


if __name__ == "__main__":
    app()
