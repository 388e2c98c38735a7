"""Classifiers that are no networks, of the same data, as baselines for networks.

Both are fitted on the training part, and their settings are chosen by the validation part; the test
part is judged once, by the classifier that was chosen.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.datasets.spikes import AnyData, AnyPart, SpikeSet
from lasersampling.learning.task import Measurement

_INVERSE_PENALTIES = (0.01, 0.1, 1.0)
_BOUNDS, _WIDTHS = (1.0, 10.0, 100.0), (1.0, 2.0)
_MOST = 10_000
"""Number of training samples that are used; more take minutes and change little."""

_STEPS = 200_000
"""Most steps of the solver for two classes; the kernel machine is used as it is after them."""


@dataclass(frozen=True, eq=False)
class Baselines:
    """Accuracies of classifiers that are no networks.

    Attributes
    ----------
    linear, kernel : Measurement, shape ()
        Fractions of correct decisions on the test part, with their standard errors.
    features : str
        What the classifiers see of a sample.
    """

    linear: Measurement
    kernel: Measurement
    features: str


def baselines(data: AnyData, progress: Callable[[float], None] | None = None) -> Baselines:
    """Measure both classifiers on the test part, after training and selection on the others.

    Parameters
    ----------
    data : SpikeData or EventData
        The data; at most 10,000 samples of the training part are used.
    progress : callable, optional
        Called with the fraction of the work done.

    Examples
    --------
    >>> from lasersampling.learning.spikes.baselines import baselines
    >>> import numpy as np
    >>> from lasersampling.datasets import SpikeData, SpikeSet
    >>> part = SpikeSet(np.array([[0.1, 1.0], [1.0, 0.2]]), np.array([0, 1]))
    >>> beside = baselines(SpikeData(part, part, part))
    >>> float(beside.linear.value), float(beside.kernel.value)
    (1.0, 1.0)
    """
    n_linear, n_kernel = len(_INVERSE_PENALTIES), len(_BOUNDS) * len(_WIDTHS)
    share = n_linear / (n_linear + n_kernel)
    told = progress or _nothing
    linear = linear_accuracy(data, lambda done: told(share * done))
    kernel = kernel_accuracy(data, lambda done: told(share + (1.0 - share) * done))
    features = "on numbers of spikes of each input alone, without their times"
    if isinstance(data.train, SpikeSet):
        features = "on the values of the inputs that spike times stand for"
    if len(data.train) > _MOST:
        features += f", {_MOST:,} training samples"
    return Baselines(linear, kernel, features)


def linear_accuracy(data: AnyData, progress: Callable[[float], None] | None = None) -> Measurement:
    """Measure logistic regression on the test part, after training and selection on the others.

    It sees what stood there before spikes were made of it: a spike becomes a value that decreases
    linearly from 1 (the earliest of the training part) to 0.1 (the latest), and 0 if it is absent;
    for images in latency code this is brightness. Where inputs spike more often, it sees how
    often each of them does, and no times: a *count-only control*, which says what can be known
    without time. The penalty on weights is the one of 0.01, 0.1 and 1 (inverse strength) that
    is best on the validation part.

    Parameters
    ----------
    data : SpikeData or EventData
        The data; at most 10,000 samples of the training part are used, evenly spread over it.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Measurement, shape ()
        Fraction of correct decisions on the test part, with its standard error (binomial).

    Examples
    --------
    >>> from lasersampling.learning.spikes.baselines import linear_accuracy
    >>> import numpy as np
    >>> from lasersampling.datasets import SpikeData, SpikeSet
    >>> part = SpikeSet(np.array([[0.1, 1.0], [1.0, 0.2]]), np.array([0, 1]))
    >>> float(linear_accuracy(SpikeData(part, part, part)).value)
    1.0
    """
    # Imported here, since scikit-learn takes a second to load.
    from sklearn.linear_model import LogisticRegression

    models = [LogisticRegression(C=strength, max_iter=300) for strength in _INVERSE_PENALTIES]
    return _best(data, lambda _: models, progress)


def kernel_accuracy(data: AnyData, progress: Callable[[float], None] | None = None) -> Measurement:
    """Measure a support vector machine with a Gaussian kernel, which may see curved boundaries.

    It sees what `linear_accuracy` does. The kernel is exp(-g k |x - y|²), where 1/k is the number
    of features times their variance in the training part, and g is 1 or 2; the bound C on the
    coefficients is 1, 10 or 100. The pair that is best on the validation part is taken.

    Parameters
    ----------
    data, progress
        See `linear_accuracy`.

    Returns
    -------
    Measurement, shape ()
        Fraction of correct decisions on the test part, with its standard error (binomial).

    References
    ----------
    Cortes and Vapnik, Machine Learning 20 (1995) 273.

    Examples
    --------
    >>> from lasersampling.learning.spikes.baselines import kernel_accuracy
    >>> import numpy as np
    >>> from lasersampling.datasets import SpikeData, SpikeSet
    >>> corners = SpikeSet([[0.1, 0.1], [0.1, 1.0], [1.0, 0.1], [1.0, 1.0]] * 3, [0, 1, 1, 0] * 3)
    >>> float(kernel_accuracy(SpikeData(corners, corners, corners)).value)  # no line can do this
    1.0
    """
    from sklearn.svm import SVC

    def models(values: NDArray[np.float64]) -> list[Any]:
        scale = values.shape[1] * float(values.var()) or 1.0
        return [
            SVC(C=bound, gamma=width / scale, max_iter=_STEPS)
            for bound, width in itertools.product(_BOUNDS, _WIDTHS)
        ]

    return _best(data, models, progress)


def _best(
    data: AnyData,
    models: Callable[[NDArray[np.float64]], Sequence[Any]],
    progress: Callable[[float], None] | None,
) -> Measurement:
    """Fit models on the training part, choose one by the validation part, and judge that one."""
    from sklearn.exceptions import ConvergenceWarning

    n_all = len(data.train)
    train = data.train
    if n_all > _MOST:  # samples may be sorted by class
        train = data.train.chosen(np.arange(_MOST) * n_all // _MOST)
    labels = train.labels
    if len(set(labels.tolist())) < 2:
        return _share(float((data.test.labels == labels[0]).mean()), data.test)
    features = _Features(train)
    values, chosen_by = features.of(train), features.of(data.validation)
    candidates = models(values)
    best, accuracy = None, -1.0
    for number, model in enumerate(candidates, start=1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(values, labels)
        found = model.score(chosen_by, data.validation.labels)
        if found > accuracy:
            best, accuracy = model, found
        if progress is not None:
            progress(number / len(candidates))
    assert best is not None
    return _share(best.score(features.of(data.test), data.test.labels), data.test)


def _share(accuracy: float, part: AnyPart) -> Measurement:
    return Measurement.of(accuracy, np.sqrt(accuracy * (1.0 - accuracy) / len(part)))


def _nothing(_: float) -> None:
    """Nobody wants to know."""


class _Features:
    """What classifiers see of samples, scaled by those of the training part."""

    def __init__(self, train: AnyPart) -> None:
        self._edges = 0.0, 1.0
        if isinstance(train, SpikeSet):
            finite = train.times[np.isfinite(train.times)]
            self._edges = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        else:
            self._most = max(1, int(train.counts().max()))

    def of(self, part: AnyPart) -> NDArray[np.float64]:
        """Return (sample, feature)."""
        if not isinstance(part, SpikeSet):
            return part.counts() / self._most
        earliest, latest = self._edges
        span = (latest - earliest) or 1.0
        return np.where(np.isfinite(part.times), 1.0 - 0.9 * (part.times - earliest) / span, 0.0)
