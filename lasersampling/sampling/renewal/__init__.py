"""Renewal neurons, a fast abstraction of lasers: their measured hazard, and a sampler made of them.

Whatever needs the rate equations does not belong here: it stands in `lasersampling.lasers` or
`lasersampling.sampling.neurons`.
"""
