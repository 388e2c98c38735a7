"""Lasers as sampling neurons: calibration, translation, adaptation, imperfections, power.

What a laser is by itself is `lasersampling.lasers`; nothing here knows what is learned or judged.
"""
