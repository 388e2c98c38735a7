"""Draw docs/images/architecture.png: the packages as layers, their rooms, and the way of a sample.

Run ``python docs/draw_architecture.py``. A test compares `LAYERS` with the package.
"""

import itertools
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.patheffects import withStroke

LAYERS: tuple[dict[str, tuple[str, ...]], ...] = (
    {"cli": (), "experiments": ()},
    {"comparison": (), "export": (), "report": (), "sweeps": ()},
    {"commands": ()},
    {"judging": ()},
    {"results": ("figures",)},
    {"learning": ("machines", "pictures", "spikes")},
    {"sampling": ("neurons", "certificate", "renewal")},
    {
        "boltzmann": (),
        "lasers": ("integrator", "analysis", "jumps", "differentiable"),
        "lif": ("spike_times", "populations", "events", "grid", "chips", "exchange"),
    },
    {"hardware": ()},
    {"statistics": (), "datasets": ("timing",), "plots": ()},
    {"config": (), "workers": ()},
)
"""Packages and their rooms, the upper layers first."""

BELOW = (
    "arrays · checks · atomic · compiling · parallel · labelled · closure · on_demand · "
    "restoring · compile_clock · paths · trust · keeping · seeds · interrupts · errors"
)

JOBS = {
    "experiments": "an experiment as a command",
    "cli": "the command lasersampling",
    "comparison": "ways to train, side by side",
    "export": "formats of other tools",
    "report": "a page on results",
    "sweeps": "a command, many times",
    "commands": "what commands and experiments share",
    "judging": "figures of merit",
    "results": "results files",
    "learning": "one training loop",
    "sampling": "samplers, inference",
    "boltzmann": "energy functions",
    "lasers": "devices, networks",
    "lif": "event-based networks",
    "hardware": "devices to learn with, their imperfections",
    "statistics": "divergences, diagnostics",
    "datasets": "data to learn from",
    "config": "files become checked objects",
    "workers": "pieces of work, side by side",
    "plots": "arrays on axes",
}

STEPS = (
    ("machine", "boltzmann", 0.62, 0.7),
    ("calibration", "sampling.neurons", 0.1, 0.3),
    ("pumps, couplings", "sampling.neurons", 0.48, 0.3),
    ("spikes", "lasers.integrator", 0.22, 0.27),
    ("states", "lasers", 0.9, 0.5),
    ("certificate", "sampling.certificate", 0.25, 0.3),
    ("results file", "results", 0.53, 0.5),
    ("figures", "results.figures", 0.4, 0.3),
)
"""The steps of docs/one_sample.md: their rooms, and where in its box each stands [of its size]."""

INK, PAPER, ROOM, WAY = "#222222", "#eef3f7", "#ffffff", "#d55e00"
WIDTH, ROW, GAP, MARGIN = 17.0, 0.72, 0.13, 0.12
SPACE = {"lasers": (1.5, 0.9), "lif": (1.75, 0.0), "results": (12.75, 0.0)}
"""Space left and right of the rooms of a package; `NAME_WIDTH` and 0 for all others."""
NAME_WIDTH = 3.2
WIDTHS = {"boltzmann": 2.3, "lasers": 6.75, "lif": 7.95}
"""Widths of packages of one layer that are not of equal width."""

HALO = withStroke(linewidth=3, foreground="white")

Place = tuple[float, float, float]


def box(axes: Axes, place: Place, height: float, colour: str) -> None:
    """Draw a rounded box at a lower left corner, of a width."""
    x, y, width = place
    shape = FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=colour, edgecolor="#9fb3c1", linewidth=1,
    )  # fmt: skip
    axes.add_patch(shape)


def draw_package(axes: Axes, name: str, rooms: tuple[str, ...], place: Place) -> dict[str, Place]:
    """Draw a package and its rooms; return where their boxes stand."""
    x, y, width = place
    box(axes, place, ROW, PAPER)
    axes.text(x + MARGIN, y + 0.7 * ROW, name, va="center", fontsize=13, weight="bold")
    axes.text(x + MARGIN, y + 0.27 * ROW, JOBS[name], va="center", fontsize=10, color=INK)
    begin, behind = SPACE.get(name, (NAME_WIDTH, 0.0))
    share = (width - begin - behind) / max(1, len(rooms))
    places = {name: place}
    for k, room in enumerate(rooms):
        own = (x + begin + k * share, y + 0.09, share - 0.1)
        box(axes, own, ROW - 0.18, ROOM)
        tall = 0.7 if any(step[1] == f"{name}.{room}" for step in STEPS) else 0.5
        axes.text(
            own[0] + own[2] / 2,
            y + tall * ROW,
            room,
            ha="center",
            va="center",
            fontsize=10,
            zorder=5,
            path_effects=[HALO],
        )
        places[f"{name}.{room}"] = own
    return places


def draw_way(axes: Axes, places: dict[str, Place]) -> None:
    """Number the steps of a sample, and join them by arrows."""
    dots = []
    for number, (label, room, across, up) in enumerate(STEPS, start=1):
        x, y, width = places[room]
        dot = (x + across * width, y + up * ROW)
        dots.append(dot)
        axes.plot(*dot, "o", markersize=15, color=WAY, zorder=4)
        axes.text(
            *dot, str(number), color="white", ha="center", va="center_baseline", fontsize=10,
            weight="bold", zorder=5,
        )  # fmt: skip
        axes.text(
            dot[0] + 0.15,
            dot[1],
            label,
            color=WAY,
            va="center",
            fontsize=10,
            zorder=5,
            path_effects=[HALO],
        )
    for begin, end in itertools.pairwise(dots):
        if abs(begin[1] - end[1]) > 0.3:
            arrow = FancyArrowPatch(
                begin, end, arrowstyle="-|>", mutation_scale=14, color=WAY, linewidth=1.6,
                shrinkA=8, shrinkB=9, zorder=3, connectionstyle="arc3,rad=0.08",
            )  # fmt: skip
            axes.add_patch(arrow)


def draw() -> Figure:
    """Return the figure."""
    places: dict[str, Place] = {}
    height = len(LAYERS) * (ROW + GAP) + 0.45
    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(WIDTH + 0.1, height), dpi=110)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(-0.05, WIDTH + 0.05)
        axes.set_ylim(-0.42, height - 0.42)
        axes.axis("off")
        axes.text(WIDTH / 2, -0.2, BELOW, ha="center", va="center", fontsize=11, color=INK)
        for row, layer in enumerate(reversed(LAYERS)):
            x = 0.0
            for name, rooms in layer.items():
                width = WIDTHS.get(name, WIDTH / len(layer))
                gap = 0.0 if name == list(layer)[-1] else 0.1
                places |= draw_package(axes, name, rooms, (x, row * (ROW + GAP), width - gap))
                x += width
        draw_way(axes, places)
    return figure


if __name__ == "__main__":
    draw().savefig(Path(__file__).parent / "images" / "architecture.png")
