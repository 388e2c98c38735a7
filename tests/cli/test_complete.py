import json

import numpy as np
import pytest
from PIL import Image

from lasersampling.datasets import load_digits
from lasersampling.results import read_results

QUICK = ("--set=duration_ns=20", "--set=window_ns=10", "--set=burn_in_ns=10",
         "--set=free_images=3", "--set=adaptation_rounds=0")  # fmt: skip


@pytest.fixture
def picture():
    """A held-out digit, five times as large."""
    digit = load_digits().test_images[0].reshape(8, 8)
    Image.fromarray((255 * digit.repeat(5, 0).repeat(5, 1)).astype(np.uint8)).save("mine.png")
    return digit


def test_a_picture_is_completed_several_times(run, picture):
    ran = run("generate", "--from", "digits", "--complete", "mine.png", "--occlude", "lower",
              "--out", "run.h5", "--json", *QUICK)  # fmt: skip
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["files"] == ["run.h5", "run.png"]
    assert (told["known_pixels"], told["completions"]) == (32, 3)
    assert "32 of 64 pixels were completed 3 times" in ran.err
    results = read_results("run.h5")
    completion = results.array("completions/completion")
    assert completion.shape == (1, 3, 8, 8)
    assert (completion[0, :, :4] == picture[:4]).all()
    assert (results.array("completions/known")[0] == [[1]] * 4 + [[0]] * 4).all()
    assert (results.array("completions/uncertainty")[0, :4] == 0).all()
    assert results.array("completions/series").shape[2:] == (8, 8)


def test_a_mask_says_what_is_known_and_the_result_is_drawn_in_characters(run, picture):
    mask = np.full((8, 8), 255, dtype=np.uint8)
    mask[2:4, 2:5] = 0
    Image.fromarray(mask).save("mask.png")
    ran = run("generate", "--from", "digits", "--complete", "mine.png", "--mask", "mask.png",
              "--label", 3, *QUICK)  # fmt: skip
    assert ran.code == 0
    drawing, _, measures = ran.out.partition("\n\n")
    lines = [line.split() for line in drawing.splitlines()]
    assert len(lines) == 8
    assert "pixels that were completed" in measures
    seen = np.array([list(line[0]) for line in lines])
    assert ((seen == "?") == (mask == 0)).all()
    assert ((seen == "█") == (picture == 1) & (mask == 255)).all()
    assert (np.array([list(line[1]) for line in lines])[mask == 255] != "?").all()


@pytest.mark.parametrize(
    ("colour", "message"),
    [
        ((0, 0, 0, 255), "the same value, dark, in all 64 pixels"),
        ((255, 255, 255, 255), "the same value, bright, in all 64 pixels"),
        ((0, 0, 0, 0), "nothing of it known"),
    ],
)
def test_pictures_with_nothing_on_them_are_refused(run, colour, message):
    Image.new("RGBA", (8, 8), colour).save("mine.png")
    ran = run("generate", "--from", "digits", "--complete", "mine.png", "--occlude", "left")
    assert ran.code == 2
    assert message in ran.err


def test_ink_on_a_clear_picture_and_bright_paper_are_told(run, picture):
    ink = np.zeros((8, 8, 4), dtype=np.uint8)
    ink[..., 3] = 255 * picture
    Image.fromarray(ink).save("ink.png")
    ran = run("generate", "--from", "digits", "--complete", "ink.png", *QUICK)
    assert ran.code == 2
    assert "clear ones are unknown, so ink needs paper under it" in ran.err
    Image.fromarray((255 * (1 - picture)).astype(np.uint8)).save("paper.png")
    ran = run(
        "generate", "--from", "digits", "--complete", "paper.png", "--occlude", "left", *QUICK
    )
    assert ran.code == 0
    assert "--set data.invert=true" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--complete", "mine.png"), "--complete: got mine.png, expected a trained machine"),
        (("--from", "digits", "--occlude", "lower"), "--occlude: got lower, expected a picture"),
        (("--from", "digits", "--mask", "m.png"), "--mask: got m.png, expected a picture"),
        (("--from", "digits", "--complete", "mine.png"), "mine.png: got all of it known"),
        (("--from", "digits", "--complete", "none.png"), "none.png: got no such file"),
        (
            ("--from", "digits", "--complete", "mine.png", "--occlude", "middle"),
            "--occlude: got 'middle', expected 'lower'",
        ),
        (
            ("--from", "digits", "--complete", "mine.png", "--mask", "m.png", "--occlude", "left"),
            "--mask, --occlude: got both",
        ),
        (
            ("--from", "digits", "--set", 'completion.picture="mine.png"'),
            "completion: got 'mine.png', expected a picture named by --complete",
        ),
        (
            ("--from", "digits", "--complete", "mine.png", "--label", 1, "--label", 2),
            "--label: got 2 of them",
        ),
        (
            ("--from", "digits", "--complete", "mine.png", "--occlude", "left", "--label", 12),
            "--label: got 12, expected 0 to 9",
        ),
    ],
)
def test_completions_that_cannot_be_are_refused(run, picture, arguments, message):
    ran = run("generate", *arguments)
    assert ran.code == 2
    assert message in ran.err
