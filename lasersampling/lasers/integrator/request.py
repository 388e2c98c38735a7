"""Checks of pumps and start against the network, and the recorded traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasersampling.errors import InputError
from lasersampling.labelled import Variable, as_dataset
from lasersampling.lasers.integrator.state import NetworkState
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.pumps import pump_ratios
from lasersampling.lasers.spikes import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Traces", "checked_pump", "checked_start"]


@dataclass(frozen=True, eq=False)
class Traces:
    """Recorded traces of the first chain.

    Attributes
    ----------
    time_ns : ndarray of float64, shape (sample,)
        Time [ns] after the burn-in.
    laser : ndarray of int32, shape (laser,)
        Numbers of the lasers.
    photons : ndarray of float32, shape (laser, sample)
        S [photons].
    gain_electrons, absorber_electrons : ndarray of float32, shape (laser, sample)
        N1 and N2, half a step later than `time_ns` [electrons].
    """

    time_ns: NDArray[np.float64]
    laser: NDArray[np.int32]
    photons: NDArray[np.float32]
    gain_electrons: NDArray[np.float32]
    absorber_electrons: NDArray[np.float32]

    def variables(self) -> dict[str, Variable]:
        """Give the traces as stored in files, with units of measurement."""
        dims = ("laser", "time_ns")
        return {
            "time_ns": Variable(self.time_ns, ("time_ns",), "ns", "time after the burn-in"),
            "laser": Variable(self.laser, ("laser",), "1", "number of the laser"),
            "photons": Variable(self.photons, dims, "photons", "photon number S"),
            "gain_electrons": Variable(
                self.gain_electrons, dims, "electrons", "carriers N1 of the gain section"
            ),
            "absorber_electrons": Variable(
                self.absorber_electrons, dims, "electrons", "carriers N2 of the absorber"
            ),
        }

    def to_xarray(self) -> xr.Dataset:
        """Give photons and carriers with the coordinates `laser` and `time_ns`."""
        return as_dataset(self.variables())

    def plot(
        self,
        axes: Axes | None = None,
        *,
        spikes: SpikeTrains | None = None,
        threshold_photons: float | None = None,
    ) -> Figure:
        """Draw photons and carriers of up to three lasers; on given axes photons of the first.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes to draw on; a new figure by default.
        spikes : SpikeTrains, optional
            Spikes of the same simulation, which are marked.
        threshold_photons : float, optional
            Detection threshold to draw.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from lasersampling.plots import style, traces

        recorded = self.laser.tolist()
        found = []
        for laser in traces.spread(recorded):
            row, own = recorded.index(laser), None
            if spikes is not None:
                times, units = spikes.chain(0)
                own = times[units == laser]
                own = own[(own >= self.time_ns[0]) & (own <= self.time_ns[-1])]
            found.append(
                traces.LaserTrace(
                    f"laser {laser}", self.photons[row], self.gain_electrons[row],
                    self.absorber_electrons[row], own, threshold_photons,
                )
            )  # fmt: skip
        if axes is not None:
            traces.draw_photons(axes, self.time_ns, found[0])
            axes.set_xlabel("time (ns)")
            return style.figure_of(axes)
        with style.style():
            return traces.draw(self.time_ns, found)

    @classmethod
    def of(cls, lasers: Sequence[int], time_ns: ArrayLike, samples: NDArray[np.float32]) -> Traces:
        """Make traces from samples.

        Parameters
        ----------
        lasers : sequence of int
            Numbers of the lasers.
        time_ns : array_like, shape (sample,)
            Times of the samples.
        samples : ndarray of float32, shape (sample, laser, 3)
            Photons and electrons of gain section and absorber [1].
        """
        time, laser = np.asarray(time_ns, dtype=np.float64), np.array(lasers, dtype=np.int32)
        return cls(time, laser, *(samples[:, :, k].T.copy() for k in range(3)))


def checked_start(start: NetworkState, n_chains: int, network: LaserNetwork) -> None:
    """Refuse a state of other lasers, or with other numbers of chains or lasers.

    Sections and cavity make a laser; its detection, its synapse and the pump of its absorber may
    change between two simulations.
    """
    if not isinstance(start, NetworkState):
        raise InputError.single("start", type(start).__name__, "a NetworkState")
    n_lasers, device, before = network.n_lasers, network.device, start.device
    if before is not None and any(
        getattr(before, part) != getattr(device, part) for part in ("cavity", "gain", "absorber")
    ):
        expected = f"a state of the lasers of this network, {device.name}, with the same parameters"
        raise InputError.single("start", f"a state of lasers {before.name}", expected)
    if (start.n_chains, start.n_lasers) != (n_chains, n_lasers):
        got = f"a state of {start.n_chains} chains of {start.n_lasers} lasers"
        raise InputError.single("start", got, f"{n_chains} chains of {n_lasers} lasers")


def checked_pump(
    pump_ratio: ArrayLike, network: LaserNetwork, n_chains: int
) -> NDArray[np.float64]:
    """Pumps over the threshold pump [1] as (chain, laser)."""
    ratio = pump_ratios(network.device, pump_ratio)
    n_lasers = network.n_lasers
    if ratio.shape not in ((), (n_lasers,), (n_chains, n_lasers)):
        raise InputError.single(
            "pump_ratio",
            f"shape {ratio.shape}",
            f"a number or shape ({n_lasers},) or ({n_chains}, {n_lasers})",
        )
    return np.broadcast_to(ratio, (n_chains, n_lasers))
