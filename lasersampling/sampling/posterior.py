"""A sampled posterior, the result of inference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lasersampling.boltzmann.clamping import FREE
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.checks import integer_problems, refuse
from lasersampling.labelled import Variable, as_dataset, numbered
from lasersampling.sampling.arguments import names_problems
from lasersampling.sampling.evidence import Evidence
from lasersampling.sampling.protocol import Samples

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TruthKind = Literal["network", "target", "machine"]


@dataclass(frozen=True, eq=False)
class Posterior:
    """Sampled posterior probabilities, and the exact ones.

    Attributes
    ----------
    evidence : Evidence
        Evidence of each case.
    mean : ndarray of float64, shape (case, unit)
        P(z = 1 | evidence) as sampled; its value for a clamped unit [1].
    standard_error : ndarray of float64, shape (case, unit)
        Standard error of `mean`, by the effective sample size of the unit; 0 for a clamped unit,
        nan for one that never changed [1].
    exact : ndarray of float64, shape (case, unit)
        Exact posterior; nan if there are too many units to enumerate, or if a target does not
        contain a unit or never shows the evidence [1].
    samples : Samples
        The draws, case after case.
    machine : BoltzmannMachine
        The machine that was sampled, with the units that carry soft evidence.
    clamped : ndarray of int8, shape (case, unit of `machine`)
        How the units of `machine` were held.
    exact_of : "network", "target" or "machine"
        Model of the posterior `exact`: a Bayesian network, the distribution that the machine was to
        learn, or a machine on an ideal device.
    """

    evidence: Evidence
    mean: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    exact: NDArray[np.float64]
    samples: Samples
    machine: BoltzmannMachine
    clamped: NDArray[np.int8]
    exact_of: TruthKind = "machine"

    def evidence_variables(self) -> dict[str, Variable]:
        """Give the evidence and the exact posterior as they are stored in files."""
        dims, evidence = ("case", "unit"), self.evidence
        held = "-1 for a free unit, 0 or 1 for a clamped one"
        return {
            "clamped": Variable(evidence.clamped, dims, "1", held),
            "log_odds": Variable(evidence.log_odds, dims, "1", "log odds of soft evidence"),
            "exact": Variable(self.exact, dims, "1", "exact P(z = 1 | evidence)"),
        }

    def sampled_variables(self, of: str = "") -> dict[str, Variable]:
        """Give the sampled posterior as it is stored in files; `of` ends the descriptions."""
        dims = ("case", "unit")
        return {
            "mean": Variable(self.mean, dims, "1", f"P(z = 1 | evidence){of}"),
            "se": Variable(self.standard_error, dims, "1", f"its standard error{of}"),
        }

    def to_xarray(self) -> xr.Dataset:
        """Give sampled and exact posteriors (`mean`, `se`, `exact`) and the evidence.

        Dimensions are `case` and `unit`. The draws are `samples.to_xarray()`.
        """
        n_cases, n_units = self.evidence.clamped.shape
        variables = {
            **numbered({"case": n_cases, "unit": n_units}),
            **self.evidence_variables(),
            **self.sampled_variables(),
        }
        return as_dataset(variables, {"sampler": self.samples.sampler, "exact_of": self.exact_of})

    def plot(self, axes: Axes | None = None, *, names: Sequence[str] = ()) -> Figure:
        """Draw sampled and exact posteriors as bars; for more than four cases, against each other.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes for the first case; by default those of a new figure with all cases.
        names : sequence of str, optional
            Names of the units; their numbers by default.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            If there is not one name, a text, for each unit.
        """
        from lasersampling.plots import posterior, style

        refuse(names_problems("names", names, self.evidence.n_units))
        shown = list(names) or [str(unit) for unit in range(self.evidence.n_units)]
        found = posterior.Posteriors(
            self.exact, self.evidence.clamped, self.evidence.log_odds, shown,
            {self.samples.sampler: (self.mean, self.standard_error)}, self.exact_of,
        )  # fmt: skip
        if axes is not None:
            posterior.draw_case(axes, found, 0)
            posterior.name_units(axes, shown)
            axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)
            return style.figure_of(axes)
        with style.style():
            return posterior.draw(found)

    def samples_of(self, case: int) -> Samples:
        """Give the draws of one case, from `machine` held as `clamped[case]`.

        Raises
        ------
        InputError
            If there is no such case.
        """
        refuse(integer_problems("case", case, 0, self.evidence.n_cases - 1))
        n_chains = self.samples.n_chains // self.evidence.n_cases
        chains = slice(case * n_chains, (case + 1) * n_chains)
        return replace(self.samples, states=self.samples.states[chains], spikes=None, end=None)

    def of_first(self, n_units: int) -> Posterior:
        """Leave out all but the first units, for instance hidden units, which come last.

        Raises
        ------
        InputError
            If a case leaves none of these free, or there are not so many units.
        """
        refuse(integer_problems("n_units", n_units, 1, self.evidence.n_units))
        evidence = Evidence(self.evidence.clamped[:, :n_units], self.evidence.log_odds[:, :n_units])
        return replace(
            self, evidence=evidence, mean=self.mean[:, :n_units],
            standard_error=self.standard_error[:, :n_units], exact=self.exact[:, :n_units],
        )  # fmt: skip

    @property
    def is_free(self) -> NDArray[np.bool_]:
        """Which units were inferred in which case, shape (case, unit)."""
        return np.asarray(self.evidence.clamped == FREE)

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Which of these have an exact posterior, shape (case, unit)."""
        return np.asarray(self.is_free & np.isfinite(self.exact))

    @property
    def never_changed(self) -> NDArray[np.intp]:
        """Case and unit of inferred units that never changed, shape (found, 2)."""
        return np.argwhere(np.isnan(self.standard_error))

    @property
    def error(self) -> NDArray[np.float64]:
        """Sampled minus exact probabilities of all cases, where these are known, flat [1]."""
        return np.asarray((self.mean - self.exact)[self.is_known])

    @property
    def mean_abs_error(self) -> float:
        """Mean modulus of `error` [1]."""
        return float(np.abs(self.error).mean())

    @property
    def mean_abs_error_se(self) -> float:
        """Standard error of `mean_abs_error` over the inferred units, taken as independent [1]."""
        size = np.abs(self.error)
        return float(size.std(ddof=1) / np.sqrt(size.size)) if size.size > 1 else float("nan")

    @property
    def ideal_abs_error(self) -> float:
        """Mean modulus of the errors that exact samples of equal effective size would have [1].

        nan if a unit never changed, since its effective size is unknown.
        """
        # The mean modulus of a normal variable is sqrt(2 / pi) times its standard deviation.
        return float(np.sqrt(2 / np.pi) * np.mean(self.standard_error[self.is_known]))
