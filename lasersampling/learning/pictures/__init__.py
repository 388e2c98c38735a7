"""Machines of pictures: persistent contrastive divergence, recipes, a sampler in the loop.

The classifier that judges pictures is trained here too, since it learns from the same data. Nothing
here knows which sampler it learns with.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.learning.pictures.in_the_loop import fine_tune as fine_tune
    from lasersampling.learning.pictures.label_reader import (
        train_label_reader as train_label_reader,
    )
    from lasersampling.learning.pictures.models import PictureModel as PictureModel
    from lasersampling.learning.pictures.models import describe_data as describe_data
    from lasersampling.learning.pictures.models import load_picture_model as load_picture_model
    from lasersampling.learning.pictures.settings import FineTuning as FineTuning
    from lasersampling.learning.pictures.settings import PictureLearning as PictureLearning
    from lasersampling.learning.pictures.settings import PictureSettings as PictureSettings
    from lasersampling.learning.pictures.training import train_images as train_images
else:
    __all__, __getattr__ = on_demand(__name__)
