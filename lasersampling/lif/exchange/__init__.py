"""LIF networks as arrays, as HDF5 files, to and from NIR, and spikes as event data.

Nothing here computes spikes.
"""
