"""Learning from data: one training loop, and rooms for machines, pictures and spikes around it.

Here stand the loop, what a task must do, checkpoints and averages. What is particular to one kind
of task stands in a room of its own; the rooms do not import each other. No results files.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.learning.checkpoints import Checkpoints as Checkpoints
    from lasersampling.learning.loop import train as train
else:
    __all__, __getattr__ = on_demand(__name__)
