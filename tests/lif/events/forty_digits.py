"""Spikes of small networks in 40-digit arithmetic, by bisection, with nothing of the engine."""

import mpmath as mp

DIGITS = 40


def spikes(network, inputs, end):
    """Spikes (time, neuron) of one run of a `PopulationNetwork`; all neurons, in their order.

    Parameters
    ----------
    network : PopulationNetwork
        Its first member is run.
    inputs : list of (float, int)
        Times and numbers of input spikes.
    """
    with mp.workdps(DIGITS):
        numbers = [tensor.detach() for tensor in network.numbers()]
        gap, reset, initial, mem, syn, refractory = (
            [mp.mpf(float(value)) for value in tensor[0]] for tensor in numbers[2:]
        )
        weights = [mp.mpf(float(w)) for w in numbers[0][0]]
        delays = [mp.mpf(float(d)) for d in numbers[1][0]]
        n = len(gap)
        state = [Neuron(gap[k], reset[k], initial[k], mem[k], syn[k]) for k in range(n)]
        pending = []  # time, order of kinds, row or neuron

        def send(source, time):
            for row in range(network.rows.rows[source], network.rows.rows[source + 1]):
                pending.append((time + delays[row], 0, row))

        for time, source in inputs:
            send(source, mp.mpf(time))
        found = []
        while True:
            stop = min([mp.mpf(end), *(p[0] for p in pending)])
            crossings = [(state[k].crossing(stop), k) for k in range(n)]
            spiking = [crossing for crossing in crossings if crossing[0] is not None]
            if spiking:
                when, k = min(spiking)
                found.append((when, k))
                state[k].carry(when)
                state[k].voltage = reset[k]
                state[k].held = refractory[k] > 0
                if 0 < refractory[k] < mp.inf:
                    pending.append((when + refractory[k], 1, k))
                send(network.n_inputs + k, when)
                continue
            if not pending or stop >= end:
                return found
            event = min(pending)
            pending.remove(event)
            time, kind, place = event
            if kind == 1:
                state[place].carry(time)
                state[place].voltage, state[place].held = reset[place], False
                continue
            rows = network.rows
            for j in range(rows.high[place] - rows.low[place]):
                neuron = state[rows.low[place] + j]
                neuron.carry(time)
                neuron.current += weights[rows.begin[place] + j]


class Neuron:
    """Voltage and current of one neuron."""

    def __init__(self, gap, reset, initial, mem, syn):
        self.gap, self.reset, self.mem, self.syn = gap, reset, mem, syn
        self.voltage, self.current, self.clock, self.held = initial, mp.mpf(0), mp.mpf(0), False

    def at(self, s):
        """Voltage a time s later."""
        if self.mem == self.syn:
            response = s / self.mem * mp.exp(-s / self.mem)
        else:
            decays = mp.exp(-s / self.mem) - mp.exp(-s / self.syn)
            response = self.syn / (self.mem - self.syn) * decays
        return self.voltage * mp.exp(-s / self.mem) + self.current * response

    def rises(self, s):
        """Whether the voltage rises a time s later."""
        return self.current * mp.exp(-s / self.syn) > self.at(s)

    def carry(self, time):
        """Go on to a time."""
        s = time - self.clock
        if not self.held:
            self.voltage = self.at(s)
        self.current *= mp.exp(-s / self.syn)
        self.clock = time

    def crossing(self, stop):
        """Time before `stop` at which the voltage rises through the threshold, or None."""
        if self.held or self.current <= self.gap:
            return None
        upper = min(stop - self.clock, mp.mpf(60))
        if not self.rises(upper):
            upper = bisected(self.rises, upper)
        if self.at(upper) <= self.gap:
            return None
        return self.clock + bisected(lambda s: self.at(s) <= self.gap, upper)


def bisected(holds, upper):
    """Where something ceases to hold, between 0 and `upper`."""
    lower = mp.mpf(0)
    for _ in range(int(3.4 * DIGITS)):
        middle = (lower + upper) / 2
        lower, upper = (middle, upper) if holds(middle) else (lower, middle)
    return upper
