"""Spikes as ragged events: as many as there are, for the samples of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lasersampling.checks import (
    class_of,
    integer_problems,
    number_problems,
    refuse,
    sequence_problems,
    shown,
)
from lasersampling.errors import InputError, Problem
from lasersampling.labelled import Variable, as_dataset

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class SpikeEvents:
    """Spikes of all samples of all members, sorted by time within each run.

    A *run* is one sample of one member; its number is member * n_samples + sample.

    Attributes
    ----------
    offsets : Tensor of int64, shape (member * sample + 1,)
        Where the spikes of each run begin.
    neuron : Tensor of int64, shape (spike,)
        Which neuron spikes.
    time : Tensor of float64, shape (spike,)
        When; may carry derivatives [tau_syn].
    n_members, n_samples, n_neurons : int
        Sizes.
    presence : Tensor, shape (spike,), optional
        1 for each spike, by which `counts` have derivatives; see docs/eventprop.md [1].

    Raises
    ------
    InputError
        If these do not belong together: offsets that do not fit, neurons that are not there, times
        that are not finite or fall within a run.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif.populations.spikes import SpikeEvents
    >>> times = torch.tensor([[[0.5, torch.inf, 0.2]]], dtype=torch.float64)
    >>> spikes = SpikeEvents.from_times(times)
    >>> spikes.neuron, spikes.time
    (tensor([2, 0]), tensor([0.2000, 0.5000], dtype=torch.float64))
    >>> bool((spikes.first() == times).all())
    True
    """

    offsets: Tensor
    neuron: Tensor
    time: Tensor
    n_members: int
    n_samples: int
    n_neurons: int
    presence: Tensor | None = None

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise InputError(problems)

    def _problems(self) -> list[Problem]:
        problems = [
            *integer_problems("n_members", self.n_members, 1),
            *integer_problems("n_samples", self.n_samples, 0),
            *integer_problems("n_neurons", self.n_neurons, 1),
        ]
        for name, expected in (("offsets", "int64"), ("neuron", "int64"), ("time", "floats")):
            given = getattr(self, name)
            fits = (
                isinstance(given, Tensor)
                and given.ndim == 1
                and (given.is_floating_point() if name == "time" else given.dtype == torch.int64)
            )
            if not fits:
                got = f"{given.dtype}" if isinstance(given, Tensor) else type(given).__name__
                problems.append(Problem(name, got, f"a tensor of {expected} with one dimension"))
        if problems:
            return problems
        n_runs, n_spikes = self.n_members * self.n_samples, len(self.time)
        if self.offsets.shape != (n_runs + 1,) or bool((self.offsets.diff() < 0).any()):
            got = f"shape {tuple(self.offsets.shape)}"
            return [Problem("offsets", got, f"{n_runs + 1} numbers that do not fall")]
        if int(self.offsets[0]) != 0 or int(self.offsets[-1]) != n_spikes:
            got = f"from {int(self.offsets[0])} to {int(self.offsets[-1])}"
            return [Problem("offsets", got, f"from 0 to {n_spikes}, the number of spikes")]
        if self.neuron.shape != self.time.shape:
            got = f"{len(self.neuron)} for {n_spikes} spikes"
            return [Problem("neuron", got, "one for each spike")]
        if self.presence is not None and (
            not isinstance(self.presence, Tensor)
            or not self.presence.is_floating_point()
            or self.presence.shape != self.time.shape
        ):
            shape = getattr(self.presence, "shape", None)
            got = class_of(self.presence) if shape is None else f"shape {tuple(shape)}"
            return [Problem("presence", got, f"None, or a tensor of floats, ({n_spikes},)")]
        if n_spikes == 0:
            return []
        if int(self.neuron.min()) < 0 or int(self.neuron.max()) >= self.n_neurons:
            got = f"numbers from {int(self.neuron.min())} to {int(self.neuron.max())}"
            problems.append(Problem("neuron", got, f"from 0 to {self.n_neurons - 1}"))
        if not bool(torch.isfinite(self.time).all()):
            expected = "finite times; absent spikes are left out"
            problems.append(Problem("time", "nan or inf", expected))
        else:
            falls = self.time.detach().diff() < 0
            falls &= self.run[1:] == self.run[:-1]
            if bool(falls.any()):
                expected = "times that do not fall within a run"
                problems.append(Problem("time", f"{int(falls.sum())} that do", expected))
        return problems

    @classmethod
    def from_times(cls, times: Tensor) -> SpikeEvents:
        """Make events of one time per neuron, inf where it does not spike.

        Parameters
        ----------
        times : Tensor, shape (member, sample, neuron)
            Spike times, which may carry derivatives [tau_syn].

        Raises
        ------
        InputError
            For anything but such a tensor, and for times that are nan or -inf.
        """
        if not isinstance(times, Tensor) or times.ndim != 3 or not times.is_floating_point():
            got = f"shape {tuple(times.shape)}" if isinstance(times, Tensor) else class_of(times)
            expected = "a tensor of floats, (member, sample, neuron)"
            raise InputError.single("times", got, expected)
        if not times.is_meta and not bool((times > -torch.inf).all()):
            raise InputError.single("times", "nan or -inf", "times, or inf for absent spikes")
        n_members, n_samples, n_neurons = times.shape
        flat = times.reshape(n_members * n_samples, n_neurons)
        order = flat.detach().argsort(dim=1, stable=True)
        sorted_times = flat.gather(1, order)
        present = torch.isfinite(sorted_times)
        counts = torch.cat([order.new_zeros(1), present.sum(1)])
        return cls(
            counts.cumsum(0), order[present], sorted_times[present],
            n_members, n_samples, n_neurons,
        )  # fmt: skip

    @classmethod
    def from_trains(
        cls, trains: Sequence[Sequence[tuple[float, int]]], n_neurons: int, n_members: int = 1
    ) -> SpikeEvents:
        """Make events of lists of spikes, the same for each member.

        Parameters
        ----------
        trains : sequence of sequence of (float, int)
            For each sample, times and numbers of neurons in any order [tau_syn].
        n_neurons, n_members : int
            Number of neurons, and of members.

        Raises
        ------
        InputError
            For anything but pairs of a finite time and the number of a neuron.

        Examples
        --------
        >>> from lasersampling.lif.populations.spikes import SpikeEvents
        >>> SpikeEvents.from_trains([[(0.4, 1), (0.1, 0)], []], 2).counts().tolist()
        [[[1, 1], [0, 0]]]
        """
        refuse(
            integer_problems("n_neurons", n_neurons, 1),
            integer_problems("n_members", n_members, 1),
            sequence_problems("trains", trains, "a list of spike trains, one for each sample"),
        )
        in_order = [_sorted_train(f"trains[{k}]", train) for k, train in enumerate(trains)]
        spikes = [spike for train in in_order * n_members for spike in train]
        counts = torch.tensor([0, *(len(train) for train in in_order * n_members)])
        return cls(
            counts.cumsum(0), torch.tensor([n for _, n in spikes], dtype=torch.int64),
            torch.tensor([t for t, _ in spikes], dtype=torch.float64),
            n_members, len(trains), n_neurons,
        )  # fmt: skip

    @property
    def run(self) -> Tensor:
        """Run of each spike, shape (spike,)."""
        runs = torch.arange(len(self.offsets) - 1, device=self.offsets.device)
        return torch.repeat_interleave(runs, self.offsets.diff(), output_size=len(self.time))

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> SpikeEvents:
        """Return the spikes on another device, with times in another precision if asked.

        Parameters
        ----------
        device : torch.device or str
            The device.
        dtype : torch.dtype, optional
            Precision of the times.
        """
        dtype = self.time.dtype if dtype is None else dtype
        presence = None if self.presence is None else self.presence.to(device, dtype)
        return SpikeEvents(
            self.offsets.to(device), self.neuron.to(device), self.time.to(device, dtype),
            self.n_members, self.n_samples, self.n_neurons, presence,
        )  # fmt: skip

    def first(self) -> Tensor:
        """Return the first spike of each neuron, (member, sample, neuron), inf for none."""
        shape = (self.n_members, self.n_samples, self.n_neurons)
        place, order = torch.sort(self._place, stable=True)  # keeps the order of time
        begins = torch.ones_like(place, dtype=torch.bool)
        begins[1:] = place[1:] != place[:-1]
        dense = self.time.new_full((shape[0] * shape[1] * shape[2],), torch.inf)
        return dense.index_put((place[begins],), self.time[order[begins]]).reshape(shape)

    def counts(self) -> Tensor:
        """Return the number of spikes of each neuron, (member, sample, neuron).

        They are int64, or floating-point numbers that have derivatives where spikes have a
        `presence`.
        """
        n_places = (len(self.offsets) - 1) * self.n_neurons
        if self.presence is None:
            counts = torch.bincount(self._place, minlength=n_places)
        else:
            zeros = self.presence.new_zeros(n_places)
            counts = zeros.index_add(0, self._place, self.presence)
        return counts.reshape(self.n_members, self.n_samples, self.n_neurons)

    def of(self, low: int, high: int) -> SpikeEvents:
        """Return the spikes of the neurons `low` to `high` - 1, counted from 0.

        Raises
        ------
        InputError
            If there are no such neurons.
        """
        refuse(
            integer_problems("low", low, 0, self.n_neurons - 1),
            integer_problems("high", high, 1, self.n_neurons),
        )
        if high <= low:
            raise InputError.single("high", str(high), f"a number above low, {low}")
        chosen = (self.neuron >= low) & (self.neuron < high)
        runs = self.run[chosen]
        counts = torch.bincount(runs, minlength=len(self.offsets) - 1)
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        return SpikeEvents(
            offsets, self.neuron[chosen] - low, self.time[chosen],
            self.n_members, self.n_samples, high - low, self._presence_of(chosen),
        )  # fmt: skip

    def later(self, delays: Tensor, end: float = float("inf")) -> SpikeEvents:
        """Return the spikes later by the delay of each neuron, sorted anew, up to an end.

        Parameters
        ----------
        delays : Tensor, shape (member, neuron)
            Delays [tau_syn].
        end : float
            Spikes that would come after it are left out [tau_syn].

        Raises
        ------
        InputError
            For delays of another shape, or that are not finite.
        """
        if delays.shape != (self.n_members, self.n_neurons):
            expected = f"({self.n_members}, {self.n_neurons})"
            raise InputError.single("delays", f"shape {tuple(delays.shape)}", expected)
        if not delays.is_meta and not bool(torch.isfinite(delays).all()):
            raise InputError.single("delays", "nan or inf", "finite numbers")
        member = self.run // self.n_samples
        time = self.time + delays[member, self.neuron]
        order = torch.argsort(time.detach(), stable=True)
        order = order[torch.argsort(self.run[order], stable=True)]
        order = order[time.detach()[order] <= end]
        counts = torch.bincount(self.run[order], minlength=len(self.offsets) - 1)
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        sizes = self.n_members, self.n_samples, self.n_neurons
        presence = self._presence_of(order)
        return SpikeEvents(offsets, self.neuron[order], time[order], *sizes, presence)

    def to_xarray(self) -> xr.Dataset:
        """Give one entry for each spike: its `time`, with coordinates `member`, `sample`, `neuron`.

        Examples
        --------
        >>> from lasersampling.lif.populations.spikes import SpikeEvents
        >>> spikes = SpikeEvents.from_trains([[(0.4, 1), (0.1, 0)], [(0.2, 1)]], 2).to_xarray()
        >>> spikes.time[spikes.neuron == 1].values
        array([0.4, 0.2])
        """
        run = self.run.cpu().numpy()
        values = {
            "time": (self.time.detach().cpu().numpy(), "tau_syn", "time of the spike"),
            "member": (run // self.n_samples, "1", "network that it belongs to"),
            "sample": (run % self.n_samples, "1", "sample that it belongs to"),
            "neuron": (self.neuron.cpu().numpy(), "1", "neuron that spikes"),
        }
        variables = {
            name: Variable(data, ("spike",), units, description)
            for name, (data, units, description) in values.items()
        }
        sizes = {name: getattr(self, name) for name in ("n_members", "n_samples", "n_neurons")}
        return as_dataset(variables, sizes, coordinates=["member", "sample", "neuron"])

    def plot(self, axes: Axes | None = None, *, sample: int = 0, member: int = 0) -> Figure:
        """Draw the spikes of one sample as a raster.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes to draw on; a new figure by default.
        sample, member : int
            Which sample of which member.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            If there is no such sample or member.
        """
        from lasersampling.plots import event_raster, style

        refuse(
            integer_problems("sample", sample, 0, self.n_samples - 1),
            integer_problems("member", member, 0, self.n_members - 1),
        )
        place = int(member) * self.n_samples + int(sample)
        own = slice(int(self.offsets[place]), int(self.offsets[place + 1]))
        time, neuron = self.time[own].detach().cpu().numpy(), self.neuron[own].cpu().numpy()
        with style.on(axes, event_raster.height(self.n_neurons)) as drawn:
            event_raster.draw(drawn, time, neuron, self.n_neurons)
        return style.figure_of(drawn)

    def _presence_of(self, chosen: Tensor) -> Tensor | None:
        return None if self.presence is None else self.presence[chosen]

    @property
    def _place(self) -> Tensor:
        """Run and neuron of each spike as one number."""
        return self.run * self.n_neurons + self.neuron


def _sorted_train(where: str, train: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """Check the pairs of a spike train, and sort them by time."""
    expected = "pairs of a finite time and the number of a neuron"
    refuse(sequence_problems(where, train, f"a list of {expected}"))
    for k, pair in enumerate(train):
        place = f"{where}[{k}]"
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise InputError.single(place, shown(pair), expected)
        refuse(
            number_problems(f"{place}[0]", pair[0], -torch.inf, strict=True),
            integer_problems(f"{place}[1]", pair[1], 0),
        )
    return sorted(((float(t), int(n)) for t, n in train), key=lambda spike: spike[0])
