"""Quality of the MNIST digits that lasers draw: `generate_digits.py` with a larger machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import generate_digits
import typer

from lasersampling.cli.main import run
from lasersampling.config.shipped import shipped_names
from lasersampling.errors import InputError

FIRST_OF = ("mnist16", "mnist28", "mnist")


def shipped_model() -> str:
    """The smallest shipped machine of MNIST."""
    names = shipped_names("machines")
    for start in FIRST_OF:
        for name in names:
            if name.startswith(start):
                return name
    expected = (
        "--model FILE; make one by training/train_machines.py mnist16_pictures --machine FILE"
    )
    raise InputError.single("model", "no shipped machine of MNIST", expected)


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/generate_mnist.h5"
    ),
    model: Annotated[
        str, typer.Option(help="Machine file or name; by default a shipped one of MNIST.")
    ] = "",
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
    """Images with and without labels, by lasers and by Gibbs sampling, judged over time."""
    if smoke:
        model = "digits"
    generate_digits.main(
        out=out, model=model or shipped_model(), per_label=per_label, free=free,
        duration_ns=duration_ns, device=device, seed=seed, smoke=smoke, overwrite=overwrite,
    )  # fmt: skip


if __name__ == "__main__":
    run(main)
