"""What a simulation of the jump process gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lasersampling.labelled import Variable, as_dataset, numbered
from lasersampling.lasers.integrator.request import Traces
from lasersampling.lasers.spikes import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class JumpSimulation:
    """Result of a simulation of the jump process.

    Attributes
    ----------
    spikes : SpikeTrains
        All spikes after the burn-in.
    traces : Traces or None
        Traces, if requested; photons and electrons at the same times.
    photon_histogram_ns : ndarray of float64, shape (chain, laser, photon number) or None
        Time spent at each photon number [ns], if requested; the last entry is the time at this
        number and above.
    """

    spikes: SpikeTrains
    traces: Traces | None
    photon_histogram_ns: NDArray[np.float64] | None

    def to_xarray(self) -> xr.DataTree:
        """Give the group `spikes`, and `traces` and `photons` if they were requested.

        Returns
        -------
        xarray.DataTree
            Groups of `SpikeTrains.to_xarray` and `Traces.to_xarray`; ``photons`` has `time_ns`, the
            time spent at each photon number, over chain, laser and photon number.
        """
        import xarray as xr

        groups = {"spikes": self.spikes.to_xarray()}
        if self.traces is not None:
            groups["traces"] = self.traces.to_xarray()
        if self.photon_histogram_ns is not None:
            dims = ("chain", "laser", "photons")
            time = Variable(self.photon_histogram_ns, dims, "ns", "time at a photon number")
            sizes = dict(zip(dims, self.photon_histogram_ns.shape, strict=True))
            groups["photons"] = as_dataset({**numbered(sizes), "time_ns": time})
        return xr.DataTree.from_dict(groups)

    def plot(self, axes: Axes | None = None) -> Figure:
        """Draw the traces with marked spikes if traces were requested, otherwise the spikes.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes to draw on; a new figure by default.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            For anything else than axes.

        Examples
        --------
        >>> from lasersampling.lasers.jumps.process import simulate_jumps
        >>> simulate_jumps("D2", [0.8, 1.0], 20.0, seed=1).plot().axes[0].get_ylabel()
        'laser'
        """
        if self.traces is None:
            return self.spikes.plot(axes)
        return self.traces.plot(axes, spikes=self.spikes)
