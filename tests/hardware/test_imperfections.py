"""Files of imperfections, and chips drawn from them."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from lasersampling.config import to_toml
from lasersampling.errors import InputError
from lasersampling.hardware import (
    Coupling,
    Deviation,
    Imperfections,
    Quantity,
    Spikes,
    imperfections_names,
    load_imperfections,
)
from lasersampling.hardware.chip import draw_chip
from lasersampling.hardware.deviation import Drift
from lasersampling.hardware.grid import Grid


def everything(strength=1.0, reciprocity=0.0):
    quantity: Any = {"mismatch": {"std": 0.1 * strength}}
    return Imperfections(
        pump=quantity, threshold=quantity, gain=quantity, delay=quantity, dead=0.3,
        coupling=quantity | {"reciprocity": reciprocity},
    )  # fmt: skip


def test_shipped_files():
    assert {"ideal", "laboratory", "harsh"} <= set(imperfections_names())
    assert load_imperfections("ideal").is_none
    for name in imperfections_names():
        about = load_imperfections(name)
        assert about.description
    # The row of the project's targets: 5 % pump, 10 % coupling, 5 bits, jitter of 0.1 tau (D6).
    laboratory = load_imperfections("laboratory")
    assert set(laboratory.active()) == {
        "pump.mismatch", "coupling.mismatch", "coupling.grid", "spikes.jitter_std"
    }  # fmt: skip
    assert laboratory.pump.mismatch == Deviation(0.05)
    assert laboratory.coupling.mismatch == Deviation(0.1)
    assert laboratory.coupling.grid.bits == 5
    assert laboratory.spikes.jitter_std == 0.1 * 2.5


def test_files_are_read_back_as_written(tmp_path):
    path = tmp_path / "mine.toml"
    for name in imperfections_names():
        about = load_imperfections(name)
        path.write_text(to_toml(about))
        assert load_imperfections(path) == about


def test_problems_of_a_file_are_all_told(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("dead = 2\n[pump]\nmismatch = { sdt = 0.1 }\n[spikes]\nlost = -0.1\n")
    with pytest.raises(InputError) as error:
        load_imperfections(path)
    found = " ".join(problem.where for problem in error.value.problems)
    for key in ("dead", "pump.mismatch.sdt", "spikes.lost"):
        assert key in found
    with pytest.raises(InputError, match="laboratory"):
        load_imperfections("no such")


def test_the_same_chip_can_be_met_again():
    one, same, other = (draw_chip(everything(), 30, seed) for seed in (5, 5, 6))
    for name in ("pump", "threshold", "gain", "coupling", "delay", "dead"):
        assert np.array_equal(getattr(one, name), getattr(same, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))
    assert one.n_units == 30
    # All parts are independent, and stronger imperfections are the same pattern.
    assert np.unique(np.concatenate([one.pump, one.threshold, one.gain])).size == 90
    assert draw_chip(everything(3.0), 30, 5).coupling == pytest.approx(3 * one.coupling)


def test_mean_and_spread_over_many_chips():
    chips = [draw_chip(everything(), 20, seed) for seed in range(200)]
    for name in ("pump", "threshold", "gain", "coupling", "delay"):
        drawn = np.stack([getattr(chip, name) for chip in chips])
        assert abs(drawn.mean()) < 4 * 0.1 / drawn.size**0.5
        assert drawn.std() == pytest.approx(0.1, rel=4 * (0.5 / drawn.size) ** 0.5)
    dead = np.mean([chip.dead for chip in chips])
    assert dead == pytest.approx(0.3, abs=4 * (0.21 / 4000) ** 0.5)


@pytest.mark.parametrize("reciprocity", [0.0, 0.6, 1.0])
def test_reciprocity_is_the_correlation_of_both_directions(reciprocity):
    drawn = draw_chip(everything(reciprocity=reciprocity), 150, 1).coupling
    upper, lower = drawn[np.triu_indices(150, 1)], drawn.T[np.triu_indices(150, 1)]
    # 11175 pairs: standard error of a correlation below 0.0095.
    assert np.corrcoef(upper, lower)[0, 1] == pytest.approx(reciprocity, abs=4 * 0.0095)
    assert drawn[~np.eye(150, dtype=bool)].std() == pytest.approx(0.1, rel=0.03)
    if reciprocity == 1.0:
        assert np.allclose(upper, lower)


def test_chips_apply_what_was_drawn():
    about = Imperfections(
        pump=Quantity(mismatch=Deviation(0.1)),
        delay=Quantity(mismatch=Deviation(0.2, relative=False)),
    )
    chip = draw_chip(about, 4, 1)
    assert chip.applied("pump", 2.0) == pytest.approx(2.0 * (1 + chip.pump))
    assert chip.applied("pump", np.ones((3, 4))).shape == (3, 4)
    assert chip.applied("delay", 1.0) == pytest.approx(1.0 + chip.delay)
    assert (chip.applied("threshold", 1.0) == 1.0).all()
    with pytest.raises(InputError, match=r"n_units: got 0(.|\n)*seed: got -1"):
        draw_chip(about, 0, -1)


def test_what_a_half_does_not_know_is_refused():
    about = everything()
    with pytest.raises(InputError) as error:
        about.refuse_others({"pump.mismatch", "dead"}, "lasers")
    assert [problem.where for problem in error.value.problems] == [
        f"imperfections.{name}.mismatch" for name in ("threshold", "gain", "coupling", "delay")
    ]
    about.refuse_others(set(about.active()), "lasers")
    drifting = Imperfections(gain=Quantity(drift=Drift(0.1, correlation_time_ns=5.0)))
    assert list(drifting.active()) == ["gain.drift"]


WHOLES = {"": Imperfections, "coupling.": Coupling, "spikes.": Spikes} | {
    f"{field.name}.": Quantity
    for field in dataclasses.fields(Imperfections)
    if type(field.default) is Quantity
}
NOT_IDEAL = {Deviation(): Deviation(0.1), Grid(): Grid(bits=3), 0.0: 0.5, 1.0: 0.5}
OF_NO_DEFAULT = {"drift": Drift(0.1, correlation_time_ns=5.0), "highest_rate": 3.0}
FIELDS = [
    (part, whole, field)
    for part, whole in WHOLES.items()
    for field in dataclasses.fields(whole)
    if field.name != "description" and f"{field.name}." not in WHOLES
]


@pytest.mark.parametrize(
    ("part", "whole", "field"), FIELDS, ids=[part + field.name for part, _, field in FIELDS]
)
def test_whatever_is_not_ideal_is_named(part, whole, field):
    """A field that `active` did not name would be without effect where it is not implemented."""
    if field.default is None:
        changed = whole(**{field.name: OF_NO_DEFAULT[field.name]})
    else:
        changed = whole(**{field.name: NOT_IDEAL[field.default]})
    about = Imperfections(**{part[:-1]: changed}) if part else changed
    assert list(about.active()) == [f"{part}{field.name}"]
    with pytest.raises(InputError, match=f"imperfections.{part}{field.name}"):
        about.refuse_others({"something else"}, "lasers")


def test_all_parts_are_asked():
    defaults = [field.default for field in dataclasses.fields(Imperfections)]
    assert {type(default) for default in defaults} == {str, float, Quantity, Coupling, Spikes}
