"""LIF networks as arrays, as HDF5 files, to and from NIR, and spikes as event data.

Files and formats only: nothing here computes spikes or trains.
"""
