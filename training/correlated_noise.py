"""Effect of the correlation between carrier noise and field noise, by a plain reference loop.

Every emission takes an electron and gives a photon, so carrier noise and field noise belong
together. The form of their correlation depends on the meaning of |E|^2. From the master equation of
the jump process
(`lasersampling.lasers.jumps.process`) with g N emission and g Nt absorption per photon, to second
order in the derivatives of the quasi-probability:

normal order, S = |E|^2
    field noise R = sum g N (emission only), and  cov(dN, dE) = -g N E dt  for either section.
    With it the noise matrix of (E, N) has a negative eigenvalue once 2 S (g N)^2 exceeds R D
    (in every pulse): no real noise has these covariances, the known failure of the P
    representation.
symmetric order, S = |E|^2 - 1/2 (truncated Wigner; the production kernel)
    each section has field noise d zeta of strength g (N + Nt)/2, the cavity one of kappa/2, and
    dN takes  -2 Re(conj(E) d zeta)  of its own section: photon for electron, and always
    positive. Pump and recombination, P + N/tau, remain independent.

`independent` is the normal order without covariance, the usual rate equations; `normal` adds the
covariance as far as real noise can have it; `symmetric` is the complete second form, the equations
of the production kernel (`lasersampling.lasers.rate_equations`) by another scheme, and
`symmetric_independent` the same with carrier noise of its own.

Result: the covariance matters. It takes 3 to 5 % off the rate of D1 and D5 where
P(z = 1) = 1/2, and a third off that of D2 where P = .05, since a rare excursion of the light
then pays for its photons with electrons. With it the rates are those of the jump process.

C. W. Gardiner, P. Zoller, "Quantum Noise", 3rd ed., Springer (2004), chapters 4 and 6.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numba import njit

import lasersampling as ls
from lasersampling.experiments import Run, option
from lasersampling.lasers import quiescent_state

SCHEMES = ("independent", "normal", "symmetric", "symmetric_independent")
PUMP_RATIO = {"D1": 1.2, "D2": 0.96, "D4": 1.04, "D5": 0.97}
BURN_IN_NS = 30.0


@njit(nogil=True, cache=True)
def spikes_of(scheme, device, pump, rest, times, random):  # type: ignore[no-untyped-def]
    """Spikes and time at z = 1 of one laser, in double precision.

    The field grows exactly for carriers that are held during a step, and rises through the
    threshold between steps with the probability of a Brownian bridge, without which the rate of
    a device without amplitude gap is two per cent too low at 0.125 ps.
    """
    kappa, g1, t1, c1, g2, t2, c2, threshold, rearm = device
    tau, step, burn_in, duration = times
    vacuum = 0.5 if scheme >= 2 else 0.0
    x = np.sqrt(0.5 * (rest[0] + vacuum)) * random.standard_normal()
    y = np.sqrt(0.5 * (rest[0] + vacuum)) * random.standard_normal()
    n1, n2 = rest[1], rest[2]
    a1, a2 = g1 * t1, g2 * t2
    armed, count, active, until = True, 0, 0.0, -burn_in
    root = np.sqrt(step)
    for k in range(int((burn_in + duration) / step)):
        s = x * x + y * y - vacuum
        e1, e2 = g1 * max(n1, 0.0), g2 * max(n2, 0.0)
        growth = np.exp(0.25 * (e1 + e2 - a1 - a2 - kappa) * step)
        w1, w2 = root * random.standard_normal(), root * random.standard_normal()
        d1, d2 = pump + max(n1, 0.0) * c1, max(n2, 0.0) * c2
        if scheme >= 2:
            z0 = root * np.sqrt(0.25 * kappa)
            z1, z2 = root * np.sqrt(0.25 * (e1 + a1)), root * np.sqrt(0.25 * (e2 + a2))
            x1, y1 = z1 * random.standard_normal(), z1 * random.standard_normal()
            x2, y2 = z2 * random.standard_normal(), z2 * random.standard_normal()
            half = 0.25 * (e1 + e2 + a1 + a2 + kappa)
            dx = x1 + x2 + z0 * random.standard_normal()
            dy = y1 + y2 + z0 * random.standard_normal()
            if scheme == 2:
                noise1 = np.sqrt(d1) * w1 - 2.0 * (x * x1 + y * y1)
                noise2 = np.sqrt(d2) * w2 - 2.0 * (x * x2 + y * y2)
            else:
                noise1 = np.sqrt(d1 + (e1 + a1) * (s + vacuum)) * w1
                noise2 = np.sqrt(d2 + (e2 + a2) * (s + vacuum)) * w2
        else:
            half = 0.5 * (e1 + e2)
            dx = np.sqrt(half) * root * random.standard_normal()
            dy = np.sqrt(half) * root * random.standard_normal()
            d1 += (e1 + a1) * s
            d2 += (e2 + a2) * s
            noise1 = noise2 = 0.0
            if scheme == 1 and half > 0.0:
                # At most the part that leaves the other noise a variance of zero.
                p1 = min(e1 / half, np.sqrt(d1 / (half * s)))
                p2 = min(e2 / half, np.sqrt(d2 / (half * s)))
                d1 = max(0.0, d1 - p1 * p1 * half * s)
                d2 = max(0.0, d2 - p2 * p2 * half * s)
                noise1, noise2 = -p1 * (x * dx + y * dy), -p2 * (x * dx + y * dy)
            noise1 += np.sqrt(d1) * w1
            noise2 += np.sqrt(d2) * w2
        n1 += (pump - n1 * c1 - g1 * (n1 - t1) * s) * step + noise1
        n2 += noise2 - (n2 * c2 + g2 * (n2 - t2) * s) * step
        x = growth * (growth * x + dx)
        y = growth * (growth * y + dy)
        before = s
        s = x * x + y * y - vacuum
        rose = s >= threshold
        if armed and not rose:
            # S has variance 4 S half step; this is how likely a bridge rises in between.
            path = (threshold - before) * (threshold - s) / (2.0 * threshold * half * step)
            rose = path < 20.0 and random.random() < np.exp(-path)
        if armed and rose:
            armed = False
            now = k * step - burn_in
            count += now >= 0.0
            # z = 1 from the spike, or from the end of what was active already, for tau.
            active += max(0.0, min(now + tau, duration) - max(now, until, 0.0))
            until = now + tau
        elif s < rearm:
            armed = True
    return count, active


def numbers(device: ls.Device) -> tuple[float, ...]:
    gain, absorber = device.gain, device.absorber
    return (
        device.cavity.loss_per_ns,
        gain.differential_gain_per_ns, gain.transparency_electrons, 1 / gain.carrier_lifetime_ns,
        absorber.differential_gain_per_ns, absorber.transparency_electrons,
        1 / absorber.carrier_lifetime_ns,
        device.detection.threshold_photons, device.detection.rearm_photons,
    )  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Measure spike rate and P(z = 1) with and without correlated noise."""

    device: tuple[str, ...] = option((), "Devices; D1, D2, D5 if none.")
    ratio: float | None = option(None, "Pump over threshold; one of P = .5 if none.", min=0.1)
    jumps: bool = option(True, "Also run the jump process.")
    duration_ns: float = option(2000.0, "Laser time per chain.", min=50.0)
    chains: int = option(60, "Chains per device and scheme.", min=2)
    step_ps: float = option(0.125, "Step of the loop.", min=0.01)

    def smallest(self) -> Settings:
        device = self.device or ("D2",)
        return replace(self, device=device, duration_ns=100.0, chains=4, step_ps=0.5)


def measure(
    device: ls.Device, scheme: str, pump: float, settings: Settings, seed: int
) -> tuple[float, float, float, float]:
    """Rate, its standard error, P(z = 1), its standard error."""
    chains, duration_ns = settings.chains, settings.duration_ns
    tau = device.refractory_time_ns
    if scheme == "jumps":
        network = ls.LaserNetwork(device, 1)
        spikes = ls.simulate_jumps(network, pump, duration_ns, n_chains=chains, seed=seed).spikes
        found = np.stack([spikes.rate_per_ns()[:, 0], spikes.active_fraction(tau)[:, 0]])
    else:
        rest = quiescent_state(device, pump)
        start = (rest.photons, rest.gain_electrons, rest.absorber_electrons)
        electrons_per_ns = pump * device.threshold_pump_electrons_per_ns

        times = tau, settings.step_ps * 1e-3, BURN_IN_NS, duration_ns

        def chain(source: np.random.SeedSequence) -> tuple[int, float]:
            count, active = spikes_of(
                SCHEMES.index(scheme), numbers(device), electrons_per_ns, start, times,
                np.random.default_rng(source),
            )  # fmt: skip
            return count, active

        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(chain, np.random.SeedSequence(seed).spawn(chains)))
        found = np.array(results).T / duration_ns
    mean, error = found.mean(axis=1), found.std(axis=1, ddof=1) / np.sqrt(chains)
    return float(mean[0]), float(error[0]), float(mean[1]), float(error[1])


def main(settings: Settings, run: Run) -> None:
    names = settings.device or ("D1", "D2", "D5")
    schemes = (*SCHEMES, "jumps") if settings.jumps else SCHEMES
    config = {
        "devices": names, "duration_ns": settings.duration_ns, "chains": settings.chains,
        "step_ps": settings.step_ps,
    }  # fmt: skip
    with run.results(config) as file:
        for name in names:
            device = ls.load_device(name)
            pump = PUMP_RATIO.get(name, 1.0) if settings.ratio is None else settings.ratio
            for scheme in schemes:
                rate, rate_se, active, active_se = run.step(
                    "measurement", partial(measure, device, scheme, pump, settings, run.seed)
                )
                label, key = f"{name} at {pump:g} P_th, {scheme}", f"{name}_{scheme}"
                file.metric(f"rate_{key}", rate, rate_se, "1/ns", f"spike rate, {label}")
                file.metric(f"active_{key}", active, active_se, description=f"P(z=1), {label}")
                print(
                    f"{label}: rate {rate:.5f} ± {rate_se:.5f} /ns, "
                    f"P {active:.5f} ± {active_se:.5f}"
                )


if __name__ == "__main__":
    ls.experiment(main, Settings)
