"""Judgement and records of a machine that learned a distribution."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lasersampling.boltzmann.unit_names import UnitNames
from lasersampling.judging.evaluation import Evaluation
from lasersampling.judging.samples import evaluate_target
from lasersampling.learning.machines.fitting import Fit
from lasersampling.results.contents import Metric
from lasersampling.results.records import write_adaptations, write_certificate, write_learned
from lasersampling.results.run_file import write_history
from lasersampling.results.store import ResultsFile
from lasersampling.sampling.certificate import Certificate, learned_certificate

_WHO = {
    "after": "",
    "before": ", before learning with the sampler in the loop",
    "gibbs": ", Gibbs sampling of the machine before this learning",
}


@dataclass(frozen=True, eq=False)
class FitEvaluation:
    """Judgement of a fit.

    Attributes
    ----------
    fit : Fit
        The fit that was judged.
    evaluations : mapping of str to Evaluation
        Evaluations of its samples, by the same names.
    certificate : Certificate
        Certificate of the draws after learning, judged by the target.
    """

    fit: Fit
    evaluations: Mapping[str, Evaluation]
    certificate: Certificate

    @property
    def metrics(self) -> dict[str, Metric]:
        """Figures of merit of the learned machine; for other samples their name is appended."""
        found = {}
        for who, spoken in _WHO.items():
            for name, metric in self.evaluations[who].metrics().items():
                place = name if who == "after" else f"{name}_{who}"
                described = metric.description + spoken
                found[place] = dataclasses.replace(metric, description=described)
        return found

    def write(self, file: ResultsFile) -> None:
        """Write target, machine, samples, history, tables of probabilities and metrics."""
        file.write_machine(self.fit.machine, UnitNames(visible=self.fit.target.unit_names))
        write_learned(file, self.fit.learned)
        file.write_samples(dataclasses.replace(self.fit.samples["after"], spikes=None))
        self.evaluations["after"].write(file)
        if self.fit.target.unit_names:
            file.attributes("distribution", {"unit_names": list(self.fit.target.unit_names)})
        write_history(file, self.fit.history)
        for who in ("before", "gibbs"):
            exact = self.evaluations[who].exact
            assert exact is not None  # targets have 20 units at most
            for name, values in (("sampled", exact.sampled), ("sampled_se", exact.sampled_se)):
                file.write(
                    f"distribution/{name}_{who}", values, ("state",), units="1",
                    description=name.replace("_", " ") + _WHO[who],
                )  # fmt: skip
        for name, array in (
            ("weights", self.fit.initial.weights),
            ("biases", self.fit.initial.biases),
        ):
            dims = ("post", "pre")[: np.ndim(array)]
            file.write(
                f"initial/{name}", array, tuple(f"initial_{dim}" for dim in dims), units="1",
                description=f"{name} before learning with the sampler in the loop",
            )  # fmt: skip
        write_certificate(file, self.certificate)
        if self.fit.adaptation is not None:
            write_adaptations(file, [self.fit.adaptation])
        # Those of the learned machine are written with its evaluation.
        beside = ("_before", "_gibbs")
        file.metrics({name: m for name, m in self.metrics.items() if name.endswith(beside)})


def evaluate_fit(fit: Fit) -> FitEvaluation:
    """Judge a fit by its samples."""
    evaluations = {who: evaluate_target(fit.target, fit.samples[who]) for who in _WHO}
    certificate = learned_certificate(
        fit.samples["after"], fit.machine, fit.target, sampler=fit.sampler
    )
    return FitEvaluation(fit, evaluations, certificate)
