"""First spike times as a differentiable function of input times, weights and delays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.autograd.function import once_differentiable

from lasersampling.checks import kind_problems, number_problems, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.lif.neuron import Neuron
from lasersampling.lif.resolution import resolution_problems
from lasersampling.lif.spike_times import causal, own_arrivals, shared_arrivals, vectorised
from lasersampling.lif.spike_times.crossing import DOUBLE, EQUAL, GENERAL
from lasersampling.lif.spike_times.tables import Found, Inputs, Neurons, OwnFound

Method = Literal["auto", "newton"]
Path = Literal["auto", "compiled", "vectorised"]

SMALLEST_SLOPE = 1e-6
"""Default of `smallest_slope`: far below slopes in training, and enough to keep numbers finite."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Neuron parameters as tensors, and the method for finding spikes.

    Attributes
    ----------
    gap : Tensor, shape (member, post)
        Threshold current [1].
    tau_mem, tau_syn : Tensor, shape (member, post)
        Time constants [tau_syn].
    smallest_slope : float
        See `first_spike_times` [1/tau_syn].
    method : int
        `EQUAL`, `DOUBLE` or `GENERAL` of `crossing`.
    shared : bool
        Whether all neurons have the same time constants.
    compiled : bool
        Whether compiled loops are used, or tensor operations.
    """

    gap: Tensor
    tau_mem: Tensor
    tau_syn: Tensor
    smallest_slope: float
    method: int
    shared: bool
    compiled: bool


def first_spike_times(
    times: Tensor,
    weights: Tensor,
    neuron: Neuron | None = None,
    *,
    delays: Tensor | None = None,
    smallest_slope: float = SMALLEST_SLOPE,
    method: Method = "auto",
    path: Path = "auto",
) -> Tensor:
    """Find when each neuron of a layer spikes first.

    The spike time is T = inf {t : V(t) > threshold}, inf if the voltage stays below. It depends on
    the inputs that arrive before it. The order in which they are given does not matter: inputs at
    the same time act together, and an inhibitory one may remove a spike that others alone would
    cause. A voltage that touches the threshold and turns back is no spike.

    Differentiable with respect to times, weights and delays: implicit differentiation of V(T) =
    threshold gives dT/dw_i = -k(T - t_i) / (conductance dV/dt), dT/dt_i = -w_i dT/dw_i k' / k.
    Inputs that arrive after the spike, absent ones and silent neurons have the derivative 0.

    Parameters
    ----------
    times : Tensor, shape (sample, pre) or (member, sample, pre)
        Input spike times, negative ones too, inf for absent spikes [tau_syn]. The second shape is
        an ensemble of networks, each with its own samples.
    weights : Tensor, shape (post, pre) or (member, post, pre)
        Weights [1].
    neuron : Neuron, optional
        Parameters of the neurons.
    delays : Tensor, shape of `weights`, optional
        Delay of each synapse, finite [tau_syn].
    smallest_slope : float
        Lower limit for dV/dt (over the leak conductance) at the spike in derivatives: they would
        grow without bound where the voltage only just reaches the threshold [1/tau_syn].
    method : "auto" or "newton"
        Closed forms if there is one (tau_mem = tau_syn, 2 tau_syn), or always Newton's iteration.
        This is for compiled loops; tensor operations always iterate.
    path : "auto", "compiled" or "vectorised"
        Compiled loops (CPU only; the automatic choice there) or tensor operations.

    Returns
    -------
    Tensor, shape (sample, post) or (member, sample, post)
        Spike times, inf where there is none [tau_syn].

    Raises
    ------
    InputError
        With all problems found.

    References
    ----------
    Göltz et al., Nature Machine Intelligence 3 (2021) 823; Göltz, Weber, Kriener et al. (2025),
    https://arxiv.org/abs/2404.19165.

    Examples
    --------
    One input of weight 4 at time 0: the voltage 4 t exp(-t) reaches 1 at t = -W(-1/4).

    >>> import torch
    >>> from lasersampling.lif import first_spike_times
    >>> times = torch.tensor([[0.0]], dtype=torch.float64)
    >>> weights = torch.tensor([[4.0], [2.0]], dtype=torch.float64)
    >>> first_spike_times(times, weights)
    tensor([[0.3574,    inf]], dtype=torch.float64)
    """
    problems = _problems(times, weights, delays)
    if not isinstance(method, str) or method not in get_args(Method):
        problems.append(Problem("method", repr(method), " or ".join(map(repr, get_args(Method)))))
    if not isinstance(path, str) or path not in get_args(Path):
        problems.append(Problem("path", repr(path), " or ".join(map(repr, get_args(Path)))))
    elif path == "compiled" and times.device.type != "cpu":
        problems.append(Problem("path", f"'compiled' on {times.device}", "'auto' or 'vectorised'"))
    neuron = Neuron() if neuron is None else neuron
    refuse(
        problems,
        number_problems("smallest_slope", smallest_slope, 0.0, strict=True),
        kind_problems("neuron", neuron, Neuron),
    )
    on_cpu = times.device.type == "cpu"
    lone = times.ndim == 2
    if lone:
        times, weights = times[None], weights[None]
        delays = None if delays is None else delays[None]
    layout = make_layout(
        neuron, weights, smallest_slope, method=method, compiled=on_cpu and path != "vectorised"
    )
    spikes = spikes_of(times, weights, delays, layout)
    return spikes[0] if lone else spikes


def make_layout(
    neuron: Neuron,
    weights: Tensor,
    smallest_slope: float = SMALLEST_SLOPE,
    *,
    method: Method = "auto",
    compiled: bool = True,
) -> Layout:
    """Turn neuron parameters into tensors that fit weights.

    Parameters
    ----------
    neuron : Neuron
        The parameters.
    weights : Tensor, shape (member, post, pre)
        Weights of the layer.
    smallest_slope : float
        See `first_spike_times` [1/tau_syn].
    method : "auto" or "newton"
        See `first_spike_times`.
    compiled : bool
        Whether compiled loops are used.

    Raises
    ------
    InputError
        If there are parameters for other members or neurons than those of the weights.
    """
    shape = weights.shape[:2]
    dtype = torch.float64 if compiled else weights.dtype

    def tensor(name: str) -> Tensor:
        values = np.atleast_2d(getattr(neuron, name))
        try:
            values = np.ascontiguousarray(np.broadcast_to(values, shape))
        except ValueError:
            got, expected = f"shape {values.shape}", f"({shape[1]},) or {tuple(shape)}"
            raise InputError.single(f"neuron ({name})", got, expected) from None
        return torch.tensor(values, dtype=dtype, device=weights.device)

    mem, syn = np.asarray(neuron.tau_mem), np.asarray(neuron.tau_syn)
    chosen = fastest_method(mem, syn) if method == "auto" else GENERAL
    shared = mem.size == 1 and syn.size == 1
    taus = tensor("tau_mem"), tensor("tau_syn")
    return Layout(tensor("gap"), *taus, smallest_slope, chosen, shared, compiled)


def fastest_method(tau_mem: ArrayLike, tau_syn: ArrayLike) -> int:
    """Choose a closed form if one holds for all of these time constants, Newton's iteration if not.

    Parameters
    ----------
    tau_mem, tau_syn : array_like, of shapes that broadcast
        Time constants, in the same unit.

    Returns
    -------
    int
        `EQUAL`, `DOUBLE` or `GENERAL` of `crossing`.
    """
    mem, syn = np.asarray(tau_mem), np.asarray(tau_syn)
    if np.all(mem == syn):
        return EQUAL
    return DOUBLE if np.all(mem == 2 * syn) else GENERAL


def spikes_of(
    times: Tensor,
    weights: Tensor,
    delays: Tensor | None,
    layout: Layout,
    observed: Tensor | None = None,
) -> Tensor:
    """`first_spike_times` for an ensemble, without checks.

    Parameters
    ----------
    times, weights, delays
        See `first_spike_times`.
    layout : Layout
        The neurons.
    observed : Tensor, shape (member, sample, post), optional
        Observed spikes of a device [tau_syn]: they are returned, with the derivatives that the
        neurons of the layout would have if they had spiked at these times.
    """
    spikes: Tensor = _FirstSpike.apply(times, weights, delays, layout, observed)
    return spikes


class _FirstSpike(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        times: Tensor,
        weights: Tensor,
        delays: Tensor | None,
        layout: Layout,
        observed: Tensor | None,
    ) -> Tensor:
        run = _Compiled if layout.compiled else _Vectorised
        ctx.run = run(times, weights, delays, layout, observed)
        spikes: Tensor = ctx.run.spikes
        # An output that is stored in any other way refers to itself, and is never freed.
        ctx.run.spikes = None
        ctx.save_for_backward(spikes)
        return spikes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        (spikes,) = ctx.saved_tensors
        return *ctx.run.gradients(spikes, upstream), None, None


class _Compiled:
    """Search and derivatives by compiled loops, in double precision."""

    def __init__(
        self,
        times: Tensor,
        weights: Tensor,
        delays: Tensor | None,
        layout: Layout,
        observed: Tensor | None,
    ) -> None:
        self.dtype = times.dtype
        self.has_delays = delays is not None
        self.shared = delays is None and layout.shared
        shape = (*times.shape[:2], weights.shape[1])
        out = np.empty(shape) if observed is None else _array(observed).copy()
        mem: Any
        syn: Any
        if self.shared:
            mem, syn = float(layout.tau_mem[0, 0]), float(layout.tau_syn[0, 0])
            self.inputs = Inputs(_array(times), _array(weights.transpose(1, 2)), None)
            order = np.argsort(self.inputs.times, axis=2, kind="stable")
            self.found: Any = Found(out, order, np.empty(shape, dtype=np.int32), np.empty(shape))
        else:
            mem, syn = layout.tau_mem.numpy(), layout.tau_syn.numpy()
            late = np.zeros(weights.shape) if delays is None else _array(delays)
            self.inputs = Inputs(_array(times), _array(weights), late)
            self.found = OwnFound(out, np.empty(shape), np.empty(shape))
        self.neurons = Neurons(layout.gap.numpy(), mem, syn, layout.method, layout.smallest_slope)
        if observed is None:
            find = shared_arrivals.shared_forward if self.shared else own_arrivals.own_forward
        else:
            find = causal.shared_causes if self.shared else causal.own_causes
        find(self.inputs, self.neurons, self.found)
        self.spikes: Tensor | None = torch.from_numpy(out).to(self.dtype)

    def gradients(self, spikes: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return the derivatives with respect to times, weights and delays."""
        times, weights, delays = self.inputs
        late = None if delays is None else np.zeros_like(delays)
        to = Inputs(np.zeros_like(times), np.zeros_like(weights), late)
        add_up = shared_arrivals.shared_backward if self.shared else own_arrivals.own_backward
        add_up(self.inputs, self.neurons, self.found, _array(upstream), to)
        to_weights = to.weights.transpose(0, 2, 1) if self.shared else to.weights
        to_delays = self._tensor(late) if self.has_delays and late is not None else None
        return self._tensor(to.times), self._tensor(to_weights), to_delays

    def _tensor(self, array: np.ndarray[Any, Any]) -> Tensor:
        return torch.from_numpy(array).to(self.dtype)


class _Vectorised:
    """Search and derivatives by tensor operations."""

    def __init__(
        self,
        times: Tensor,
        weights: Tensor,
        delays: Tensor | None,
        layout: Layout,
        observed: Tensor | None,
    ) -> None:
        self.delayed = delays is not None
        self.layout = layout
        self.taus = layout.tau_mem[:, None], layout.tau_syn[:, None]
        self.arrivals = times[..., None]
        if delays is not None:
            self.arrivals = self.arrivals + delays.transpose(1, 2)[:, None]
        self.weights = weights.transpose(1, 2)
        self.spikes: Tensor | None
        if observed is None:
            self.spikes, self.found = vectorised.search(
                self.arrivals, self.weights, layout.gap[:, None], *self.taus
            )
        else:
            self.spikes = observed.clone()
            self.found = vectorised.causes(self.arrivals, self.weights, self.taus[1], observed)
        self.current = self.found.current

    def gradients(self, spikes: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return the derivatives with respect to times, weights and delays."""
        slope = (self.current - self.layout.gap[:, None]) / self.taus[0]
        pull = upstream / slope.clamp_min(self.layout.smallest_slope)
        pull = pull.masked_fill(spikes == torch.inf, 0.0)
        to_arrivals, to_weights = vectorised.derivatives(
            self.arrivals, self.weights, *self.taus, spikes, self.found, pull
        )
        to_delays = to_arrivals.sum(1).transpose(1, 2) if self.delayed else None
        return to_arrivals.sum(3), to_weights.transpose(1, 2), to_delays


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    """Return the values in double precision, in contiguous memory."""
    return np.ascontiguousarray(tensor.detach().to(torch.float64).numpy())


def _problems(times: Tensor, weights: Tensor, delays: Tensor | None) -> list[Problem]:
    tensors = {"times": times, "weights": weights} | ({} if delays is None else {"delays": delays})
    problems = [
        Problem(name, type(value).__name__, "a tensor of float64 or float32")
        for name, value in tensors.items()
        if not isinstance(value, Tensor) or value.dtype not in (torch.float64, torch.float32)
    ]
    if problems:
        return problems
    for name, value in tensors.items():
        if (value.dtype, value.device) != (times.dtype, times.device):
            expected = f"{times.dtype} on {times.device}, as the times"
            problems.append(Problem(name, f"{value.dtype} on {value.device}", expected))
        allowed = torch.isfinite(value)
        if name == "times":
            allowed |= value == torch.inf
        if not bool(allowed.all()):
            expected = (
                "finite times, or inf for absent spikes" if name == "times" else "finite values"
            )
            problems.append(Problem(name, "nan or infinite values", expected))
        if name != "weights":
            problems += resolution_problems(name, value)
    if times.ndim not in (2, 3):
        problems.append(
            Problem(
                "times", f"shape {tuple(times.shape)}", "(sample, pre) or (member, sample, pre)"
            )
        )
    elif weights.ndim != times.ndim or weights.shape[-1] != times.shape[-1]:
        expected = f"({'member, ' if times.ndim == 3 else ''}post, {times.shape[-1]})"
        problems.append(Problem("weights", f"shape {tuple(weights.shape)}", expected))
    elif times.ndim == 3 and weights.shape[0] != times.shape[0]:
        problems.append(Problem("weights", f"{weights.shape[0]} members", f"{times.shape[0]}"))
    if delays is not None and delays.shape != weights.shape:
        expected = f"{tuple(weights.shape)}, as the weights"
        problems.append(Problem("delays", f"shape {tuple(delays.shape)}", expected))
    return problems
