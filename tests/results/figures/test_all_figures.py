"""What holds for every figure; a new one is found by its module."""

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from lasersampling.errors import InputError
from lasersampling.plots import style
from lasersampling.results import ResultsFile, figures

PUBLISHED = Path(__file__).parents[3] / "data" / "results"
MODULES = sorted(module.name for module in pkgutil.iter_modules(figures.__path__))


def plot(name, path):
    return importlib.import_module(f"lasersampling.results.figures.{name}").plot(path)


def test_names_are_the_modules():
    assert sorted(figures.NAMES) == MODULES


@pytest.mark.parametrize("name", figures.NAMES)
def test_figure_is_drawn_and_leaves_settings_alone(name, make, tmp_path, monkeypatch):
    before = dict(mpl.rcParams)
    path = make(name)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # to import it is an error now
    figure = plot(name, path)
    assert isinstance(figure, Figure)
    figure.savefig(tmp_path / "figure.png")
    assert dict(mpl.rcParams) == before
    assert (tmp_path / "figure.png").stat().st_size > 10_000


WITHOUT_AXES = {"completions", "filters", "image_gallery", "laser_dynamics", "neighbours"}


@pytest.mark.parametrize("name", sorted({*figures.NAMES} - WITHOUT_AXES))
def test_every_axis_is_labelled(name, make):
    axes = plot(name, make(name)).axes
    assert all(panel.get_ylabel() for panel in axes)
    assert any(panel.get_xlabel() for panel in axes)


@pytest.mark.parametrize("name", sorted({*figures.NAMES} - WITHOUT_AXES))
def test_epochs_and_updates_are_whole_numbers(name, make):
    """Of runs of a few epochs, where fractions would come by themselves."""
    figure = plot(name, make(name))
    figure.canvas.draw()
    for panel in figure.axes:
        if any(word in panel.get_xlabel() for word in ("epoch", "update")):
            low, high = panel.get_xlim()
            for width in (high - low, 2.3):
                panel.set_xlim(low, low + width)
                ticks = panel.xaxis.get_major_locator().tick_values(low, low + width)
                assert (ticks == ticks.round()).all(), panel.get_xlabel()


@pytest.mark.parametrize("name", figures.NAMES)
def test_file_without_what_is_shown_is_refused(name, tmp_path):
    path = tmp_path / "other.h5"
    with ResultsFile.create(path, command="", seed=0, config="") as file:
        file.write("other/x", 1.0, units="1", description="")
    with pytest.raises(InputError, match=r"got a file with no groups|got a file with /other"):
        plot(name, path)
    with pytest.raises(InputError, match="no such file"):
        plot(name, tmp_path / "missing.h5")


def test_figures_are_saved_beside_the_file(make):
    path = make("distribution")
    saved = figures.save_figures(path, ["distribution"])
    assert saved == [path.with_name("distribution_distribution.png")]
    assert saved[0].read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="'pie', expected one of accuracy_parameters"):
        figures.save_figures(path, ["pie"])


@pytest.mark.parametrize("form", figures.FORMATS)
def test_a_kill_while_a_figure_is_drawn_leaves_no_file(make, monkeypatch, form):
    path = make("distribution")
    beside = sorted(path.parent.iterdir())
    savefig, seen = Figure.savefig, []

    def watched(self, *where, **how):
        savefig(self, *where, **how)
        seen.append(sorted(path.parent.iterdir()))

    monkeypatch.setattr(Figure, "savefig", watched)
    written = figures.save_figure(path, "distribution", path.with_suffix(form))
    assert seen == [beside]
    assert sorted(path.parent.iterdir()) == sorted([*beside, written])


def test_no_pyplot_and_no_window(make):
    """In a fresh process, where no other test has loaded it; what figures do is tested above."""
    code = (
        "import importlib, sys; from lasersampling.results.figures import NAMES, save_figures\n"
        "for name in NAMES: importlib.import_module(f'lasersampling.results.figures.{name}')\n"
        "save_figures(sys.argv[1], ['distribution'])\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(make("distribution"))],
        env={name: value for name, value in os.environ.items() if name != "DISPLAY"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_a_short_logarithmic_axis_has_ticks():
    with style.style():
        axes = style.new_figure(3.0).subplots()
        axes.semilogy([1, 2, 3], [0.95, 0.89, 0.86])
        style.plain_log_ticks(axes.yaxis)
    low, high = axes.get_ylim()
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    assert len(ticks) >= 2


@pytest.mark.parametrize("name", figures.NAMES)
def test_each_figure_is_found_for_its_file(name, make, tmp_path):
    assert name in figures.candidates(make(name))
    title = figures.title_of(name)
    assert title
    assert not title.endswith(".")


def test_a_file_without_groups_has_no_figures(make):
    assert figures.candidates(make("other", lambda file: file.metric("speed", 1.0))) == ()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("yin_yang_eventprop", ("spike_learning",)),
        ("digits_demo", ("activation_curve", "image_gallery")),
    ],
)
def test_published_files_promise_no_figure_whose_values_were_left_out(name, shown):
    assert figures.candidates(PUBLISHED / f"{name}.h5") == shown
