"""What any sampler must do, and what is done with draws: inference, completion, recognition.

Lasers as neurons stand in `neurons`, their fast abstraction in `renewal`, and `certificate` says
whether draws can be trusted. Nothing here learns from data.
"""

from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.protocol import ChainState, Sampler, Samples

__all__ = ["ChainState", "Gibbs", "Sampler", "Samples"]
