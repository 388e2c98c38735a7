"""Pictures that are shifted, turned, scaled and bent at random each time they are shown.

References
----------
P. Y. Simard, D. Steinkraus, J. C. Platt, Proceedings of ICDAR (2003) 958 (elastic distortions).
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import AfterValidator
from torch import Tensor
from torch.nn import functional

from lasersampling.checks import refuse
from lasersampling.config import validated
from lasersampling.config.ranges import Within
from lasersampling.datasets.picture_spikes import EncodedPictures
from lasersampling.datasets.spikes import AnyPart
from lasersampling.errors import Problem
from lasersampling.learning.spikes.inputs import Samples, Times, samples_of
from lasersampling.lif.streams import Streams

_Pixels = Annotated[float, AfterValidator(Within(0.0, 100.0))]
_Width = Annotated[float, AfterValidator(Within(0.1, 100.0))]
_Angle = Annotated[float, AfterValidator(Within(0.0, 180.0))]
_Zoom = Annotated[float, AfterValidator(Within(0.0, 0.9))]

_N_UNIFORM = 4


@validated
class Augmentation:
    """How far training pictures are varied, anew each time they are shown.

    Pictures of the validation and the test part are never varied.

    Attributes
    ----------
    shift : float
        Largest shift along rows and along columns [pixel].
    angle : float
        Largest angle of rotation [degree].
    zoom : float
        Largest relative change of the size [1].
    elastic : float
        Standard deviation of the displacement of each pixel along rows and along columns [pixel].
    elastic_width : float
        Standard deviation of the Gaussians of which these displacements are made [pixel].

    Raises
    ------
    InputError
        For numbers out of range.

    Examples
    --------
    >>> from lasersampling.learning.spikes.augmentation import Augmentation
    >>> Augmentation(shift=1.0, angle=10.0).zoom
    0.0
    """

    shift: _Pixels = 0.0
    angle: _Angle = 0.0
    zoom: _Zoom = 0.0
    elastic: _Pixels = 0.0
    elastic_width: _Width = 4.0


def augmentation_problems(augmentation: Augmentation | None, part: AnyPart) -> list[Problem]:
    """Check that what is to be varied are pictures.

    Parameters
    ----------
    augmentation : Augmentation or None
        How they are varied, if they are.
    part : SpikeSet, EventSet or StoredEvents
        The training part.
    """
    if augmentation is None or isinstance(part, EncodedPictures):
        return []
    expected = "none with data that are not pictures, such as mnist16, mnist28 or digits"
    return [Problem("learning.augmentation", "settings", expected)]


def varied(images: Tensor, augmentation: Augmentation, streams: Streams) -> Tensor:
    """Vary pictures at random, each in its own way.

    Each pixel takes the brightness of the place from which it is moved, interpolated linearly
    between the four pixels around it; what lies outside of a picture is black.

    Parameters
    ----------
    images : Tensor of float64, shape (member, sample, row, column)
        Brightness, from 0 to 1.
    augmentation : Augmentation
        How far.
    streams : Streams
        Random streams of the members.

    Returns
    -------
    Tensor, in the shape of `images`

    Examples
    --------
    >>> import torch
    >>> from lasersampling.learning.spikes.augmentation import Augmentation, varied
    >>> from lasersampling.lif import Streams
    >>> images = torch.rand(1, 3, 8, 8, dtype=torch.float64)
    >>> bool(torch.allclose(varied(images, Augmentation(), Streams([0])), images))
    True
    """
    n_members, n_samples, *size = images.shape
    drawn = 2.0 * streams.uniform(n_samples, _N_UNIFORM) - 1.0
    shifts = augmentation.shift * drawn[..., :2]
    angles = math.radians(augmentation.angle) * drawn[..., 2]
    sizes = 1.0 + augmentation.zoom * drawn[..., 3]
    rows, columns = (torch.arange(n, dtype=torch.float64) - 0.5 * (n - 1) for n in size)
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))  # from the centre [pixel]
    cosines, sines = torch.cos(angles) / sizes, torch.sin(angles) / sizes
    turn = torch.stack([cosines, -sines, sines, cosines], -1).unflatten(-1, (2, 2))
    sources = torch.einsum("msij,jrc->msirc", turn, places) - shifts[..., None, None]
    if augmentation.elastic:
        across, down = (_bumps(n, augmentation.elastic_width) for n in size)
        heights = streams.normal(n_samples, 2, across.shape[1], down.shape[1])
        sources = sources + augmentation.elastic * (across @ heights @ down.T)
    # torch counts along columns first, in half widths from the centre.
    halves = 0.5 * torch.tensor([size[1], size[0]], dtype=torch.float64)
    grid = sources.flip(2).permute(0, 1, 3, 4, 2).flatten(0, 1) / halves
    given = images.flatten(0, 1)[:, None].to(grid)
    moved = functional.grid_sample(given, grid, padding_mode="zeros", align_corners=False)
    return moved.clamp(0.0, 1.0).view(n_members, n_samples, *size).to(images)


class AugmentedTimes(Times):
    """Pictures that are varied each time they are shown; see `inputs.Samples`.

    Parameters
    ----------
    part : EncodedPictures
        The pictures.
    like : Tensor
        Has the device and the precision that are wanted.
    augmentation : Augmentation
        How far they are varied.
    streams : Streams
        Random streams of the members.
    """

    def __init__(
        self, part: EncodedPictures, like: Tensor, augmentation: Augmentation, streams: Streams
    ) -> None:
        super().__init__(part, like)
        self._shape, self._encoding = part.shape, part.encoding
        self._augmentation, self._streams = augmentation, streams

    def of(self, chosen: Tensor) -> Tensor:
        """Return the times of some samples, varied anew; see `inputs.Samples`."""
        times = super().of(chosen)
        images = torch.from_numpy(self._encoding.brightness(times.cpu().numpy()))
        images = varied(images.unflatten(-1, self._shape), self._augmentation, self._streams)
        return torch.from_numpy(self._encoding.times(images.flatten(2).numpy())).to(times)


def training_samples(
    part: AnyPart, like: Tensor, augmentation: Augmentation | None, streams: Streams
) -> Samples:
    """Return the input spikes of the training part, varied if that is wanted.

    Parameters
    ----------
    part : SpikeSet, EventSet or StoredEvents
        The training part.
    like : Tensor
        Has the device and the precision that are wanted.
    augmentation : Augmentation or None
        How pictures are varied, if they are.
    streams : Streams
        Random streams of the members.

    Raises
    ------
    InputError
        If what is to be varied are no pictures.
    """
    refuse(augmentation_problems(augmentation, part))
    if augmentation is None:
        return samples_of(part, like)
    assert isinstance(part, EncodedPictures)
    return AugmentedTimes(part, like, augmentation, streams)


def _bumps(n: int, width: float) -> Tensor:
    """Return Gaussians a width apart, (pixel, Gaussian), whose squares add up to 1 in each pixel.

    Sums of them at random heights are smooth noise of variance 1, for far fewer random numbers than
    smoothed noise of each pixel takes.
    """
    centres = torch.arange(-1.0, (n - 1) / width + 2.0, dtype=torch.float64)
    places = torch.arange(n, dtype=torch.float64) / width
    weights = torch.exp(-0.5 * (places[:, None] - centres) ** 2)
    lengths: Tensor = torch.linalg.vector_norm(weights, dim=1, keepdim=True)
    return weights / lengths
