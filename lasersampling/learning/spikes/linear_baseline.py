"""A linear classifier of the same data, as a baseline for networks."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lasersampling.datasets.events import EventSet
from lasersampling.datasets.spikes import AnyData, SpikeSet
from lasersampling.learning.task import Measurement

_INVERSE_PENALTIES = (0.01, 0.1, 1.0)
_MOST = 10_000
"""Number of training samples that are used; more take minutes and change little."""


def linear_accuracy(data: AnyData, progress: Callable[[float], None] | None = None) -> Measurement:
    """Measure logistic regression on the test part, after training and selection on the others.

    A spike becomes a value that decreases linearly from 1 (the earliest of the training part) to
    0.1 (the latest), and 0 if it is absent; for images in latency code this is brightness. Where
    inputs spike more often, it is the first spike, and the number of spikes comes beside it. The
    penalty on weights is the one of 0.01, 0.1 and 1 (inverse strength) that is best on the
    validation part.

    Parameters
    ----------
    data : SpikeData or EventData
        The data; at most 10,000 samples of the training part are used.
    progress : callable, optional
        Called with the fraction of the work done.

    Returns
    -------
    Measurement, shape ()
        Fraction of correct decisions on the test part, with its standard error.

    Examples
    --------
    >>> from lasersampling.learning.spikes.linear_baseline import linear_accuracy
    >>> import numpy as np
    >>> from lasersampling.datasets import SpikeData, SpikeSet
    >>> part = SpikeSet(np.array([[0.1, 1.0], [1.0, 0.2]]), np.array([0, 1]))
    >>> float(linear_accuracy(SpikeData(part, part, part)).value)
    1.0
    """
    # Imported here, since scikit-learn takes a second to load.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    train = data.train.chosen(np.arange(min(len(data.train), _MOST)))
    labels = train.labels
    features = _Features(train)
    values = features.of(train)
    best, accuracy = -1.0, 0.0
    if len(set(labels.tolist())) < 2:
        accuracy = float((data.test.labels == labels[0]).mean())
        return _share(accuracy, data.test)
    for number, penalty in enumerate(_INVERSE_PENALTIES, start=1):
        model = LogisticRegression(C=penalty, max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(values, labels)
        found = model.score(features.of(data.validation), data.validation.labels)
        if found > best:
            best = found
            accuracy = model.score(features.of(data.test), data.test.labels)
        if progress is not None:
            progress(number / len(_INVERSE_PENALTIES))
    return _share(accuracy, data.test)


def _share(accuracy: float, part: SpikeSet | EventSet) -> Measurement:
    return Measurement.of(accuracy, np.sqrt(accuracy * (1.0 - accuracy) / len(part)))


class _Features:
    """What the classifier sees of samples, scaled by those of the training part."""

    def __init__(self, train: SpikeSet | EventSet) -> None:
        first = train.first()
        finite = first[np.isfinite(first)]
        self._edges = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        self._most = max(1, int(train.counts().max()))

    def of(self, part: SpikeSet | EventSet) -> NDArray[np.float64]:
        """Return (sample, feature)."""
        earliest, latest = self._edges
        span = (latest - earliest) or 1.0
        first = part.first()
        values = np.where(np.isfinite(first), 1.0 - 0.9 * (first - earliest) / span, 0.0)
        if isinstance(part, SpikeSet):
            return values
        return np.hstack([values, part.counts() / self._most])
