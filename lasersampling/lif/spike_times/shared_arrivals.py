"""First spikes and their derivatives where neurons share arrivals, by running sums; compiled.

An input spike reaches all neurons of a layer at the same time and they share time constants, so a
sample is sorted once and each decay is computed once; the loops over neurons become vector
instructions. See `own_arrivals` for synapses that have their own delays.

In the forward pass, voltage V and current I (both over the conductance, above rest) of a neuron are
propagated from input to input,

    V <- V exp(-d / tau_mem) + I k(d),    I <- I exp(-d / tau_syn),    then I <- I + w,

and an interval is examined closely only if the voltage may rise above threshold in it. In the
backward pass, response and decay of each causal input are built from the last one to the first,

    k(s + d) = k(s) exp(-d / tau_mem) + exp(-s / tau_syn) k(d),

which is a sum of positive terms: there is no cancellation, and nothing overflows. The time is of
order B N_in (log N_in + N_out), and nothing of size B N_in N_out is stored.

With e the derivative of the loss with respect to the spike time T over dV/dt at T, and k' = dk/ds,

    dL/dw_i = -sum_b e k(T - t_i),     dL/dt_i = sum e w_i k'(T - t_i)   over causal inputs,

since V(T; w, t) = threshold implicitly defines T.

References
----------
Göltz et al., Nature Machine Intelligence 3 (2021) 823 (derivatives in closed form);
Göltz, Weber, Kriener et al., "DelGrad" (2025), https://arxiv.org/abs/2404.19165 (delays).
"""

from __future__ import annotations

import math

import numpy as np

from lasersampling.compiling import njit
from lasersampling.lif.spike_times.crossing import (
    decay,
    response,
    time_to_threshold,
)
from lasersampling.lif.spike_times.tables import NO_SPIKE

_FLAGS = 8
"""Number of flags, a byte each, that are read at once as one whole number."""

NO_NEURON = -1
"""End of a chain of neurons."""


@njit(cache=True, nogil=True)
def shared_forward(inputs, neurons, found):
    """Find the first spikes for shared arrivals and time constants.

    Parameters
    ----------
    inputs : Inputs
        Inputs of the layer.
    neurons : Neurons
        Its neurons.
    found : Found
        `order` sorts the input times, absent ones last; the other arrays are written.
    """
    times, weights, _ = inputs
    gap, tau_mem, tau_syn, method, _ = neurons
    out, order, last, current = found
    n_members, n_samples, n_pre = times.shape
    n_post = weights.shape[2]
    voltages, currents, levels = np.empty(n_post), np.empty(n_post), np.empty(n_post)
    charges, ahead = np.empty(n_post), np.empty(n_post)
    near = np.zeros(-(-n_post // _FLAGS) * _FLAGS, np.bool_)
    groups = near.view(np.uint64)
    for e in range(n_members):
        for b in range(n_samples):
            voltages[:] = 0.0
            currents[:] = 0.0
            levels[:] = gap[e]
            out[e, b] = math.inf
            last[e, b] = NO_SPIKE
            current[e, b] = 0.0
            silent = n_post
            for k in range(n_pre):
                i = order[e, b, k]
                start = times[e, b, i]
                if start == math.inf or silent == 0:
                    break
                stop = times[e, b, order[e, b, k + 1]] if k + 1 < n_pre else math.inf
                length = stop - start
                to_mem, to_syn, gain = decay(length, tau_mem, tau_syn, method)
                row = weights[e, i]
                for o in range(n_post):
                    charge = currents[o] + row[o]
                    later, after = voltages[o] * to_mem + charge * gain, charge * to_syn
                    charges[o], ahead[o], currents[o] = charge, later, after
                    near[o] = (charge > levels[o]) & ((later > levels[o]) | (later >= after))
                for group in range(len(groups)):
                    if groups[group] == 0:
                        continue
                    for o in range(_FLAGS * group, min(_FLAGS * (group + 1), n_post)):
                        if not near[o]:
                            continue
                        s = time_to_threshold(
                            voltages[o], charges[o], levels[o], length, tau_mem, tau_syn, method
                        )
                        if s < math.inf:
                            out[e, b, o] = start + s
                            last[e, b, o] = k
                            current[e, b, o] = charges[o] * math.exp(-s / tau_syn)
                            levels[o] = math.inf
                            silent -= 1
                voltages, ahead = ahead, voltages


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def shared_backward(inputs, neurons, found, upstream, to):
    """Add up the derivatives for shared arrivals.

    Parameters
    ----------
    inputs, neurons, found
        As in `shared_forward`, which has filled `found`.
    upstream : array (member, sample, post)
        Derivative of the loss with respect to each spike time.
    to : Inputs
        Zeros on entry; gets the derivatives with respect to the inputs of the layer.
    """
    times, weights, _ = inputs
    gap, tau_mem, tau_syn, method, smallest_slope = neurons
    out, order, last, current = found
    to_times, to_weights, _ = to
    n_members, n_samples, n_pre = times.shape
    n_post = weights.shape[2]
    rises, decays, pulls = np.empty(n_post), np.empty(n_post), np.empty(n_post)
    # Chains of the neurons that an input makes spike: the first of each input, and what follows it.
    first, following = np.full(n_pre, NO_NEURON), np.empty(n_post, np.int64)
    for e in range(n_members):
        for b in range(n_samples):
            rises[:] = 0.0
            decays[:] = 0.0
            latest = NO_SPIKE
            for o in range(n_post):
                k = last[e, b, o]
                latest = max(latest, k)
                if k != NO_SPIKE:
                    following[o] = first[k]
                    first[k] = o
                slope = max((current[e, b, o] - gap[e, o]) / tau_mem, smallest_slope)
                pulls[o] = upstream[e, b, o] / slope if last[e, b, o] != NO_SPIKE else 0.0
            for k in range(latest, -1, -1):
                i = order[e, b, k]
                start = times[e, b, i]
                if k < latest:
                    length = times[e, b, order[e, b, k + 1]] - start
                    to_mem, to_syn, gain = decay(length, tau_mem, tau_syn, method)
                    for o in range(n_post):
                        rises[o] = rises[o] * to_mem + decays[o] * gain
                        decays[o] *= to_syn
                o = first[k]
                first[k] = NO_NEURON
                while o != NO_NEURON:
                    s = out[e, b, o] - start
                    rises[o] = response(s, tau_mem, tau_syn)
                    decays[o] = math.exp(-s / tau_syn)
                    o = following[o]
                total = 0.0
                for o in range(n_post):
                    to_weights[e, i, o] -= pulls[o] * rises[o]
                    total += pulls[o] * weights[e, i, o] * (decays[o] - rises[o])
                to_times[e, b, i] = total / tau_mem
