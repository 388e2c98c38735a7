"""How far silent neurons stay below threshold, and weights that would lift them; compiled."""

from __future__ import annotations

import math

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.arrivals import new_sorting, sort_arrivals
from lasersampling.lif.spike_times.crossing import peak_after, response


@njit(cache=True, nogil=True)
def lift(inputs, neurons, silent, to_weights):
    """Add the derivative of the missing voltage of silent neurons with respect to the weights.

    A neuron that is silent in a sample lacks 1 - V_max / c of its threshold current c. The time of
    the peak does not matter to first order, so d(V_max)/dw_i = k(t_max - t_i).

    Parameters
    ----------
    inputs, neurons
        As in `own_arrivals.own_forward`.
    silent : array of bool (member, sample, post)
        Where neurons are silent.
    to_weights : array (member, post, pre), added to
        Sum over samples of the derivatives.
    """
    times, weights, delays = inputs
    gap, tau_mem, tau_syn, _, _ = neurons
    n_members, n_samples, n_pre = times.shape
    n_post = weights.shape[1]
    sorting = new_sorting(n_pre)
    arrival, who, _, _ = sorting
    for e in range(n_members):
        for b in range(n_samples):
            for o in range(n_post):
                if not silent[e, b, o]:
                    continue
                size = sort_arrivals(times[e, b], delays[e, o], sorting)
                mem, syn = tau_mem[e, o], tau_syn[e, o]
                voltage, current, highest, when = 0.0, 0.0, 0.0, -math.inf
                for k in range(size):
                    start, i = arrival[k], who[k]
                    length = arrival[k + 1] - start if k + 1 < size else math.inf
                    current += weights[e, o, i]
                    if highest == 0.0:
                        when = start + mem  # never above rest: where all inputs act
                    if current > 0.0 and current > voltage:
                        s = min(peak_after(voltage, current, mem, syn), length)
                        then = voltage * math.exp(-s / mem) + current * response(s, mem, syn)
                        if then > highest:
                            highest, when = then, start + s
                    voltage = voltage * math.exp(-length / mem) + current * response(
                        length, mem, syn
                    )
                    current *= math.exp(-length / syn)
                for i in range(n_pre):
                    since = when - times[e, b, i] - delays[e, o, i]
                    if since > 0.0:
                        to_weights[e, o, i] -= response(since, mem, syn) / gap[e, o]
