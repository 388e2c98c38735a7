"""Quality of MNIST digits that lasers draw: the experiment of `generate_digits.py`, larger."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.judging.sampler_comparison import ImageSampling, run_comparison


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/generate_mnist.h5"
    ),
    model: Annotated[str, typer.Option(help="Machine file, or name of a shipped one.")] = "mnist16",
    per_label: Annotated[int, typer.Option(min=2, help="Chains for each label.")] = 20,
    free: Annotated[int, typer.Option(min=2, help="Chains without a label.")] = 40,
    duration_ns: Annotated[float, typer.Option(min=5.0, help="Laser time of a chain.")] = 400.0,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds: the machine of 8 x 8 digits.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Images with and without labels, by lasers, renewal and Gibbs sampling, judged over time."""
    sampling = ImageSampling(device, per_label, free, duration_ns)
    if smoke:
        model = "digits"  # its images need no extra
        sampling = sampling.smallest()
    compared, files = run_comparison(
        out, model, sampling, command=shlex.join(["python", *sys.argv]), seed=seed,
        overwrite=overwrite, stage=Reporter(quiet=False, as_json=False).progress,
    )  # fmt: skip
    for line in compared.lines():
        print(line)
    for path in files:
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
