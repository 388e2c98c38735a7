"""What any sampler must do, and what is done with draws: inference, completion, recognition.

Lasers as neurons stand in `neurons`, their fast abstraction in `renewal`, and `certificate` says
whether draws can be trusted. Nothing here learns from data.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.sampling.completion import Completions as Completions
    from lasersampling.sampling.completion import SeenImages as SeenImages
    from lasersampling.sampling.completion import complete as complete
    from lasersampling.sampling.conditions import occluded as occluded
    from lasersampling.sampling.evidence import Evidence as Evidence
    from lasersampling.sampling.gibbs import Gibbs as Gibbs
    from lasersampling.sampling.inference import infer as infer
    from lasersampling.sampling.pieces import Pieces as Pieces
    from lasersampling.sampling.posterior import Posterior as Posterior
    from lasersampling.sampling.protocol import ChainState as ChainState
    from lasersampling.sampling.protocol import Sampler as Sampler
    from lasersampling.sampling.protocol import Samples as Samples
    from lasersampling.sampling.recognition import Recognition as Recognition
    from lasersampling.sampling.recognition import recognise as recognise
else:
    __all__, __getattr__ = on_demand(__name__)
