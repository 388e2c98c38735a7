"""Networks of populations of neurons that spike as often as they like: what they are.

Here stand ragged spikes, populations, connections, their parameters, read-outs and losses. No
engine may enter: `lif.events` runs these networks from event to event, `lif.grid` on a time grid.
"""
