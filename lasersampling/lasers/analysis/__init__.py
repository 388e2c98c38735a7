"""Single lasers with little or no noise: pulses, thresholds, stability, first passages, emission.

Networks of lasers do not belong here; `lasersampling.lasers.simulation` simulates them.
"""
