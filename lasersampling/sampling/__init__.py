"""Samplers: what turns a machine into states."""

from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.protocol import ChainState, Sampler, Samples

__all__ = ["ChainState", "Gibbs", "Sampler", "Samples"]
