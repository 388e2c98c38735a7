"""What is measured of a training."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lasersampling.results import Results


@dataclass(frozen=True, eq=False)
class Measures:
    """Measures of networks, each an array (member,).

    Attributes
    ----------
    accuracy : ndarray
        Share of right decisions on the test part [1].
    fresh_accuracy : ndarray
        The same on fresh points, nan without any [1].
    epochs_to_goal : ndarray
        Epochs until the validation accuracy reached the goal, as far as it was measured; inf if it
        never did [1].
    wall_time_to_goal_s, processor_time_to_goal_s : ndarray
        Times of a network until then: those of all networks over their number [s].
    spikes_to_goal : ndarray
        Hidden spikes until then [1].
    hidden_spikes : ndarray
        Hidden spikes of a sample in the last epoch [1].
    spike_bytes, voltage_bytes : ndarray
        Bytes observed of a device in a step of learning, nan without one.
    """

    accuracy: NDArray[np.float64]
    fresh_accuracy: NDArray[np.float64]
    epochs_to_goal: NDArray[np.float64]
    wall_time_to_goal_s: NDArray[np.float64]
    processor_time_to_goal_s: NDArray[np.float64]
    spikes_to_goal: NDArray[np.float64]
    hidden_spikes: NDArray[np.float64]
    spike_bytes: NDArray[np.float64]
    voltage_bytes: NDArray[np.float64]

    @classmethod
    def unknown(cls, n_members: int) -> Measures:
        """Return that nothing is known of some networks."""
        return cls(*(np.full(n_members, np.nan) for _ in fields(cls)))


ABOUT = {
    "accuracy": ("1", "share of right decisions on the test part"),
    "fresh_accuracy": ("1", "share of right decisions on fresh points"),
    "epochs_to_goal": ("1", "epochs until the validation accuracy reached the goal, inf for never"),
    "wall_time_to_goal_s": ("s", "wall time of a network until then"),
    "processor_time_to_goal_s": ("s", "processor time of a network until then"),
    "spikes_to_goal": ("1", "hidden spikes until then"),
    "hidden_spikes": ("1", "hidden spikes of a sample in the last epoch"),
    "spike_bytes": ("byte", "spikes observed of a device in a step of learning"),
    "voltage_bytes": ("byte", "voltages observed of a device in a step of learning"),
}
"""Units and descriptions of `Measures`."""


def measures_of(results: Results, goal: float, n_train: int) -> Measures:
    """Measure the networks of a training.

    Parameters
    ----------
    results : Results
        Of `cells.trained_cell`.
    goal : float
        The validation accuracy that is to be reached [1].
    n_train : int
        Number of training samples.
    """
    accuracy = results.array("test/accuracy")
    n_members = len(accuracy)
    known = results.groups["history"]

    def history(name: str) -> NDArray[np.float64]:
        if name not in known:
            return np.full((n_epochs, n_members), np.nan)
        rows = np.asarray(known[name].data, dtype=np.float64)
        return rows if rows.ndim == 2 else np.repeat(rows[:, None], n_members, axis=1)

    n_epochs = len(known["epoch"].data)
    validation = history("validation_accuracy")
    reached = validation >= goal  # nan, where it was not measured, is not
    first = np.where(reached.any(0), reached.argmax(0), -1)

    def until(rates: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.cumsum(rates, axis=0)[first, np.arange(n_members)]
        return np.where(first >= 0, total, np.inf)

    per_network = np.ones((n_epochs, n_members)) / n_members
    spikes = history("hidden_spikes")
    fresh = results.groups.get("fresh", {})
    return Measures(
        accuracy=accuracy,
        fresh_accuracy=(
            np.asarray(fresh["accuracy"].data) if fresh else np.full(n_members, np.nan)
        ),
        epochs_to_goal=until(np.ones((n_epochs, n_members))),
        wall_time_to_goal_s=until(history("epoch_time_s") * per_network),
        processor_time_to_goal_s=until(history("epoch_processor_time_s") * per_network),
        spikes_to_goal=until(spikes * n_train),
        hidden_spikes=spikes[-1],
        spike_bytes=history("observed_spike_bytes")[-1],
        voltage_bytes=history("observed_voltage_bytes")[-1],
    )
