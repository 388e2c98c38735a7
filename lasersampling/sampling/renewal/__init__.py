"""Renewal neurons, a fast abstraction of lasers: their measured hazard, and a sampler made of them.

Whatever needs the rate equations stands in `lasersampling.lasers` or `sampling.neurons`.
"""
