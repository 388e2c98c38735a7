"""Completion of images with any sampler: what is known is held, the rest is drawn.

An occluded image has pixels that are not known at all; the others are clamped. In a noisy image
each known pixel may have been flipped: then it stays free, and what was seen is soft evidence,
which adds log((1 - p) / p) to its bias or takes it off (`sampling.evidence`). Chains that complete
the same image differ, and their spread says what the image leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.arrays import as_array
from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.restricted import AnyMachine, as_machine
from lasersampling.checks import integer_problems, number_problems
from lasersampling.errors import InputError, Problem
from lasersampling.sampling.protocol import Progress, Sampler


@dataclass(frozen=True, eq=False)
class Completions:
    """Completions of images, several of each, over time.

    Attributes
    ----------
    states : ndarray of int8, shape (image, completion, draw, pixel)
        Pixels as drawn; known ones of occluded images have the value that they were held at.
    labels : ndarray of int8, shape (image, completion, draw, label)
        Label units, which were free unless a label was given.
    known : ndarray of bool, shape (image, pixel)
        Which pixels were given.
    interval_ns : float or None
        Time between draws, for samplers that live in time.
    """

    states: NDArray[np.int8]
    labels: NDArray[np.int8]
    known: NDArray[np.bool_]
    interval_ns: float | None

    def images(self, n_draws: int = 1) -> NDArray[np.float64]:
        """Each completion as the mean of its last draws, shape (image, completion, pixel)."""
        last: NDArray[np.float64] = self.states[:, :, -n_draws:].mean(axis=2)
        return last

    def mean(self, n_draws: int = 1) -> NDArray[np.float64]:
        """Mean over completions and last draws: how probable each pixel is, (image, pixel)."""
        mean: NDArray[np.float64] = self.images(n_draws).mean(axis=1)
        return mean

    def uncertainty(self) -> NDArray[np.float64]:
        """Standard deviation of single pixels over completions, last draw, (image, pixel).

        0 where all completions agree, 1/2 where they are divided.
        """
        spread: NDArray[np.float64] = self.states[:, :, -1].std(axis=1, dtype=np.float64)
        return spread

    def error(self, originals: ArrayLike) -> NDArray[np.float64]:
        """Share of unknown pixels that are wrong, shape (image, completion, draw).

        With noise, where all pixels were given, it is the share of all pixels.

        Raises
        ------
        InputError
            For originals of another shape.
        """
        true = as_array(originals, "originals")
        if true.shape != self.known.shape:
            expected = f"shape {self.known.shape} (image, pixel)"
            raise InputError.single("originals", f"shape {true.shape}", expected)
        asked = np.where(self.known.all(axis=1, keepdims=True), True, ~self.known)
        wrong = (self.states != true[:, None, None]) & asked[:, None, None]
        error: NDArray[np.float64] = wrong.sum(axis=3) / asked.sum(axis=1)[:, None, None]
        return error


def complete(
    sampler: Sampler,
    machine: AnyMachine,
    images: ArrayLike,
    known: ArrayLike,
    *,
    n_completions: int = 8,
    n_draws: int = 1,
    flip_probability: float = 0.0,
    label: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Completions:
    """Complete images, each by several independent chains.

    Parameters
    ----------
    sampler : Sampler
        What draws. Its burn-in comes before the first draw; without any, the draws show how
        completions form.
    machine : BoltzmannMachine or RestrictedMachine
        A machine of images.
    images : array_like of 0 and 1, shape (image, pixel)
        Pixels that are not known may have any of the two values.
    known : array_like of bool, shape (pixel,) or (image, pixel)
        Which pixels were seen. The same ones for all images are cheapest for lasers.
    n_completions : int
        Chains for each image.
    n_draws : int
        Draws per chain.
    flip_probability : float
        Chance that a pixel was seen as the other value, from 0 to below 1/2. If it is not 0,
        known pixels are not clamped, and each image is a run of its own.
    label : int, optional
        Clamped label; free by default.
    seed : int
        The same seed gives the same bits.
    progress : callable, optional
        Called with the fraction of the work done.

    Raises
    ------
    InputError
        With all problems found.
    """
    machine = as_machine(machine)
    pixels, seen = _checked(machine, images, known, n_completions, flip_probability, label)
    is_certain = seen if flip_probability == 0 else np.zeros_like(seen)
    clamped = completion_conditions(machine, pixels, is_certain, label)
    if flip_probability == 0:
        samples = sampler.sample(
            machine,
            n_draws,
            n_chains=n_completions * len(pixels),
            clamped=np.repeat(clamped, n_completions, axis=0),
            seed=seed,
            progress=progress,
        )
        states, interval_ns = samples.states, samples.interval_ns
    else:
        parts = []
        seeds = np.random.SeedSequence(seed).generate_state(len(pixels))
        log_odds = np.log((1 - flip_probability) / flip_probability)
        for k, (image, own) in enumerate(zip(pixels, seen, strict=True)):
            biases = machine.biases.copy()
            biases[machine.visible] += np.where(own, np.where(image == 1, 1, -1) * log_odds, 0.0)
            noisy = BoltzmannMachine(machine.weights, biases, machine.n_label, machine.n_hidden)
            samples = sampler.sample(
                noisy, n_draws, n_chains=n_completions, clamped=clamped[k], seed=int(seeds[k])
            )
            parts.append(samples.states)
            interval_ns = samples.interval_ns
            if progress is not None:
                progress((k + 1) / len(pixels))
        states = np.concatenate(parts)
    states = states.reshape(len(pixels), n_completions, n_draws, machine.n_units)
    return Completions(states[..., machine.visible], states[..., machine.label], seen, interval_ns)


def completion_conditions(
    machine: BoltzmannMachine,
    pixels: NDArray[np.int8],
    known: NDArray[np.bool_],
    label: int | None = None,
) -> NDArray[np.int8]:
    """Say how units are held when images are completed, shape (image, unit).

    Lasers are to be adapted under these conditions.

    Parameters
    ----------
    machine : BoltzmannMachine
        A machine of images.
    pixels : ndarray of 0 and 1, shape (image, pixel)
        What was seen.
    known : ndarray of bool, shape (image, pixel)
        Where that is for certain.
    label : int, optional
        Clamped label; free by default.
    """
    clamped = np.full((len(pixels), machine.n_units), FREE, dtype=np.int8)
    clamped[:, machine.visible] = np.where(known, pixels, FREE)
    if label is not None:
        clamped[:, machine.label] = np.arange(machine.n_label) == label
    return clamped


def occluded(shape: tuple[int, int], side: str) -> NDArray[np.bool_]:
    """Which pixels remain known when half of an image is hidden, shape (pixel,).

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    side : str
        "lower", "upper", "left" or "right": the half that is hidden; of an odd number of rows or
        columns the middle one stays known.

    Raises
    ------
    InputError
        For another side.
    """
    rows, columns = shape
    known = np.ones(shape, dtype=bool)
    if side == "lower":
        known[(rows + 1) // 2 :] = False
    elif side == "upper":
        known[: rows // 2] = False
    elif side == "left":
        known[:, : columns // 2] = False
    elif side == "right":
        known[:, (columns + 1) // 2 :] = False
    else:
        expected = "'lower', 'upper', 'left' or 'right'"
        raise InputError.single("occlude", repr(side), expected)
    return known.ravel()


def _checked(
    machine: BoltzmannMachine,
    images: ArrayLike,
    known: ArrayLike,
    n_completions: int,
    flip_probability: float,
    label: int | None,
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Images and what is known of each, both (image, pixel)."""
    problems = [
        *integer_problems("n_completions", n_completions, 1),
        *number_problems("flip_probability", flip_probability, 0.0, strict=False),
    ]
    if not problems and not flip_probability < 0.5:
        problems.append(Problem("flip_probability", repr(flip_probability), "below 1/2"))
    if label is not None and not 0 <= label < machine.n_label:
        has = f"0 to {machine.n_label - 1}" if machine.n_label else "none: it has no label units"
        problems.append(Problem("label", repr(label), has))
    pixels, seen = as_array(images, "images"), as_array(known, "known")
    n_visible = machine.n_visible
    if pixels.ndim != 2 or len(pixels) == 0 or pixels.shape[1] != n_visible:
        problems.append(Problem("images", f"shape {pixels.shape}", f"shape (image, {n_visible})"))
    elif not ((pixels == 0) | (pixels == 1)).all():
        problems.append(Problem("images", "grey levels", "0 and 1, since pixels are clamped"))
    shapes = (n_visible,), (len(pixels) if pixels.ndim == 2 else -1, n_visible)
    if seen.dtype != np.bool_ or seen.shape not in shapes:
        got = f"{seen.dtype} of shape {seen.shape}"
        problems.append(Problem("known", got, f"bool of shape ({n_visible},) or that of images"))
    if problems:
        raise InputError(problems)
    seen = np.broadcast_to(seen, pixels.shape)
    if flip_probability == 0 and seen.all():
        raise InputError.single("known", "all pixels", "some that are to be drawn, or noise")
    return pixels.astype(np.int8), seen
