"""Drawing images from a machine with any sampler."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import integer_problems, kind_problems, refuse
from lasersampling.datasets.digits import label_units
from lasersampling.errors import InputError, Problem
from lasersampling.judging.images import GeneratedImages
from lasersampling.labelled import Variable, as_dataset, numbered
from lasersampling.learning.pictures.models import PictureModel, load_picture_model
from lasersampling.sampling.arguments import sampler_problems
from lasersampling.sampling.conditions import check_size, class_problems, draws_under
from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.protocol import Progress, Sampler

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BURN_IN = 500
"""Sweeps of Gibbs sampling before the first draw, where it is not said what samples."""


@dataclass(frozen=True, eq=False)
class Generated:
    """Images that a machine drew.

    Attributes
    ----------
    images : ndarray of float64, shape (image, row, column)
        The mean of the draws of each chain: 0 is white, 1 black [1].
    labels : ndarray of int, shape (image,)
        Class that was given, -1 for images drawn freely.
    model : PictureModel
        The machine that was sampled.
    sampler : str
        Name of the sampler.
    """

    images: NDArray[np.float64]
    labels: NDArray[np.int64]
    model: PictureModel
    sampler: str

    def to_xarray(self) -> xr.Dataset:
        """Give `brightness` (image, row, column), and the coordinate `label` of each image."""
        dims = ("image", "row", "column")
        held = Variable(self.labels, ("image",), "1", "class that was given, -1 for none")
        variables = {
            **numbered(dict(zip(dims, self.images.shape, strict=True))),
            "brightness": Variable(self.images, dims, "1", "mean of the draws of a chain"),
            "label": held,
        }
        return as_dataset(variables, {"sampler": self.sampler}, coordinates=["label"])

    def plot(self, axes: Axes | None = None) -> Figure:
        """Draw a gallery, a column or more for each class.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes to draw on; a new figure by default.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from lasersampling.plots import gallery, style

        title = gallery.TITLES.get(self.sampler, self.sampler)
        band = gallery.Band(title, self.images, self.labels)
        names = self.model.class_names
        if axes is not None:
            layout = gallery.Layout([band])
            gallery.draw_band(axes, band, layout, layout.rows[0], names)
            return style.figure_of(axes)
        with style.style():
            return gallery.draw([band], names)


def generate(
    model: PictureModel | str | Path,
    sampler: Sampler | None = None,
    *,
    labels: Sequence[int] | None = None,
    images_per_label: int = 2,
    free_images: int = 0,
    n_draws: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> Generated:
    """Draw pictures of a trained machine, each by a chain of its own.

    Parameters
    ----------
    model : PictureModel, str or Path
        The machine: what `train_images` gives, the name of a shipped one, or its file.
    sampler : Sampler, optional
        The sampler; Gibbs sampling with 500 sweeps of burn-in by default.
    labels : sequence of int, optional
        The classes, by their numbers; all by default.
    images_per_label, free_images : int
        Chains for each class, which is clamped, and without one.
    n_draws : int
        Draws per chain, of which a picture is the mean.
    seed : int
        The same seed gives the same bits.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Generated

    Raises
    ------
    InputError
        For a model that is not there, classes that it does not have, or if nothing is to be drawn.

    Examples
    --------
    >>> drawn = generate("digits", labels=[3, 8], seed=1)
    >>> drawn.images.shape, drawn.labels.tolist()
    ((4, 8, 8), [3, 3, 8, 8])
    """
    expected = "a PictureModel (train_images makes one), or the name of a model or its file"
    refuse(kind_problems("model", model, PictureModel | str | Path, expected))
    known = model if isinstance(model, PictureModel) else load_picture_model(model)
    found = generate_images(
        Gibbs(burn_in=_BURN_IN) if sampler is None else sampler, known.machine, n_draws,
        images_per_label=images_per_label, free_images=free_images, labels=labels, seed=seed,
        progress=progress,
    )  # fmt: skip
    images = found.images(known.machine, known.shape, n_draws)
    return Generated(images, found.labels, known, found.samples.sampler)


def generate_images(
    sampler: Sampler,
    machine: AnyMachine,
    n_draws: int,
    *,
    images_per_label: int,
    free_images: int,
    labels: Sequence[int] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> GeneratedImages:
    """Draw images with one chain each: equally many for each clamped label, and free ones.

    Parameters
    ----------
    sampler : Sampler
        The sampler.
    machine : BoltzmannMachine or RestrictedMachine
        A machine of images.
    n_draws : int
        Draws per chain.
    images_per_label, free_images : int
        Numbers of chains for each label, and without a label.
    labels : sequence of int, optional
        The labels; all by default.
    seed : int
        The same seed gives the same bits.
    progress : callable, optional
        Called with the fraction of the work done.

    Raises
    ------
    InputError
        For labels that the machine does not have, or if nothing is to be drawn.
    """
    refuse(
        sampler_problems(sampler),
        integer_problems("n_draws", n_draws, 1),
        integer_problems("seed", seed, 0),
    )
    clamped, given = label_conditions(
        machine, images_per_label=images_per_label, free_images=free_images, labels=labels
    )
    samples = draws_under(
        sampler, as_machine(machine), clamped, 1, n_draws, seed=seed, progress=progress
    )
    return GeneratedImages(samples, given)


def label_conditions(
    machine: AnyMachine,
    *,
    images_per_label: int,
    free_images: int,
    labels: Sequence[int] | None = None,
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Say how the units of each chain are held when images are generated.

    Parameters
    ----------
    machine : BoltzmannMachine or RestrictedMachine
        A machine of images.
    images_per_label, free_images : int
        Numbers of chains for each label, and without a label.
    labels : sequence of int, optional
        The labels; all by default.

    Returns
    -------
    clamped : ndarray of int8, shape (chain, unit)
        -1 for a free unit, 0 or 1 for a held one. Lasers should be adapted under these conditions.
    given : ndarray of int64, shape (chain,)
        Label of each chain, -1 for chains without one.

    Raises
    ------
    InputError
        For labels that the machine does not have, or if nothing is to be drawn.
    """
    machine = as_machine(machine)
    given_labels: object = range(machine.n_label) if labels is None else labels
    if isinstance(given_labels, str | bytes) or not isinstance(given_labels, Iterable):
        raise InputError.single("labels", repr(labels), "a sequence of numbers of classes")
    wanted = tuple(given_labels)
    problems = [
        *integer_problems("images_per_label", images_per_label, 1),
        *integer_problems("free_images", free_images, 0),
    ]
    for label in wanted:
        problems += class_problems("label", label, machine.n_label)
    if not problems and not wanted and not free_images:
        problems.append(Problem("free_images", "0", "at least 1, as there are no labels"))
    if problems:
        raise InputError(problems)
    images_per_label, free_images = int(images_per_label), int(free_images)
    n_chains = len(wanted) * images_per_label + free_images
    check_size("images_per_label, free_images", n_chains, 1, machine.n_units)
    given = np.repeat(np.array(wanted, dtype=np.int64), images_per_label)
    clamped = np.full((given.size + free_images, machine.n_units), FREE, dtype=np.int8)
    if given.size:
        clamped[: given.size, machine.label] = label_units(given, machine.n_label)
    return clamped, np.append(given, np.full(free_images, FREE))
