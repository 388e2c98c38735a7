"""Emulated analog chips of LIF neurons: events, calibration from spikes, networks in the loop.

What is imperfect about any device is `lasersampling.hardware`.
"""
