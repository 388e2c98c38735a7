"""Lasers as sampling neurons: calibration, translation, adaptation, imperfections, power.

The laser by itself is `lasersampling.lasers`; nothing here knows what is learned or judged.
"""
