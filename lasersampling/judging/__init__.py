"""Figures of merit of what was drawn or learned: samples, posteriors, fits, pictures, decisions.

They come with errors, and with a reason where they are missing, and know their layout in a results
file. Storing, reading and drawing do not belong here: they stand in `lasersampling.results`.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.judging.generation import generate_images as generate_images
    from lasersampling.judging.generation import label_conditions as label_conditions
    from lasersampling.judging.image_quality import ImageJudge as ImageJudge
    from lasersampling.judging.image_quality import quality_over_time as quality_over_time
    from lasersampling.judging.image_quality import ratios as ratios
    from lasersampling.judging.images import write_generated as write_generated
    from lasersampling.judging.machines import judge_machine as judge_machine
    from lasersampling.judging.picture_records import write_completions as write_completions
    from lasersampling.judging.picture_records import write_neighbours as write_neighbours
    from lasersampling.judging.picture_records import write_quality as write_quality
    from lasersampling.judging.samples import evaluate as evaluate
    from lasersampling.judging.samples import evaluate_target as evaluate_target
    from lasersampling.judging.spikes import evaluate_classifier as evaluate_classifier
else:
    __all__, __getattr__ = on_demand(__name__)
