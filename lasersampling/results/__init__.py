"""Results files: writing, reading, their layout, and the figures made from them.

What is written is computed elsewhere, by `lasersampling.judging` for instance; nothing here judges.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.labelled import Variable as Variable
    from lasersampling.results.animation import save_animation as save_animation
    from lasersampling.results.contents import Metric as Metric
    from lasersampling.results.contents import Results as Results
    from lasersampling.results.provenance import git_commit as git_commit
    from lasersampling.results.reading import read_results as read_results
    from lasersampling.results.records import PERFORMANCE as PERFORMANCE
    from lasersampling.results.records import flattened as flattened
    from lasersampling.results.records import write_calibration as write_calibration
    from lasersampling.results.records import write_class_names as write_class_names
    from lasersampling.results.records import write_device as write_device
    from lasersampling.results.records import write_lines as write_lines
    from lasersampling.results.records import write_neuron as write_neuron
    from lasersampling.results.records import write_performance as write_performance
    from lasersampling.results.records import write_posteriors as write_posteriors
    from lasersampling.results.run_file import RunFile as RunFile
    from lasersampling.results.run_file import read_checkpoint as read_checkpoint
    from lasersampling.results.run_file import write_history as write_history
    from lasersampling.results.store import ResultsFile as ResultsFile
else:
    __all__, __getattr__ = on_demand(__name__)
