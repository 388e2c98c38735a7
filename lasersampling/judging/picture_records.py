"""Layout of judged images, their neighbours and completions in a results file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.judging.image_quality import ImageJudge, ratios
from lasersampling.judging.images import GeneratedImages
from lasersampling.results.contents import Metric
from lasersampling.results.store import ResultsFile
from lasersampling.sampling.completion import Completions
from lasersampling.statistics.neighbours import nearest

Curves = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Values and standard errors over time, by measure."""


def write_quality(
    file: ResultsFile,
    time_ns: ArrayLike,
    curves: Mapping[str, Curves],
    measured: Mapping[str, Mapping[str, Metric]],
    held_out: Mapping[str, Metric],
) -> None:
    """Write measures over time to ``/quality``, and final ones with their ratios to the metrics.

    Parameters
    ----------
    file : ResultsFile
        The file to write to.
    time_ns : array_like, shape (time,)
        Sampling time of the curves [ns].
    curves, measured : mapping of str to mapping
        Measures by sampler, then by name; the first sampler is the reference of the ratios.
    held_out : mapping of str to Metric
        Measures of held-out images.
    """
    file.write("quality/time_ns", time_ns, ("time_ns",), units="ns", description="sampling time")
    reference = next(iter(measured))
    for sampler, measures in curves.items():
        for name, (values, errors) in measures.items():
            for suffix, column in (("", values), ("_se", errors)):
                file.write(
                    f"quality/{name}_{sampler}{suffix}", column, ("time_ns",),
                    units="1", description=f"{name}, {sampler}",
                )  # fmt: skip
    found = {f"{name}_held_out": metric for name, metric in held_out.items()}
    for sampler, metrics in measured.items():
        found |= {f"{name}_{sampler}": metric for name, metric in metrics.items()}
        if sampler != reference:
            over = ratios(dict(metrics), dict(measured[reference]))
            found |= {f"{name}_ratio_{sampler}": metric for name, metric in over.items()}
    file.metrics(found)


def write_neighbours(
    file: ResultsFile, judge: ImageJudge, found: Mapping[str, GeneratedImages], draw: int
) -> None:
    """Write images with their nearest training images to ``/neighbours``.

    Parameters
    ----------
    file : ResultsFile
        The file to write to.
    judge : ImageJudge
        The judge, which has the training images.
    found : mapping of str to GeneratedImages
        Images by sampler. The images of the last sampler are written, with the distances for all
        samplers and for held-out images.
    draw : int
        The draw that is taken from each chain.
    """
    train, shape = judge.pictures.train_images, judge.pictures.shape
    dims = ("sample", "row", "column")
    for name, generated in found.items():
        given = generated.labels != FREE
        images = generated.samples.states[given, draw][:, judge.machine.visible].astype(float)
        near = nearest(images, train)
        _write_distances(file, name, near.distance**2)
    for key, values, about in (
        ("image", images, "generated images"),
        ("nearest", train[near.index], "the training images that are nearest to them"),
    ):
        file.write(
            f"neighbours/{key}", values.reshape(-1, *shape), dims, units="1", description=about
        )
    labels = generated.labels[given]
    for key, column, about in (
        ("label", labels, "label that was clamped"),
        ("nearest_label", judge.pictures.train_labels[near.index], "label of the training image"),
        ("distance", near.distance**2, "pixels that differ"),
    ):
        file.write(f"neighbours/{key}", column, ("sample",), units="1", description=about)
    held_out = nearest(judge.pictures.test_images, train).distance ** 2
    _write_distances(file, "held_out", held_out)


def write_completions(
    file: ResultsFile,
    shape: tuple[int, int],
    found: Completions,
    given: ArrayLike,
    time_ns: ArrayLike,
    shown: ArrayLike,
    *,
    originals: ArrayLike | None = None,
    window_draws: int = 1,
) -> None:
    """Write completions of images to ``/completions``.

    Parameters
    ----------
    file : ResultsFile
        The file to write to.
    shape : tuple of int
        Rows and columns.
    found : Completions
        The completions that a sampler made.
    given : array_like, shape (image, pixel)
        The pixels that were given; values of unknown pixels do not matter.
    time_ns : array_like, shape (draw,)
        Times of the draws [ns].
    shown : array_like of int, shape (time,)
        Draws at which one completion of each image is shown.
    originals : array_like, shape (image, pixel), optional
        The complete images, if they are known.
    window_draws : int
        Number of draws over which a shown image is averaged; fewer at the beginning.
    """
    n_images = len(found.states)
    draws = np.asarray(shown)
    series = [
        found.states[:, 0, max(0, draw + 1 - window_draws) : draw + 1].mean(axis=1)
        for draw in draws
    ]
    arrays: dict[str, tuple[ArrayLike, tuple[str, ...], str]] = {
        "given": (given, (), "what was seen"),
        "known": (found.known.astype(np.float64), (), "1 for known pixels"),
        "series": (np.stack(series, axis=1), ("shown_ns",), "one completion as it forms"),
        "completion": (found.images(window_draws), ("completion",), "different completions"),
        "mean": (found.mean(window_draws), (), "mean over completions"),
        "uncertainty": (found.uncertainty(), (), "standard deviation over completions"),
    }
    if originals is not None:
        arrays["original"] = (originals, (), "the whole image")
    for name, (values, within, about) in arrays.items():
        array = np.asarray(values, dtype=np.float64)
        sizes = array.shape[1:-1]
        file.write(
            f"completions/{name}", array.reshape(n_images, *sizes, *shape),
            ("image", *within, "row", "column"), units="1", description=about,
        )  # fmt: skip
    file.write(
        "completions/shown_ns", np.asarray(time_ns)[draws], ("shown_ns",),
        units="ns", description="when the completion that forms is shown",
    )  # fmt: skip


def _write_distances(file: ResultsFile, name: str, distance: NDArray[np.float64]) -> None:
    file.write(
        f"neighbours/distance_{name}", distance, (f"sample_{name}",),
        units="1", description=f"pixels that differ from the nearest training image, {name}",
    )  # fmt: skip
