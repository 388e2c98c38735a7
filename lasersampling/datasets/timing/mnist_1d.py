"""MNIST-1D in spikes: one-dimensional signals after ten templates, as latencies of a few inputs.

The signals are those of the package `mnist1d` (Greydanus & Kobak 2020): a template is padded,
dilated, scaled, shifted on a circle, sheared, and put into noise. They are 40 values long and come
here one after the other. In the frame of a value each input spikes once, and the sooner the nearer
the value is to the one that the input prefers (Bohte et al. 2002): all inputs spike equally often
in every sample.

References
----------
Greydanus & Kobak, "Scaling down deep learning with MNIST-1D" (2020), https://arxiv.org/abs/2011.14439.

Bohte, Kok & La Poutre, "Error-backpropagation in temporally encoded networks of spiking neurons",
Neurocomputing 48 (2002) 17.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.ndimage import gaussian_filter

from lasersampling.checks import integer_problems, kind_problems, number_problems, refuse
from lasersampling.datasets.events import EventSet
from lasersampling.datasets.timing.parts import (
    as_events,
    as_times,
    balanced_labels,
    drawing_problems,
)
from lasersampling.errors import InputError, LaserSamplingError

SIGNAL_SIZES = {"train": 4000, "validation": 500, "test": 1000}
"""Numbers of signals."""

N_VALUES = 40
"""Length of a signal."""

_STREAM = 4
"""Number of this task in its seeds."""

_LOWEST, _HIGHEST = -0.75, 0.75
"""Range of values that are told; others count as the nearest of these."""

_CORRELATION = 2.0
"""Width over which the package smooths noise, in values before the last interpolation."""


@dataclass(frozen=True)
class Signals:
    """Settings of the encoding.

    Attributes
    ----------
    n_channels : int
        Number of inputs; the values that they prefer are equally spaced from -0.75 to 0.75.
    frame : float
        Time for each of the 40 values of a signal [tau_syn].

    Raises
    ------
    InputError
        With all problems found.

    Examples
    --------
    >>> Signals().n_classes, Signals().end
    (10, 160.0)
    """

    n_channels: int = 4
    frame: float = 4.0

    def __post_init__(self) -> None:
        refuse(
            integer_problems("n_channels", self.n_channels, 2),
            number_problems("frame", self.frame, 0.0, strict=True),
        )

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return 10

    @property
    def end(self) -> float:
        """Time after which there are no spikes [tau_syn]."""
        return N_VALUES * self.frame

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(str(k) for k in range(self.n_classes))


_DEFAULT = Signals()


def signals(n_samples: int, seed: int, settings: Signals = _DEFAULT) -> EventSet:
    """Draw signals, as spikes.

    Parameters
    ----------
    n_samples : int
        Number of signals.
    seed : int
        Seed of the signals, below 2**32.
    settings : Signals
        Encoding.

    Raises
    ------
    InputError
        For numbers out of range, and for more than fits into the memory.
    LaserSamplingError
        If `mnist1d`, which makes the signals, is not installed.
    """
    refuse(kind_problems("settings", settings, Signals))
    refuse(
        drawing_problems(n_samples, seed, N_VALUES * settings.n_channels),
        integer_problems("seed", seed, 0, 2**32 - 1),
    )
    package = _package()
    args, templates = package.get_dataset_args(), package.get_templates()
    labels = balanced_labels(n_samples, settings.n_classes, np.random.default_rng((_STREAM, seed)))
    with _seeded(seed):
        made = [package.transform(templates["x"][k], templates["t"], args)[0] for k in labels]
    return as_events(_encoded(np.array(made), settings), labels)


def signal_oracle(part: EventSet, settings: Signals = _DEFAULT) -> NDArray[np.int64]:
    """Decide with knowledge of the templates and of how signals are made from them.

    The likelihood of a class is a sum over all paddings and shifts. For each of them a signal
    is Gaussian, except for its scale and its shear, which are uniform and are taken to be Gaussian
    of the same variance; so this is Bayes' rule but for that.

    Parameters
    ----------
    part : EventSet
        Samples of `signals`.
    settings : Signals
        Those with which they were drawn.

    Returns
    -------
    ndarray of int64, shape (sample,)
        The class that is decided.

    Raises
    ------
    LaserSamplingError
        If `mnist1d`, which has the templates, is not installed.
    """
    refuse(kind_problems("part", part, EventSet), kind_problems("settings", settings, Signals))
    package = _package()
    args, templates = package.get_dataset_args(), package.get_templates()["x"]
    values = _decoded(part, settings).T
    longest = args.template_len + args.padding[1]
    last = _interpolation(longest, N_VALUES)
    smooth = args.corr_noise_scale * gaussian_filter(np.eye(longest), (_CORRELATION, 0.0))
    ramp = last @ np.linspace(-0.5, 0.5, longest)
    of_scale, of_shear = args.scale_coeff**2 / 12.0, args.shear_scale**2 / 12.0
    common = of_shear * np.outer(ramp, ramp) + args.iid_noise_scale**2 * (last @ last.T)
    evidence = np.full((settings.n_classes, len(part)), -np.inf)
    for padding in range(args.padding[0], args.padding[1] + 1):
        dilated = _interpolation(args.template_len + padding, longest)[:, : args.template_len]
        for shift in range(args.max_translation):
            moved = np.roll(dilated, shift, axis=0)
            noise = last @ np.where(moved.any(axis=1, keepdims=True), 0.0, smooth)
            root = np.linalg.cholesky(noise @ noise.T + common)
            seen = solve_triangular(root, values, lower=True)
            means = solve_triangular(root, last @ moved @ templates.T, lower=True)
            size = 1.0 + of_scale * (means**2).sum(axis=0)[:, None]
            across = means.T @ seen - (means**2).sum(axis=0)[:, None]
            square = (
                (seen**2).sum(axis=0) - 2.0 * means.T @ seen + (means**2).sum(axis=0)[:, None]
            ) - of_scale * across**2 / size
            own = -0.5 * (square + np.log(size)) - np.log(np.diag(root)).sum()
            evidence = np.logaddexp(evidence, own)
    decided: NDArray[np.int64] = evidence.argmax(axis=0)
    return decided


def _preferred(settings: Signals) -> NDArray[np.float64]:
    return np.linspace(_LOWEST, _HIGHEST, settings.n_channels)


def _encoded(values: NDArray[np.float64], settings: Signals) -> NDArray[np.float64]:
    """Spike times of signals (sample, value), (sample, channel, value) [tau_syn]."""
    told = np.clip(values, _LOWEST, _HIGHEST)[:, None]
    latency = np.abs(told - _preferred(settings)[:, None]) / (_HIGHEST - _LOWEST)
    times: NDArray[np.float64] = settings.frame * (np.arange(N_VALUES) + 0.9 * latency)
    return times


def _decoded(part: EventSet, settings: Signals) -> NDArray[np.float64]:
    """Values of signals, (sample, value), from the input that prefers the lowest."""
    times = as_times(part)[:, 0]
    if times.shape[1] != N_VALUES:
        got = f"{times.shape[1]} spikes of an input"
        raise InputError.single("part", got, f"{N_VALUES}, as `signals` has")
    latency: NDArray[np.float64] = (times / settings.frame - np.arange(N_VALUES)) / 0.9
    return _LOWEST + (_HIGHEST - _LOWEST) * latency


def _interpolation(n_before: int, n_behind: int) -> NDArray[np.float64]:
    """Matrix of linear interpolation between equally spaced values, (behind, before)."""
    places = np.linspace(0.0, n_before - 1.0, n_behind)
    return np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(n_before)))


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator, from which the package draws, and leave it as it was."""
    before = np.random.get_state()  # noqa: NPY002, the package draws from this generator
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


@dataclass(frozen=True)
class _Package:
    """What is used of `mnist1d`."""

    get_dataset_args: Callable[[], Any]
    get_templates: Callable[[], dict[str, NDArray[Any]]]
    transform: Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]]


def _package() -> _Package:
    try:
        from mnist1d.data import get_dataset_args, get_templates
        from mnist1d.transform import transform
    except ImportError:
        message = (
            "MNIST-1D is made by the package mnist1d; install it with: "
            "pip install 'lasersampling[mnist1d]'"
        )
        raise LaserSamplingError(message) from None
    return _Package(get_dataset_args, get_templates, transform)
