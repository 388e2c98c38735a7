"""What any sampler must do, and what is done with draws: inference, completion, certificates.

Lasers as neurons stand in `neurons`, their fast abstraction in `renewal`, and whether draws can be
trusted is asked in `certificate`.
"""

from lasersampling.sampling.gibbs import Gibbs
from lasersampling.sampling.protocol import ChainState, Sampler, Samples

__all__ = ["ChainState", "Gibbs", "Sampler", "Samples"]
