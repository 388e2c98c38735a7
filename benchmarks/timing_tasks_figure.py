"""Figure of the tasks in which only times tell classes apart: a raster of each class.

    python benchmarks/timing_tasks_figure.py docs/images/timing_tasks.png

MNIST-1D needs the extra `mnist1d`; without it the figure has no row of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lasersampling.datasets.events import EventSet
from lasersampling.datasets.timing import (
    Coincidences,
    Intervals,
    Signals,
    Words,
    coincidences,
    intervals,
    signals,
    words,
)
from lasersampling.plots import style


@dataclass(frozen=True)
class Row:
    """A task: its title, its samples, its settings."""

    title: str
    draw: Callable[[int, int], EventSet]
    settings: Intervals | Coincidences | Words | Signals
    colour: str


ROWS = (
    Row("intervals", intervals, Intervals(), style.BLUE),
    Row("coincidences", coincidences, Coincidences(), style.VERMILLION),
    Row("words", words, Words(), style.GREEN),
    Row("mnist_1d", signals, Signals(), style.PURPLE),
)


def main(out: Annotated[Path, typer.Argument(help="PNG that is written.")]) -> None:
    """Draw the first sample of each class of the test sets' generators."""
    rows = [row for row in ROWS if row.title != "mnist_1d" or find_spec("mnist1d")]
    with style.style():
        figure = style.new_figure(2.0 * len(rows) + 0.6)
        panels = np.atleast_1d(np.asarray(figure.subfigures(len(rows), 1)))
        for own, row in zip(panels, rows, strict=True):
            part = row.draw(60, 40)
            own.suptitle(row.title, x=0.01, ha="left", fontsize=12)
            names = row.settings.class_names
            grid = np.atleast_1d(own.subplots(1, len(names), sharex=True, sharey=True))
            for label, (axes, name) in enumerate(zip(grid, names, strict=True)):
                sample = int(np.flatnonzero(part.labels == label)[0])
                spikes = slice(part.offsets[sample], part.offsets[sample + 1])
                axes.plot(
                    part.time[spikes], part.neuron[spikes], "|", color=row.colour, ms=5, mew=0.8
                )
                axes.set_title(name, fontsize=10)
                axes.set_xlim(0.0, row.settings.end)
                axes.set_ylim(-0.7, part.n_inputs - 0.3)
                axes.set_yticks([0, part.n_inputs - 1])
                axes.tick_params(labelsize=9)
                style.quiet(axes)
            grid[0].set_ylabel("input", fontsize=10)
            grid[0].set_xlabel("time ($\\tau_{syn}$)", fontsize=10)
        figure.savefig(out)


if __name__ == "__main__":
    typer.run(main)
