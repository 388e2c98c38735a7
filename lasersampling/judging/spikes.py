"""Judgement and records of networks that classify by spike times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasersampling.datasets.events import EventSet
from lasersampling.datasets.spikes import SpikeData, SpikeSet
from lasersampling.judging.chip_records import write_chips
from lasersampling.learning.spikes.baselines import Baselines, baselines
from lasersampling.learning.spikes.chips import device_of
from lasersampling.learning.spikes.classification import Classifier
from lasersampling.learning.spikes.decisions import Decisions, judge
from lasersampling.lif.delays import Delays
from lasersampling.lif.exchange.layouts import population_layout
from lasersampling.lif.exchange.population_arrays import population_arrays
from lasersampling.lif.layers import LIFLayer
from lasersampling.lif.network import SpikingNetwork
from lasersampling.lif.populations.answers import VOLTAGES
from lasersampling.lif.populations.network import PopulationNetwork
from lasersampling.results.contents import Metric
from lasersampling.results.records import write_class_names
from lasersampling.results.run_file import write_history
from lasersampling.results.store import ResultsFile

FIGURES = ("spike_learning", "spike_times", "spike_parameters", "yin_yang_plane")
"""Figures of a classification; the last one only for points in the plane."""

_GRID, _GRID_OF_DEVICES = 121, 61
"""Number of points along each side of the plane for which decisions are kept; of devices, which
take longer, fewer."""


@dataclass(frozen=True, eq=False)
class SpikeEvaluation:
    """Judgement of trained networks on the test part.

    Attributes
    ----------
    classifier : Classifier
        The networks.
    judgement : Decisions
        Their decisions on the test part.
    metrics : mapping of str to Metric
        Figures of merit.
    """

    classifier: Classifier
    judgement: Decisions
    metrics: Mapping[str, Metric]

    def write(self, file: ResultsFile) -> None:
        """Write history, test samples, spikes, decisions, confusion, parameters and metrics."""
        write_history(file, self.classifier.history)
        self._write_test(file)
        self._write_parameters(file)
        device = device_of(self.classifier.runner)
        if device is not None:
            write_chips(file, device)
        of_times = isinstance(self.classifier.data, SpikeData)
        if of_times and self.classifier.data.n_inputs == 4 and self.classifier.data.n_classes == 3:
            self._write_plane(file)
        file.metrics(self.metrics)

    def _write_test(self, file: ResultsFile) -> None:
        test, judged = self.classifier.data.test, self.judgement
        if isinstance(test, SpikeSet):
            file.write(
                "test/input_time", test.times, ("sample", "input"),
                units="tau_syn", description="input spike times, inf for absent ones",
            )  # fmt: skip
        elif isinstance(test, EventSet):
            _write_events(file, test)
        else:
            file.write(
                "test/input_row", test.rows, ("sample",),
                units="1", description=f"rows of {test.path.name}, which keeps the input spikes",
            )  # fmt: skip
        file.write("test/label", test.labels, ("sample",), units="1", description="class")
        names = self.classifier.data.class_names
        if names != tuple(str(k) for k in range(len(names))):
            write_class_names(file, names, "test")
        answer = self.classifier.answer
        n_hidden = len(judged.spikes) - (answer.kind not in VOLTAGES)
        once = isinstance(self.classifier.network, SpikingNetwork)
        for place, (spikes, counts) in enumerate(zip(judged.spikes, judged.counts, strict=True)):
            name = f"hidden_{place}" if place < n_hidden else "output"
            first = "spike times" if once else "first spikes"
            file.write(
                f"test/{name}_time", spikes, ("member", "sample", name),
                units="tau_syn", description=f"{first} of {name} neurons, inf for none",
            )  # fmt: skip
            if not once:
                file.write(
                    f"test/{name}_count", counts, ("member", "sample", name),
                    units="1", description=f"numbers of spikes of {name} neurons",
                )  # fmt: skip
        if answer.kind != "first-spike":
            file.write(
                "test/answer", judged.answers, ("member", "sample", "output"),
                units=answer.unit, description=answer.description,
            )  # fmt: skip
        file.write(
            "test/decision", judged.decided, ("member", "sample"),
            units="1", description=f"neuron of the {answer.best}, -1 for none",
        )  # fmt: skip
        file.write(
            "test/accuracy", judged.accuracy.value, ("member",),
            units="1", description="share of test samples that are decided rightly",
        )  # fmt: skip
        file.write(
            "test/confusion", judged.confusion, ("member", "true_class", "decided_class"),
            units="1", description="samples by label and decision, the last of which is none",
        )  # fmt: skip

    def _write_parameters(self, file: ResultsFile) -> None:
        network = self.classifier.network
        file.attributes("parameters", {"n_parameters": network.n_parameters})
        if isinstance(network, PopulationNetwork):
            arrays = population_arrays(network)
            for name, array in arrays.items():
                dims, unit, description = population_layout(name, arrays["connections"])
                file.write(f"parameters/{name}", array, dims, units=unit, description=description)
            return
        stages = [m for m in network.modules() if isinstance(m, LIFLayer | Delays)]
        counts = {"weights": 0, "delays": 0}
        for stage in stages:
            kind = "weights" if isinstance(stage, LIFLayer) else "delays"
            values = stage.weights if isinstance(stage, LIFLayer) else stage.delays()
            name = f"{kind}_{counts[kind]}"
            counts[kind] += 1
            axes = ("post", "pre") if values.ndim == 3 else ("neuron",)
            dims = ("member", *(f"{name}_{axis}" for axis in axes))
            unit = "1" if kind == "weights" else "tau_syn"
            file.write(
                f"parameters/{name}", values.detach().cpu().numpy(), dims,
                units=unit, description=f"{type(stage).__name__}, number {counts[kind]}",
            )  # fmt: skip

    def _write_plane(self, file: ResultsFile) -> None:
        """Decisions of the first member over the plane of the Yin-Yang data."""
        from lasersampling.datasets.spikes import as_spike_times

        classifier = self.classifier
        n_points = _GRID if device_of(classifier.runner) is None else _GRID_OF_DEVICES
        edge = np.linspace(0.0, 1.0, n_points)
        x, y = (axis.ravel() for axis in np.meshgrid(edge, edge))
        values = np.stack([x, y, 1.0 - x, 1.0 - y], axis=1)
        points = SpikeSet(as_spike_times(values), np.zeros(len(x), dtype=np.int64))
        judged = judge(classifier.network, points, classifier.runner, classifier.answer)
        file.write("plane/x", edge, ("x",), units="1", description="x")
        file.write("plane/y", edge, ("y",), units="1", description="y")
        file.write(
            "plane/decision", judged.decided[0].reshape(n_points, n_points), ("y", "x"),
            units="1", description="decision of the first member, -1 for none",
        )  # fmt: skip
        best = np.sort(classifier.answer.sign * judged.answers[0], axis=1)[:, ::-1]
        with np.errstate(invalid="ignore"):  # neither of the two has spiked
            lead = best[:, 0] - np.where(np.isfinite(best[:, 1]), best[:, 1], np.nan)
        between = "time between first and second spike of that member"
        if classifier.answer.kind != "first-spike":
            between = f"largest minus second {classifier.answer.description} of that member"
        file.write(
            "plane/separation", lead.reshape(n_points, n_points), ("y", "x"),
            units=classifier.answer.unit, description=between,
        )  # fmt: skip


def _write_events(file: ResultsFile, part: EventSet) -> None:
    """Write input spikes as ragged lists."""
    about: dict[str, tuple[NDArray[Any], str, str, str]] = {
        "offsets": (part.offsets, "sample_edge", "1", "where the spikes of each sample begin"),
        "neuron": (part.neuron, "input_spike", "1", "input that spikes"),
        "time": (part.time, "input_spike", "tau_syn", "time of the spike"),
    }
    for name, (values, dim, units, description) in about.items():
        file.write(f"test/input_{name}", values, (dim,), units=units, description=description)


def evaluate_classifier(classifier: Classifier, beside: Baselines | None = None) -> SpikeEvaluation:
    """Judge trained networks on the test part.

    Parameters
    ----------
    classifier : Classifier
        The networks.
    beside : Baselines, optional
        `baselines` of their data, if they are known already.
    """
    judged = classifier.test
    beside = baselines(classifier.data) if beside is None else beside
    return SpikeEvaluation(classifier, judged, _metrics(classifier, judged, beside))


def _metrics(classifier: Classifier, judged: Decisions, beside: Baselines) -> dict[str, Metric]:
    accuracy = judged.accuracy.value
    n = len(accuracy)
    mean, sampling = judged.accuracy.mean()
    # Members see the same test samples, so the larger of the two errors is quoted.
    error = max(sampling * n**0.5, accuracy.std(ddof=1) / n**0.5) if n > 1 else sampling
    metrics = {
        "test_accuracy": Metric(mean, error, "1", "mean share of right decisions on the test part")
    }
    if n > 1:
        spread = float(accuracy.std(ddof=1))
        metrics["test_accuracy_spread"] = Metric(
            spread, None, "1", "standard deviation over networks"
        )
        metrics["test_accuracy_worst"] = Metric(float(accuracy.min()), None, "1", "worst network")
    others = {
        "linear": ("logistic regression", beside.linear),
        "kernel": ("support vector machine with a Gaussian kernel", beside.kernel),
    }
    for name, (kind, measured) in others.items():
        about = f"{kind} {beside.features}, to compare with"
        metrics[f"{name}_test_accuracy"] = Metric(*measured.mean(), "1", about)
    decided = judged.decided >= 0
    answer = classifier.answer
    n_hidden = len(judged.counts) - (answer.kind not in VOLTAGES)
    hidden = sum((c.sum(axis=2) for c in judged.counts[:n_hidden]), np.zeros(decided.shape))
    if answer.kind == "first-spike":
        first = judged.spikes[-1].min(axis=2)
        about = "time of the first output"
        metrics["decision_time"] = _of_members(first, decided, "tau_syn", about)
    metrics["hidden_spikes"] = _of_members(hidden, decided, "1", "hidden spikes per decision")
    metrics["n_parameters"] = Metric(
        float(classifier.network.n_parameters), None, "1", "trained numbers of a network"
    )
    metrics["epoch_time"] = Metric(
        float(np.median(classifier.history.arrays()["epoch_time_s"])) / n,
        None, "s", "wall time of an epoch over number of networks, compiling aside",
    )  # fmt: skip
    return metrics


def _of_members(
    values: NDArray[np.float64], valid: NDArray[np.bool_], units: str, description: str
) -> Metric:
    """Mean over valid samples, with its standard error over members."""
    means = np.array(
        [row[ok].mean() if ok.any() else np.nan for row, ok in zip(values, valid, strict=True)]
    )
    error = float(means.std(ddof=1) / len(means) ** 0.5) if len(means) > 1 else None
    why, n_silent = None, int((~valid.any(axis=1)).sum())
    if n_silent:
        who = "the network" if len(means) == 1 else f"{n_silent} of {len(means)} networks"
        why = f"{who} decided no sample: output neurons that would decide stayed silent"
    return Metric(float(means.mean()), error, units, description, reason=why)
