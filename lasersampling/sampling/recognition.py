"""Recognition with any sampler: pixels are clamped, label units are observed over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array
from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import integer_problems, refuse
from lasersampling.datasets.labels import label_problems
from lasersampling.errors import InputError
from lasersampling.labelled import Variable, as_dataset, numbered
from lasersampling.sampling.arguments import names_problems, sampler_problems
from lasersampling.sampling.conditions import check_size, draws_under, pixel_problems
from lasersampling.sampling.protocol import Progress, Sampler

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Recognition:
    """Activity of label units while images were shown.

    Attributes
    ----------
    activity : ndarray of float64, shape (image, draw, label)
        Mean of each label unit over all draws up to this one, and over the chains of the image [1].
    interval_ns : float or None
        Time between draws, for samplers that run in time.
    """

    activity: NDArray[np.float64]
    interval_ns: float | None

    def to_xarray(self) -> xr.Dataset:
        """Give `activity` (image, draw, class)."""
        dims = ("image", "draw", "class")
        about = "mean of a label unit over the draws so far"
        variables = {
            **numbered(dict(zip(dims, self.activity.shape, strict=True))),
            "activity": Variable(self.activity, dims, "1", about),
        }
        return as_dataset(variables, {"interval_ns": self.interval_ns})

    def plot(self, axes: Axes | None = None, *, names: Sequence[str] = ()) -> Figure:
        """Draw the activity of the classes over the draws, a panel for each of up to six images.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes for the first image; those of a new figure by default.
        names : sequence of str, optional
            Names of the classes; their numbers by default.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            If there is not one name, a text, for each class.
        """
        from lasersampling.plots import recognition, style

        n_classes = self.activity.shape[2]
        refuse(names_problems("names", names, n_classes))
        shown = list(names) or [str(number) for number in range(n_classes)]
        if axes is not None:
            recognition.draw_image(axes, self.activity[0], self.interval_ns, shown)
            return style.figure_of(axes)
        with style.style():
            return recognition.draw(self.activity, self.interval_ns, shown)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Label that was most active over all draws, shape (image,)."""
        labels: NDArray[np.int64] = self.activity[:, -1].argmax(axis=1)
        return labels

    def scores(self, labels: ArrayLike) -> NDArray[np.float64]:
        """Whether the most active label after each draw is correct, shape (image, draw).

        If n labels are equally active and one is correct, it counts 1/n, as guessing would give.

        Raises
        ------
        InputError
            Unless there is one class for each image.
        """
        true = as_array(labels, "labels")
        if true.shape != (len(self.activity),):
            expected = f"whole numbers of shape ({len(self.activity)},)"
            raise InputError.single("labels", f"{true.dtype} of shape {true.shape}", expected)
        problems = label_problems(true, self.activity.shape[2])
        if problems:
            raise InputError(problems)
        most = self.activity == self.activity.max(axis=2, keepdims=True)
        right = np.take_along_axis(most, true[:, None, None], axis=2)[:, :, 0]
        scores: NDArray[np.float64] = right / most.sum(axis=2)
        return scores

    def accuracy(self, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean score after each draw and its standard error over images, both (draw,).

        The error is nan for a single image, which says nothing of the scatter.

        Raises
        ------
        InputError
            As for `scores`.
        """
        scores = self.scores(labels)
        if len(scores) < 2:
            return scores.mean(axis=0), np.full(scores.shape[1], np.nan)
        error = scores.std(axis=0, ddof=1) / np.sqrt(len(scores))
        return scores.mean(axis=0), error


def recognise(
    sampler: Sampler,
    machine: AnyMachine,
    images: ArrayLike,
    *,
    n_draws: int,
    n_chains: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Recognition:
    """Show images to a machine and observe its label units.

    Time counts from the end of the sampler's burn-in; without burn-in, the first draws show how a
    decision builds up.

    Parameters
    ----------
    sampler : Sampler
        The sampler.
    machine : BoltzmannMachine or RestrictedMachine
        A machine with label units.
    images : array_like of 0 and 1, shape (image, visible)
        Images, which are shown by clamping.
    n_draws : int
        Draws per chain.
    n_chains : int
        Number of networks that look at each image.
    seed : int
        The same seed gives the same bits.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Recognition

    Raises
    ------
    InputError
        For a machine without label units, images that do not fit it, anything else than a sampler,
        and more chains than fit into the memory.

    Examples
    --------
    >>> from lasersampling.learning.pictures.models import load_picture_model
    >>> from lasersampling.sampling import Gibbs
    >>> model = load_picture_model("digits")
    >>> pictures = model.data.load()
    >>> shown = pictures.test_images[:3]
    >>> found = recognise(Gibbs(burn_in=50), model.machine, shown, n_draws=50, n_chains=2)
    >>> found.activity.shape, found.scores(pictures.test_labels[:3])[:, -1]
    ((3, 50, 10), array([1., 1., 1.]))
    """
    machine, pixels = as_machine(machine), as_array(images, "images")
    refuse(
        sampler_problems(sampler),
        integer_problems("n_draws", n_draws, 1),
        integer_problems("n_chains", n_chains, 1),
        integer_problems("seed", seed, 0),
    )
    if machine.n_label == 0:
        raise InputError.single("machine", "no label units", "at least one")
    refuse(pixel_problems("images", pixels, machine.n_visible))
    n_draws, n_chains = int(n_draws), int(n_chains)
    check_size("n_chains x n_draws", n_chains * len(pixels), n_draws, machine.n_units)
    clamped = np.full((len(pixels), machine.n_units), FREE, dtype=np.int8)
    clamped[:, machine.visible] = pixels
    samples = draws_under(
        sampler, machine, clamped, n_chains, n_draws, seed=seed, progress=progress
    )
    states = samples.states[:, :, machine.label]
    shape = len(pixels), n_chains, n_draws, machine.n_label
    summed = states.reshape(shape).sum(axis=1, dtype=np.int64).cumsum(axis=1)
    activity = summed / (n_chains * np.arange(1, n_draws + 1)[:, None])
    return Recognition(activity, samples.interval_ns)
