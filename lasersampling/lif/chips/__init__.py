"""Emulated analog chips of LIF neurons: events, calibration from spikes, networks in the loop.

What is imperfect about any device, LIF or laser, stands in `lasersampling.hardware` and not here.
"""
