"""RESULTS.md is what the files in data/results give; numbers typed by hand are marked as such."""

import re
from pathlib import Path

import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.experiments.code import code_of_command
from lasersampling.experiments.publishing import LARGEST_FILE, publish
from lasersampling.results import Metric, ResultsFile, numbers, read_results
from published import archived, formatting, rendering, running
from published.sections import FILES, PARTLY_TYPED, STALE, TYPED, Drawn, sections

ROOT = Path(__file__).parents[1]
PAGE = rendering.PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rendered():
    return list(sections(root=None))


@pytest.fixture
def small(tmp_path):
    """Return a page of one measured and one typed section: its files, templates and clone."""
    files, templates, clone = (tmp_path / name for name in ("files", "templates", "clone"))
    for folder in (files, templates, clone / "training", clone / "lasersampling"):
        folder.mkdir(parents=True)
    (clone / "training" / "coin.py").write_text("heads = 0.5\n")
    with ResultsFile.create(
        tmp_path / "run.h5", command="python training/coin.py --throws 9", seed=4, config=""
    ) as file:
        file.metric("heads", 0.51234, 0.0123)
        file.write("p/x", np.zeros(3), ("x",), units="1", description="x")
        file.started -= 400.0
    code = code_of_command("python training/coin.py", clone)
    publish(tmp_path / "run.h5", files / "coins.h5", code=code)
    (templates / "order.txt").write_text("coins\ndice\n")
    (templates / "coins.md.j2").write_text(
        "## Coins\n\nHeads: {{ results('coins').metric('heads')|measured }},\n"
        "by {{ provenance('coins') }}\n"
    )
    (templates / "dice.md.j2").write_text(
        "{{ not_yet('dice', 'python training/dice.py', minutes=2) }}\n"
        "## Dice\n\nSix: 0.17 (commit {{ typed('0123abc') }})\n"
    )
    return files, templates, clone


def test_the_page_is_what_the_files_give(rendered):
    wrong = rendering.differences(PAGE, rendering.page(rendered))
    assert not wrong, "`make results` brings RESULTS.md up to date\n" + "\n".join(wrong)


def test_every_number_that_is_edited_is_caught(rendered):
    expected = rendering.page(rendered)
    places = [match.start() for match in re.finditer(r"[0-9]", expected)]
    for place in places[:: len(places) // 40]:
        edited = expected[:place] + str((int(expected[place]) + 1) % 10) + expected[place + 1 :]
        wrong = rendering.differences(edited, expected)
        assert wrong, expected[place - 40 : place + 40]


def test_a_section_without_a_file_says_so(rendered):
    for section in rendered[1:]:
        mark = TYPED if not section.files else PARTLY_TYPED if section.n_typed else None
        assert mark is None or mark in section.text.splitlines()[2], section.name
    assert "†" in rendered[0].text


def test_published_files_are_small_and_are_shown(rendered):
    shown = {name for section in rendered for name in section.files}
    paths = sorted(FILES.glob("*.h5"))
    assert {path.stem for path in paths} == shown
    for path in paths:
        assert path.stat().st_size <= LARGEST_FILE, path
        assert not re.search(rb"/(tmp|home|root)/", path.read_bytes()), path
        attrs = read_results(path, groups=()).attrs
        assert {"command", "seed", "git_commit", "wall_time_s", "processor", "code"} <= set(attrs)


def test_figures_are_drawn_from_the_published_files(rendered):
    for one in (one for section in rendered for one in section.figures):
        source = rendering.source_of(rendering.IMAGES / one.image)
        digest = rendering.digest_of(one.source)
        assert source == f"{one.source.name} {digest} {one.figure}", one.image


def test_a_measured_section_shows_numbers_and_where_they_come_from(small):
    coins, dice = sections(*small)
    assert "Heads: 0.512 ± 0.012," in coins.text
    attrs = read_results(small[0] / "coins.h5").attrs
    for told in ("`python training/coin.py --throws 9`", "seed 4", "6.7 min", attrs["processor"],
                 attrs["instruction_set"], attrs["git_commit"][:7]):  # fmt: skip
        assert told in coins.text
    assert STALE not in coins.text
    assert TYPED not in coins.text
    assert dice.text.splitlines()[2] == TYPED
    assert "commit 0123abc†" in dice.text
    assert rendering.page([coins, dice]).startswith("## Coins")


def test_changed_code_marks_a_section_and_is_planned_with_its_time(small):
    clone = small[2]
    assert running.planned(list(sections(*small)), root=clone) == []
    (clone / "training" / "coin.py").write_text("heads = 0.6\n")
    now = list(sections(*small))
    assert STALE in now[0].text
    (work,) = running.planned(now, root=clone)
    assert work.reason == "training/coin.py changed"
    assert work.seconds == pytest.approx(400.0, abs=5.0)
    assert "1 run, 6.7 min by their last times" in running.told([work])
    # The mark alone makes no page wrong, since any change of code would.
    before = rendering.page(list(sections(small[0], small[1], None)))
    assert rendering.differences(before, rendering.page(now)) == []


def test_missing_files_of_named_sections_are_planned_too(small):
    found = list(sections(*small))
    (work,) = running.planned(found, ["dice"], small[2])
    assert (work.command, work.seconds) == ("python training/dice.py", 120.0)
    with pytest.raises(InputError, match="of coins, dice"):
        running.planned(found, ["cards"], small[2])


def test_typed_numbers_do_not_stay_when_a_file_is_there(small):
    files, templates, clone = small
    (files / "dice.h5").write_bytes((files / "coins.h5").read_bytes())
    with pytest.raises(InputError, match="in place of typed ones"):
        list(sections(files, templates, clone))


def test_templates_that_are_not_in_the_order_are_refused(small):
    (small[1] / "cards.md.j2").write_text("## Cards\n")
    with pytest.raises(InputError, match="cards"):
        list(sections(*small))


def test_a_figure_is_drawn_once_for_each_file(tmp_path):
    tests = [
        f"{size}_{kind}" for size in ("weak", "strong") for kind in ("corrected", "independent")
    ]
    with ResultsFile.create(tmp_path / "run.h5", command="c", seed=0, config="") as file:
        for name in tests:
            file.write(f"null/{name}", [0.2, 0.4], ("run",), units="1", description="p-values")
        for name in ("kl", "rate", "rate_se"):
            file.write(f"power/{name}", [0.1, 0.2], ("shift",), units="1", description=name)
    one = Drawn(tmp_path / "run.h5", "p_values", "p.png")
    assert rendering.draw([one], tmp_path) == [tmp_path / "p.png"]
    assert rendering.draw([one], tmp_path) == []


def test_code_of_an_earlier_commit_is_found():
    with pytest.raises(InputError, match="a commit of this clone"):
        archived.code_at("0" * 40, "python training/mixing.py")


def test_numbers_are_rounded_by_their_errors():
    for value, error, text in (
        (0.0011512, 0.0001234, "0.00115 ± 0.00012"), (0.98990, 0.00316, "0.9899 ± 0.0032"),
        (12.345, 0.97, "12.35 ± 0.97"), (1234.0, 41.0, "1234 ± 41"),
        (-1.68, 0.16, f"{formatting.MINUS}1.68 ± 0.16"),
        (-0.004, 0.5, "0.00 ± 0.50"), (0.5, None, "0.500"), (0.5, float("nan"), "0.500"),
        (float("nan"), 0.1, "unknown"), (3.0, 0.0, "3"),
    ):  # fmt: skip
        assert formatting.with_error(value, error) == text
    assert formatting.measured(Metric(0.512, 0.02, "1", ""), 100) == "51.2 ± 2.0"
    assert formatting.percent(0.7249, 0) == "72 %"
    assert formatting.row(["a", 1]) == "| a | 1 |"
    assert [numbers.duration(t) for t in (0.4, 89.0, 91.0, 5399.0, 5401.0)] == [
        "0.40 s", "89 s", "1.5 min", "90 min", "1.5 h",
    ]  # fmt: skip


def test_the_contents_name_every_section_by_its_place():
    (contents,) = [line for line in PAGE.splitlines() if line.startswith("Sections: ")]
    links = re.findall(r"\[([^]]+)\]\(#([^)]+)\)", contents)
    assert [heading for heading, _ in links] == re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert (
        "Speed and power of the physical device",
        "speed-and-power-of-the-physical-device",
    ) in links
    assert ("Images: lasers beside Gibbs sampling", "images-lasers-beside-gibbs-sampling") in links


def test_measured_numbers_of_the_front_page_stand_in_the_results():
    """Numbers with decimals, and of three digits or more, rounded as the front page rounds them."""
    front = (ROOT / "README.md").read_text(encoding="utf-8")
    measured = front.split("What has been measured")[1].split("\n## ")[0].split("\n\n", 1)[1]
    shown = re.findall(r"\d[\d,]*\.\d+|\d[\d,]{2,}", measured)
    assert len(shown) > 10
    known = [float(n.replace(",", "")) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", PAGE)]
    missing = []
    for number in shown:
        decimals = len(number.partition(".")[2])
        if float(number.replace(",", "")) not in {round(value, decimals) for value in known}:
            missing.append(number)
    assert not missing
