"""Neurons with a hazard in closed form, in place of one that is measured."""

from typing import Any

import numpy as np
import pytest

from lasersampling.lasers.synapse import Synapse
from lasersampling.sampling.neurons.calibration import Calibration
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.renewal.hazard import Hazard
from lasersampling.sampling.renewal.sampler import Renewal

TAU_NS, SLOPE, MIDPOINT = 2.0, 40.0, 1.0


def analytic_hazard(slow_ns, fast_ns, recovery_ns, lack=0.0):
    """Hazard exp(logit - lack exp(-s / recovery)) / tau from tau on.

    With no lack and a drive that follows at once, this is the neuron which samples Boltzmann
    machines exactly (L. Buesing et al., PLoS Comput. Biol. 7 (2011) e1002211).
    """
    low, high, n = MIDPOINT - 8.0 / SLOPE, MIDPOINT + 14.0 / SLOPE, 8
    youngest = np.exp(-TAU_NS / recovery_ns)
    # Cubic splines on equal knots give a straight line when it is read off one knot to the left.
    steps = (np.arange(n) - 1.0) / (n - 3)
    logit = SLOPE * (low + (high - low) * steps - MIDPOINT)
    table = logit[:, None] - lack * youngest * steps - np.log(TAU_NS)
    return Hazard(
        lowest_pump=low, highest_pump=high, first_age_ns=TAU_NS, recovery_ns=recovery_ns,
        coefficients=tuple(tuple(row) for row in table), slow_ns=slow_ns, fast_ns=fast_ns,
        slow_ns_se=0.0, fast_ns_se=0.0, misfit=1.0, pump=(), rate_per_ns=(), rate_se_per_ns=(),
    )  # fmt: skip


def analytic_calibration():
    nothing: dict[str, Any] = dict.fromkeys(
        ("slope_se", "midpoint_se", "fit_rms", "synapse_strength_se", "synapse_bias_shift",
         "synapse_bias_shift_se"), 0.0
    )  # fmt: skip
    empty: dict[str, Any] = dict.fromkeys(
        ("pump", "activation", "activation_se", "rate_per_ns", "pair_weight", "pair_measured",
         "pair_measured_se", "tau_ns", "tau_slope", "tau_midpoint", "tau_rms"), ()
    )  # fmt: skip
    return Calibration(
        refractory_time_ns=TAU_NS, slope=SLOPE, midpoint=MIDPOINT, synapse_strength=1.0,
        **nothing, **empty,
    )  # fmt: skip


@pytest.fixture
def analytic():
    """Return a function that makes a renewal sampler with such a hazard."""

    def make(hazard=None, synapse=None, **options):
        kept = {key: options.pop(key) for key in ("record_spikes",) if key in options}
        lasers = Lasers(synapse=synapse or Synapse(), refractory_time_ns=TAU_NS, **options)
        sampler = Renewal(lasers, **kept)
        sampler.lasers.__dict__["calibration"] = analytic_calibration()
        # Recovery ends right after tau, so that most of the table's ages lie before.
        sampler.__dict__["hazard"] = hazard or analytic_hazard(2e-3, 1e-3, TAU_NS / 50)
        return sampler

    return make


@pytest.fixture
def hazard_of():
    return analytic_hazard
