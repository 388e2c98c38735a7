"""Results files as commands write them, and one whose author means no good."""

from pathlib import Path

import numpy as np
import pytest

from lasersampling.results import ResultsFile

HOSTILE = "<script>alert('x')</script>\"'&</style></title>\n\u202eabc\u200f$x_{$"
"""What stands wherever a file holds text."""


@pytest.fixture
def sampled(tmp_path):
    """Return a function that writes the file of samples of a machine of two units."""

    def write(name="run.h5", seed=0, **others):
        rng = np.random.default_rng(seed)
        target = np.array([0.4, 0.3, 0.2, 0.1])
        states = np.stack([rng.random((2, 500)) < 0.3, rng.random((2, 500)) < 0.4], axis=2)
        config = others.get("config", f"draws = 500\nsampler = 'gibbs'\nseed = {seed}\n")
        command = others.get("command", "lasersampling sample two.toml --sampler gibbs")
        path = tmp_path / name
        with ResultsFile.create(path, command=command, seed=seed, config=config) as file:
            dims = ("chain", "draw", "unit")
            file.write("samples/state", states.astype(np.int8), dims, units="1", description="z")
            file.attributes("samples", {"sampler": "gibbs", "seed": seed})
            for key, values in (
                ("target", target),
                ("sampled", target[::-1]),
                ("sampled_se", target),
            ):
                place = f"distribution/{key}"
                file.write(place, values, ("state",), units="1", description=key)
            file.attributes("distribution", {"units": [0, 1]})
            file.write(
                "divergence/draws",
                [10.0, 100.0, 1000.0],
                ("draws",),
                units="1",
                description="draws",
            )
            for key in ("kl_sample_target", "ideal"):
                file.write(
                    f"divergence/{key}", [0.3, 0.05, 0.004], ("draws",), units="1", description=key
                )
            file.metric("kl_sample_target", 0.0123 * (seed + 1), 0.0011)
            file.metric("kl_floor", 0.01)
            file.metric("ess_joint", 812.0)
            sentences = ["The draws agree with the machine within their error.", "Second sentence."]
            file.attributes(
                "certificate", {"verdict": "agrees within its error", "sentences": sentences}
            )
        return path

    return write


@pytest.fixture
def hostile(tmp_path):
    """Return a file with markup, quotes, line ends and marks of direction in all its texts."""
    path = tmp_path / "a<b>&'\".h5"
    text = HOSTILE
    with ResultsFile.create(path, command=text, seed=0, config=text) as file:
        images = np.random.default_rng(0).random((3, 4, 5))
        file.write(
            "images/lasers", images, ("sample", "row", "column"), units=text, description=text
        )
        file.write("images/lasers_label", [0, 1, -1], ("sample",), units="1", description=text)
        file.write("images/class_name", [text, text], ("class",), units="1", description=text)
        file.attributes("images", {"headline": text, "other": text})
        file.attributes("certificate", {"verdict": text, "sentences": [text, text]})
        states = np.zeros((1, 20, 2), dtype=np.int8)
        file.write("samples/state", states, ("chain", "draw", "unit"), units=text, description=text)
        for key in ("target", "sampled", "sampled_se"):
            place = f"distribution/{key}"
            file.write(place, [0.25] * 4, ("state",), units=text, description=text)
        file.attributes("distribution", {"units": [0, 1], "unit_names": ["<b>", "\u202ex"]})
        for name in ("kl_sample_target", "kl_floor"):
            file.metric(name, 0.1, units=text, description=text)
        file.metric("<i>own</i>", float("nan"), units=text, description=text, reason=text)
        file.attributes("/", {"<attribute>": text})
    return path


def page_of(write, *paths) -> tuple[Path, str]:
    page = write(list(paths), paths[0].with_name("page.html"))
    return page, page.read_text(encoding="utf-8")
