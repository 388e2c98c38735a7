"""An animation of lasers that draw images: their states as pictures, their spikes below."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from numpy.typing import NDArray

from lasersampling.atomic import atomic_path, check_outputs
from lasersampling.checks import boolean_problems, integer_problems, number_problems
from lasersampling.errors import InputError
from lasersampling.lasers.spike_states import states_since_rest
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.paths import suffix_of
from lasersampling.plots import style
from lasersampling.results.reading import read_results

FRAMES_PER_S = 15
MEMORY_IN_REFRACTORY_TIMES = 3.0
"""A frame shows the mean state over so many refractory times: grey levels without flicker."""

_READ_EVERY = 4
"""Number of readings of z(t) per refractory time."""
_COLUMNS = 5
_MOST_IMAGES = 10
_PITCH = 1.12
_DPI = 72
_LEAST_TICK = 0.007
"""Half the height of a spike mark, in rows of the raster; with many lasers marks overlap."""
_COLOURS = {"visible": style.BLUE, "label": style.ORANGE, "hidden": style.GREEN}


def save_animation(
    path: str | os.PathLike[str],
    gif: Path,
    *,
    n_frames: int = 100,
    stop_ns: float | None = None,
    titles: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Write an animation of a results file.

    Parameters
    ----------
    path : path-like
        Results file with ``/spikes`` of some chains, ``/machine``, ``/device`` (the refractory
        time) and ``/images`` (rows and columns). The first ten chains are shown, and the spikes of
        the first.
    gif : Path
        File to write, a GIF.
    n_frames : int
        Number of frames, at least 2; 15 frames make a second.
    stop_ns : float, optional
        End of the time shown; the end of the recording by default.
    titles : sequence of str
        Titles of the images, such as the labels that were clamped.
    overwrite : bool
        Whether an existing file may be replaced.

    Returns
    -------
    Path
        `gif`.

    Raises
    ------
    InputError
        If the file lacks what is shown, or an argument is invalid.
    """
    problems = integer_problems("n_frames", n_frames, 2)
    problems += boolean_problems("overwrite", overwrite)
    if stop_ns is not None:
        problems += number_problems("stop_ns", stop_ns, 0.0, strict=True)
    if suffix_of(gif) != ".gif":
        raise InputError.single("gif", repr(str(gif)), "a name that ends in .gif")
    if problems:
        raise InputError(problems)
    check_outputs([gif], inputs=[path], overwrite=overwrite)
    results = read_results(path, groups=("spikes", "machine", "device", "images"))
    tau = float(results.attributes["device"]["refractory_time_ns"])
    shape = next(
        held.data.shape[1:] for held in results.group("images").values() if held.data.ndim == 3
    )
    spikes, machine = results.spikes(), results.machine()
    end_ns = spikes.duration_ns if stop_ns is None else min(stop_ns, spikes.duration_ns)
    times = np.linspace(0.0, end_ns, n_frames)
    frames = pictures_over_time(spikes, tau, times)[:_MOST_IMAGES, :, machine.visible]
    frames = frames.reshape(*frames.shape[:2], *shape)
    n_given = machine.n_visible, machine.n_label, machine.n_hidden
    with style.style():
        figure, tiles, future, clock = _scene(frames, spikes, end_ns, n_given, titles)
        # The layout is computed once; for each frame it would take most of the time.
        figure.canvas.draw()
        figure.set_layout_engine("none")
        writer = PillowWriter(fps=FRAMES_PER_S)
        # Pillow takes the format from the file name, which the temporary name does not tell. A
        # process that is killed while it draws leaves no unfinished file beside the others.
        with tempfile.TemporaryDirectory() as folder:
            drawn = Path(folder) / "drawn.gif"
            with writer.saving(figure, str(drawn), dpi=_DPI):
                for k, now in enumerate(times):
                    for tile, frame in zip(tiles, frames[:, k], strict=True):
                        tile.set_data(frame)
                    future.set_bounds(now, -1.0, end_ns, spikes.n_units + 1.0)
                    clock.set_text(f"{now:5.1f} ns")
                    writer.grab_frame()
            with atomic_path(gif, overwrite=overwrite) as temporary:
                temporary.write_bytes(drawn.read_bytes())
    return gif


def pictures_over_time(
    spikes: SpikeTrains, refractory_time_ns: float, times_ns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean states over the refractory times that precede some moments.

    Parameters
    ----------
    spikes : SpikeTrains
        Spikes from time 0.
    refractory_time_ns : float
        tau [ns].
    times_ns : ndarray of float64, shape (time,)
        The moments, ascending [ns].

    Returns
    -------
    ndarray of float64, shape (chain, time, unit)
    """
    step = refractory_time_ns / _READ_EVERY
    n_back = int(MEMORY_IN_REFRACTORY_TIMES * _READ_EVERY)
    read = np.arange(0.0, times_ns[-1] + step, step)
    read = read[read <= times_ns[-1]]
    shape = spikes.n_chains, spikes.n_units
    states = states_since_rest(spikes.sorted_by_unit(), shape, refractory_time_ns, read)
    total = np.cumsum(states, axis=1, dtype=np.float64)
    last = np.searchsorted(read, times_ns, side="right") - 1
    first = last - n_back
    before = np.where((first >= 0)[:, None], total[:, np.maximum(first, 0)], 0.0)
    mean: NDArray[np.float64] = (total[:, last] - before) / np.minimum(last + 1, n_back)[:, None]
    return mean


def _scene(
    frames: NDArray[np.float64],
    spikes: SpikeTrains,
    end_ns: float,
    sizes: tuple[int, int, int],
    titles: Sequence[str],
) -> tuple[Figure, list[AxesImage], Rectangle, Text]:
    """Draw the fixed parts, and return the moving ones: images, cover of the spikes, clock."""
    figure = Figure(figsize=(10.0, 8.6), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    n_images, _, rows, width = frames.shape
    aspect = rows / width
    above, below = figure.subplots(2, 1, height_ratios=[1.15, 1])
    tiles = []
    for k in range(n_images):
        row, column = divmod(k, _COLUMNS)
        x, y = column * _PITCH, row * _PITCH * aspect
        tiles.append(
            above.imshow(
                frames[k, 0],
                cmap="Greys",
                vmin=0,
                vmax=1,
                extent=(x, x + 1, y + aspect, y),
                interpolation="nearest",
                animated=True,
            )
        )
        framed = style.VERMILLION if k == 0 else style.GREY
        above.add_patch(
            Rectangle((x, y), 1, aspect, fill=False, edgecolor=framed, linewidth=2 if k == 0 else 1)
        )
    for k, title in enumerate(titles[:n_images]):
        row, column = divmod(k, _COLUMNS)
        above.text(
            column * _PITCH + 0.04, (row * _PITCH + 0.04) * aspect, title, va="top", ha="left",
            color=style.VERMILLION, fontsize=15,
        )  # fmt: skip
    above.set_xlim(-0.05, min(n_images, _COLUMNS) * _PITCH)
    above.set_ylim(-(-n_images // _COLUMNS) * _PITCH * aspect, -0.05)
    above.set_aspect("equal")
    above.set_axis_off()
    clock = above.set_title("", family="monospace")
    _raster(below, spikes, end_ns, sizes)
    future = Rectangle(
        (0.0, -1.0), end_ns, spikes.n_units + 1.0, facecolor="white", edgecolor=style.VERMILLION,
        linewidth=2, zorder=5,
    )  # fmt: skip
    below.add_patch(future)
    return figure, tiles, future, clock


def _raster(axes: Axes, spikes: SpikeTrains, end_ns: float, sizes: tuple[int, int, int]) -> None:
    time, unit = spikes.chain(0)
    first = 0
    for (kind, colour), size in zip(_COLOURS.items(), sizes, strict=True):
        own = (unit >= first) & (unit < first + size) & (time <= end_ns)
        half = max(0.45, _LEAST_TICK * sum(sizes))
        ends = np.stack([unit[own] - half, unit[own] + half], axis=1)
        ticks = np.stack([np.repeat(time[own][:, None], 2, axis=1), ends], axis=2)
        axes.add_collection(LineCollection(list(ticks), colors=colour, linewidths=1.8))
        if own.any():
            axes.text(
                1.005, first + size / 2, kind, transform=axes.get_yaxis_transform(), va="center",
                color=colour,
            )  # fmt: skip
        first += size
    axes.set_xlim(0, end_ns)
    axes.set_ylim(sum(sizes) - 0.5, -0.5)
    axes.set_xlabel("time (ns)")
    axes.set_ylabel("laser")
    axes.set_title("spikes of the lasers of the framed image")
