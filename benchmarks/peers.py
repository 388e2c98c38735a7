"""Public integrators at the Euler-Maruyama scheme of `euler_maruyama`, one class for each.

A peer holds a batch of lasers and moves all of them by `STEPS` steps per call of `advance`, in
single precision unless it says otherwise. Libraries are imported when a peer is made, so that one
that is missing can be reported. Where a library offers no room for it, spikes are not counted,
which favours it (`counts_spikes`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from euler_maruyama import N_INCREMENTS, Laser, drift, noise, resting, scalar_loop

from lasersampling.lasers.device import Device

STEPS = 100
_FUSED = 10


@dataclass(frozen=True)
class Task:
    """Uncoupled lasers of one kind: device, pump over its threshold, step [ns], how many."""

    device: Device
    pump: float
    step: float
    n_lasers: int

    @property
    def laser(self) -> Laser:
        return Laser.of(self.device, self.pump, self.step)

    @property
    def start(self) -> np.ndarray:
        return resting(self.device, self.pump, self.n_lasers)


class Peer:
    """An integrator with a batch of its own; each thread has one.

    `batches` are the sizes to search, that which was best where this was written first.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    batches: ClassVar[tuple[int, ...]]
    counts_spikes: ClassVar[bool] = False

    def advance(self) -> None:
        raise NotImplementedError

    def state(self) -> np.ndarray:
        """Rows x, y, N1, N2."""
        raise NotImplementedError


class NumbaLoop(Peer):
    """One laser after another in double precision, NumPy's generator."""

    name, batches, counts_spikes = "numba, scalar loop", (128, 16), True

    def __init__(self, task: Task, seed: int) -> None:
        self.task, self.rows = task, task.start
        self.armed = np.ones(task.n_lasers, dtype=bool)
        self.generator, self.spikes = np.random.default_rng(seed), 0

    def advance(self) -> None:
        self.spikes += scalar_loop(
            self.task.laser, self.rows, self.armed, self.generator, self.task.step, STEPS
        )

    def state(self) -> np.ndarray:
        return self.rows


class TorchCompile(Peer):
    """Ten steps fused by torch.compile; torch.randn draws their noise at once."""

    name, batches, counts_spikes = "torch.compile, ten fused steps", (4096, 1024), True

    def __init__(self, task: Task, seed: int) -> None:
        import torch

        torch.set_num_threads(1)  # threads have batches of their own
        self.fused = _fused(task.laser, task.step)
        self.y = torch.tensor(task.start, dtype=torch.float32)
        self.armed = torch.ones(task.n_lasers, dtype=torch.bool)
        self.count = torch.zeros(task.n_lasers, dtype=torch.int32)
        self.normal = torch.empty(_FUSED, N_INCREMENTS, task.n_lasers)
        self.generator = torch.Generator().manual_seed(seed)

    def advance(self) -> None:
        for _ in range(STEPS // _FUSED):
            self.normal.normal_(generator=self.generator)
            self.y, self.armed, self.count = self.fused(self.y, self.armed, self.count, self.normal)

    def state(self) -> np.ndarray:
        return self.y.numpy()

    @property
    def spikes(self) -> int:
        return int(self.count.sum())


class TorchSde(Peer):
    """torchsde with normals drawn afresh for each step."""

    name, batches = "torchsde, fresh normals", (16384, 4096)
    needs = ("torchsde",)
    sde_type, noise_type = "ito", "general"

    def __init__(self, task: Task, seed: int) -> None:
        import torch
        import torchsde

        torch.set_num_threads(1)
        self.laser, self.step = task.laser, task.step
        self.y = torch.tensor(task.start.T.copy(), dtype=torch.float32)
        self.times = torch.tensor([0.0, STEPS * task.step])
        self.seed, self.size = seed, (task.n_lasers, N_INCREMENTS)
        self.torch, self.torchsde = torch, torchsde
        self.generator = torch.Generator().manual_seed(seed)

    def f_and_g_prod(self, t: Any, y: Any, w: Any) -> tuple[Any, Any]:
        """Drift, and diffusion times increments: the matrix itself is never formed."""
        columns = y.unbind(1)
        f = drift(self.laser, *columns)
        g = noise(self.laser, *(*columns, w.unbind(1), _torch_root))
        return self.torch.stack(f, 1), self.torch.stack(g, 1)

    def brownian(self) -> Any:
        import torchsde

        torch, size, generator = self.torch, self.size, self.generator

        class FreshNormals(torchsde.BaseBrownian):  # type: ignore[misc]
            dtype, device, shape = torch.float32, torch.device("cpu"), size
            levy_area_approximation = "none"

            def __call__(self, ta: Any, tb: Any = None, **_: Any) -> Any:
                return torch.randn(size, generator=generator) * math.sqrt(tb - ta)

            def __repr__(self) -> str:
                return "FreshNormals()"

        return FreshNormals()

    def advance(self) -> None:
        with self.torch.no_grad():
            self.y = self.torchsde.sdeint(
                self, self.y, self.times, bm=self.brownian(), method="euler", dt=self.step
            )[-1]

    def state(self) -> np.ndarray:
        return self.y.numpy().T


class TorchSdeInterval(TorchSde):
    """torchsde as it comes."""

    name = "torchsde, Brownian interval"

    def brownian(self) -> Any:
        self.seed += 1
        return self.torchsde.BrownianInterval(
            0.0, float(self.times[-1]), size=self.size, entropy=self.seed, dt=self.step
        )


class JaxScan(Peer):
    """A scan over steps, written by hand."""

    name, batches, counts_spikes = "jax.lax.scan", (4096, 1024, 16384), True
    needs = ("jax",)

    def __init__(self, task: Task, seed: int) -> None:
        import jax
        import jax.numpy as jnp

        n = task.n_lasers
        self.run = _scan(task.laser, task.step, n)
        y = tuple(jnp.asarray(row, jnp.float32) for row in task.start)
        self.carry = (jax.random.key(seed), y, jnp.ones(n, bool), jnp.zeros(n, jnp.int32))

    def advance(self) -> None:
        self.carry = self.run(self.carry)
        self.carry[3].block_until_ready()

    def state(self) -> np.ndarray:
        return np.stack(self.carry[1])

    @property
    def spikes(self) -> int:
        return int(self.carry[3].sum())


class Diffrax(Peer):
    """diffrax with normals drawn afresh for each step."""

    name, batches = "diffrax, fresh normals", (4096, 1024, 16384)
    needs = ("diffrax",)
    has_tree = False

    def __init__(self, task: Task, seed: int) -> None:
        import jax
        import jax.numpy as jnp

        self.run = _solve(task.laser, task.step, task.n_lasers, self.has_tree)
        self.split = jax.random.split
        self.key = jax.random.key(seed)
        self.y = tuple(jnp.asarray(row, jnp.float32) for row in task.start)

    def advance(self) -> None:
        self.key, now = self.split(self.key)
        self.y = self.run(now, self.y)
        self.y[0].block_until_ready()

    def state(self) -> np.ndarray:
        return np.stack(self.y)


class DiffraxTree(Diffrax):
    """diffrax as its manual recommends for general use."""

    name, batches, has_tree = "diffrax, virtual Brownian tree", (1024, 256, 4096), True


PEERS: tuple[type[Any], ...] = (
    NumbaLoop, TorchCompile, JaxScan, Diffrax, DiffraxTree, TorchSde, TorchSdeInterval
)  # fmt: skip


def _euler(laser: Laser, y: Any, w: Any, step: float, root: Any) -> tuple[Any, Any]:
    """One step of Euler-Maruyama: the state after it and its photon number."""
    f, g = drift(laser, *y), noise(laser, *(*y, w, root))
    y = tuple(a + step * b + c for a, b, c in zip(y, f, g, strict=True))
    return y, y[0] * y[0] + y[1] * y[1] - 0.5


@cache
def _fused(laser: Laser, step: float) -> Any:
    """The compiled steps; one compilation serves all batches of a size."""
    import torch

    def fused(y: Any, armed: Any, count: Any, normal: Any) -> tuple[Any, Any, Any]:
        y = tuple(y)
        for k in range(_FUSED):
            y, s = _euler(laser, y, math.sqrt(step) * normal[k], step, _torch_root)
            rose = armed & (s >= laser.threshold)
            armed = (armed | (s < laser.rearm)) & ~rose
            count = count + rose
        return torch.stack(y), armed, count

    return torch.compile(fused, dynamic=False)


@cache
def _scan(laser: Laser, step: float, n_lasers: int) -> Any:
    import jax

    def one(carry: Any, _: None) -> tuple[Any, None]:
        key, y, armed, count = carry
        key, now = jax.random.split(key)
        w = math.sqrt(step) * jax.random.normal(now, (N_INCREMENTS, n_lasers))
        y, s = _euler(laser, y, w, step, _jax_root)
        rose = armed & (s >= laser.threshold)
        return (key, y, (armed | (s < laser.rearm)) & ~rose, count + rose), None

    return jax.jit(lambda carry: jax.lax.scan(one, carry, length=STEPS)[0])


@cache
def _solve(laser: Laser, step: float, n_lasers: int, has_tree: bool) -> Any:
    import diffrax
    import jax
    import lineax

    stop = STEPS * step
    shape = jax.ShapeDtypeStruct((N_INCREMENTS, n_lasers), jax.numpy.float32)

    def diffusion(t: Any, y: Any, _: None) -> Any:
        return lineax.FunctionLinearOperator(lambda w: noise(laser, *(*y, w, _jax_root)), shape)

    def run(key: Any, y: Any) -> Any:
        if has_tree:
            path = diffrax.VirtualBrownianTree(0.0, stop, 0.5 * step, shape, key)
        else:
            path = diffrax.UnsafeBrownianPath(shape, key)
        terms = diffrax.MultiTerm(
            diffrax.ODETerm(lambda t, y, _: drift(laser, *y)),
            diffrax.ControlTerm(diffusion, path),
        )
        solution = diffrax.diffeqsolve(
            terms, diffrax.Euler(), 0.0, stop, step, y, max_steps=None,
            saveat=diffrax.SaveAt(t1=True), adjoint=diffrax.ForwardMode(),
        )  # fmt: skip
        return jax.tree.map(lambda row: row[-1], solution.ys)

    return jax.jit(run)


def _torch_root(rate: Any) -> Any:
    return math.sqrt(rate) if isinstance(rate, float) else rate.clamp(min=0.0).sqrt()


def _jax_root(rate: Any) -> Any:
    import jax.numpy as jnp

    return jnp.sqrt(jnp.maximum(rate, 0.0))
