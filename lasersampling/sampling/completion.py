"""Completion of images with any sampler: known pixels are held, the others are drawn.

An occluded image has pixels that are unknown; the others are clamped. In a noisy image each known
pixel may have been flipped: then it stays free, and its observed value is soft evidence, which adds
log((1 - p) / p) to its bias or subtracts it (`sampling.evidence`). Chains that complete the same
image differ, and their spread shows what the image leaves open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array, as_binary
from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import (
    integer_problems,
    kind_problems,
    number_problems,
    refuse,
)
from lasersampling.errors import InputError, Problem
from lasersampling.keeping import kept
from lasersampling.labelled import Variable, as_dataset, numbered
from lasersampling.sampling.arguments import sampler_problems, shape_problems
from lasersampling.sampling.conditions import (
    check_size,
    class_problems,
    draws_under,
    pixel_problems,
)
from lasersampling.sampling.protocol import Progress, Sampler
from lasersampling.statistics.jackknife import jackknife_error

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_SHOWN = 4
"""Completions of each image in a picture."""


@dataclass(frozen=True, eq=False)
class Completions:
    """Completions of images, several for each, over time.

    Attributes
    ----------
    states : ndarray of int8, shape (image, completion, draw, pixel)
        Pixels as drawn; known pixels of occluded images have the value at which they were held.
    labels : ndarray of int8, shape (image, completion, draw, label)
        Label units, which were free unless a label was given.
    known : ndarray of bool, shape (image, pixel)
        Which pixels were given.
    interval_ns : float or None
        Time between draws, for samplers that run in time.
    """

    states: NDArray[np.int8]
    labels: NDArray[np.int8]
    known: NDArray[np.bool_]
    interval_ns: float | None

    def images(self, n_draws: int = 1) -> NDArray[np.float64]:
        """Each completion as the mean of its last draws, shape (image, completion, pixel).

        Raises
        ------
        InputError
            For fewer than one draw, or more than there are.
        """
        refuse(integer_problems("n_draws", n_draws, 1, self.states.shape[2]))
        last: NDArray[np.float64] = self.states[:, :, -int(n_draws) :].mean(axis=2)
        return last

    def mean(self, n_draws: int = 1) -> NDArray[np.float64]:
        """Probability of each pixel: mean over completions and last draws, (image, pixel)."""
        mean: NDArray[np.float64] = self.images(n_draws).mean(axis=1)
        return mean

    def uncertainty(self) -> NDArray[np.float64]:
        """Standard deviation of single pixels over completions, in the last draw, (image, pixel).

        0 if all completions agree, 1/2 if they are evenly divided.
        """
        spread: NDArray[np.float64] = self.states[:, :, -1].std(axis=1, dtype=np.float64)
        return spread

    def mean_uncertainty(self) -> tuple[float, float]:
        """Mean of `uncertainty` over unknown pixels, and its standard error [1].

        The error is that of the jackknife over completions: infinitely many might differ by it.
        """
        unknown = np.where(self.known.all(axis=1, keepdims=True), True, ~self.known)
        final = self.states[:, :, -1]
        left_out = [
            np.delete(final, k, axis=1).std(axis=1, dtype=np.float64)[unknown].mean()
            for k in range(final.shape[1])
        ]
        value = float(self.uncertainty()[unknown].mean())
        return value, float(jackknife_error(left_out))

    def error(self, originals: ArrayLike) -> NDArray[np.float64]:
        """Fraction of unknown pixels that are wrong, shape (image, completion, draw).

        With noise, where all pixels were given, it is the fraction of all pixels.

        Raises
        ------
        InputError
            For originals of another shape or of other pixels than 0 and 1.
        """
        true = as_binary(originals, "originals")
        if true.shape != self.known.shape:
            expected = f"shape {self.known.shape} (image, pixel)"
            raise InputError.single("originals", f"shape {true.shape}", expected)
        asked = np.where(self.known.all(axis=1, keepdims=True), True, ~self.known)
        wrong = (self.states != true[:, None, None]) & asked[:, None, None]
        error: NDArray[np.float64] = wrong.sum(axis=3) / asked.sum(axis=1)[:, None, None]
        return error

    def to_xarray(self) -> xr.Dataset:
        """Give `state` (image, completion, draw, pixel), `known` and, if there are, `label`."""
        dims = ("image", "completion", "draw", "pixel")
        variables = numbered(dict(zip(dims, self.states.shape, strict=True)))
        variables["state"] = Variable(self.states, dims, "1", "pixels as drawn, 0 or 1")
        variables["known"] = Variable(self.known, ("image", "pixel"), "1", "which were given")
        if self.labels.shape[-1]:
            about = "label units as drawn, 0 or 1"
            variables["label"] = Variable(self.labels, (*dims[:3], "class"), "1", about)
        return as_dataset(variables, {"interval_ns": self.interval_ns})

    def plot(self, axes: Axes | None = None, *, shape: tuple[int, int] | None = None) -> Figure:
        """Draw a row for each of up to six images: what was known, completions, mean and spread.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes to draw on; a new figure by default.
        shape : tuple of int, optional
            Rows and columns of the images; a square by default.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            If the images have another number of pixels.
        """
        from lasersampling.plots import completions, style

        side = math.isqrt(self.known.shape[1])
        shape = (side, side) if shape is None else shape
        refuse(shape_problems("shape", shape))
        rows, columns = shape
        if rows * columns != self.known.shape[1]:
            got, expected = f"{rows} x {columns}", f"rows x columns of {self.known.shape[1]} pixels"
            raise InputError.single("shape", got, expected)

        def shown(pixels: NDArray[np.generic]) -> NDArray[np.floating]:
            return pixels[: completions.MOST_ROWS].reshape(-1, rows, columns).astype(np.float64)

        last = self.images()
        groups: list[list[completions.Column]] = [
            [(f"completion {k + 1}", shown(last[:, k])) for k in range(last.shape[1])],
            [("mean", shown(self.mean()))],
        ]
        groups[0] = groups[0][:_MOST_SHOWN]
        groups[1].append(("spread", shown(self.uncertainty()) / completions.LARGEST_SPREAD))
        if not self.known.all():
            seen = completions.with_unknown(shown(last[:, 0]), shown(self.known))
            groups.insert(0, [("known", seen)])
        if axes is not None:
            completions.draw_on(axes, groups)
            return style.figure_of(axes)
        with style.style():
            return completions.draw(groups)


@dataclass(frozen=True, eq=False)
class SeenImages:
    """What was seen of images.

    Attributes
    ----------
    pixels : ndarray of int8, shape (image, pixel)
        0 and 1; pixels that are not known may have either value.
    known : ndarray of bool, shape (image, pixel)
        Which pixels were seen; given for one image, shape (pixel,), it holds for all. The same
        ones for all images are cheapest for lasers.
    flip_probability : float
        Chance that a pixel was seen as the other value, from 0 to below 1/2 [1]. If it is not 0,
        known pixels are not clamped, and each image is a run of its own.
    label : int or None
        Class of the images, which is clamped; free by default.

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> pixels = np.array([[0, 1, 1, 0], [1, 1, 0, 0]])
    >>> from lasersampling.sampling.conditions import occluded
    >>> seen = SeenImages(pixels, known=occluded((2, 2), "lower"))
    >>> seen.known[0]
    array([ True,  True, False, False])
    """

    pixels: NDArray[np.int8]
    known: NDArray[np.bool_]
    flip_probability: float = 0.0
    label: int | None = None

    def __post_init__(self) -> None:
        pixels, known = as_array(self.pixels, "pixels"), as_array(self.known, "known")
        problems = number_problems("flip_probability", self.flip_probability, 0.0, strict=False)
        if not problems and not self.flip_probability < 0.5:
            problems.append(Problem("flip_probability", repr(self.flip_probability), "below 1/2"))
        if self.label is not None:
            problems += integer_problems("label", self.label, 0)
        unfit = pixel_problems("pixels", pixels)
        problems += unfit
        if not unfit and (
            known.dtype != np.bool_ or known.shape not in (pixels.shape[1:], pixels.shape)
        ):
            got = f"{known.dtype} of shape {known.shape}"
            problems.append(
                Problem("known", got, f"bool of shape {pixels.shape[1:]} or {pixels.shape}")
            )
        if problems:
            raise InputError(problems)
        known = np.broadcast_to(known, pixels.shape)
        if self.flip_probability == 0 and known.all():
            raise InputError.single("known", "all pixels", "some that are to be drawn, or noise")
        object.__setattr__(self, "pixels", pixels.astype(np.int8))
        object.__setattr__(self, "known", known)

    def clamped(self, machine: AnyMachine) -> NDArray[np.int8]:
        """Say how the units of a machine are held while it completes these images.

        Lasers are to be adapted under these conditions.

        Parameters
        ----------
        machine : BoltzmannMachine or RestrictedMachine
            A machine of images.

        Returns
        -------
        ndarray of int8, shape (image, unit)
            -1 leaves a unit free, 0 and 1 hold it. Pixels that may be wrong are free.

        Raises
        ------
        InputError
            If the machine has other pixels, or not this label.
        """
        machine = as_machine(machine)
        problems = pixel_problems("pixels", self.pixels, machine.n_visible)
        if self.label is not None:
            problems += class_problems("label", self.label, machine.n_label)
        refuse(problems)
        clamped = np.full((len(self.pixels), machine.n_units), FREE, dtype=np.int8)
        if self.flip_probability == 0:
            clamped[:, machine.visible] = np.where(self.known, self.pixels, FREE)
        if self.label is not None:
            clamped[:, machine.label] = np.arange(machine.n_label) == self.label
        return clamped


def complete(
    sampler: Sampler,
    machine: AnyMachine,
    seen: SeenImages,
    *,
    n_completions: int = 8,
    n_draws: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Completions:
    """Complete images, each by several independent chains.

    Parameters
    ----------
    sampler : Sampler
        The sampler. Its burn-in precedes the first draw; without burn-in, the draws show how
        completions form.
    machine : BoltzmannMachine or RestrictedMachine
        A machine of images.
    seen : SeenImages
        The known pixels of the images.
    n_completions : int
        Number of chains for each image.
    n_draws : int
        Draws per chain.
    seed : int
        The same seed gives the same bits.
    progress : callable, optional
        Called with the fraction of the work done.

    Raises
    ------
    InputError
        For images that do not fit the machine, more chains than fit into the memory, anything else
        than a sampler, and if nothing is to be drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from lasersampling.learning.pictures.models import load_picture_model
    >>> from lasersampling.sampling import Gibbs
    >>> from lasersampling.sampling.completion import SeenImages, complete
    >>> from lasersampling.sampling.conditions import occluded
    >>> model = load_picture_model("digits")
    >>> pixels = model.data.load().test_images[:2]
    >>> seen = SeenImages(pixels, occluded(model.shape, "lower"))
    >>> found = complete(Gibbs(burn_in=100), model.machine, seen, n_completions=4, seed=1)
    >>> found.states.shape
    (2, 4, 1, 64)
    """
    refuse(
        sampler_problems(sampler),
        kind_problems("seen", seen, SeenImages, "SeenImages(pixels, known)"),
        integer_problems("n_completions", n_completions, 1),
        integer_problems("n_draws", n_draws, 1),
        integer_problems("seed", seed, 0),
    )
    n_completions, n_draws = int(n_completions), int(n_draws)
    machine = as_machine(machine)
    n_images = len(seen.pixels)
    check_size("n_completions x n_draws", n_completions * n_images, n_draws, machine.n_units)
    clamped = seen.clamped(machine)
    if seen.flip_probability == 0:
        samples = draws_under(
            sampler, machine, clamped, n_completions, n_draws, seed=seed, progress=progress
        )
        states, interval_ns = samples.states, samples.interval_ns
    else:
        parts = []
        seeds = np.random.SeedSequence(seed).generate_state(n_images)
        log_odds = np.log((1 - seen.flip_probability) / seen.flip_probability)
        for k, (image, own) in enumerate(zip(seen.pixels, seen.known, strict=True)):
            biases = machine.biases.copy()
            biases[machine.visible] += np.where(own, np.where(image == 1, 1, -1) * log_odds, 0.0)
            noisy = BoltzmannMachine(machine.weights, biases, machine.n_label, machine.n_hidden)
            samples = kept("image", partial(
                sampler.sample, noisy, n_draws, n_chains=n_completions, clamped=clamped[k],
                seed=int(seeds[k]),
            ))  # fmt: skip
            parts.append(samples.states)
            interval_ns = samples.interval_ns
            if progress is not None:
                progress((k + 1) / n_images)
        states = np.concatenate(parts)
    states = states.reshape(n_images, n_completions, n_draws, machine.n_units)
    visible, label = states[..., machine.visible], states[..., machine.label]
    return Completions(visible, label, seen.known, interval_ns)
