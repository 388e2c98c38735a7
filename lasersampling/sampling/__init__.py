"""Samplers: what turns a machine into states."""

from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.protocol import Sampler, Samples

__all__ = ["Gibbs", "Sampler", "Samples"]
