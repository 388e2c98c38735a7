"""Configuration of ``lasersampling generate``, which loads torch and so stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from lasersampling.checks import memory_problems
from lasersampling.config import Count, NonNegative, Positive, Seed, validated
from lasersampling.datasets.labels import number_of_name
from lasersampling.errors import InputError
from lasersampling.lasers.depression import Depression
from lasersampling.lasers.device import Device
from lasersampling.learning.pictures.settings import PictureLearning, PictureSettings
from lasersampling.sampling.adapting import Adaptation
from lasersampling.sampling.neurons.adaptation import Rounds
from lasersampling.sampling.neurons.tempering import Tempering
from lasersampling.sampling.protocol import BYTES_PER_CHAIN

_ADAPTING_CHAINS = 24


@validated
class CompletionSettings:
    """A picture to be completed, which options name.

    Attributes
    ----------
    picture : str
        Its file.
    mask : str
        File of a picture that is bright where the picture is known, if there is one.
    occlude : str
        The half that is hidden, if one is.
    """

    picture: str
    mask: str = ""
    occlude: str = ""


@validated
class GenerateConfig:
    """Configuration of ``lasersampling generate``, and keys of a recipe.

    Attributes
    ----------
    device : Device
        The laser; in a recipe also the name of one.
    data : PictureSettings
        Images to learn from, and to judge by.
    training : PictureLearning
        How the machine is trained.
    model : str
        A trained machine in place of training: a file, or the name of a shipped one.
    needs_data : bool
        Whether it is an error if there are no images to judge by; so where `data` was named.
    labels : tuple of str or int
        Classes to be clamped, by name, or by number unless some name is another number. All
        classes by default.
    images_per_label, free_images : int
        Number of images, with one chain each, for every clamped label and without a label.
    burn_in_ns, duration_ns, interval_ns : float
        Laser time before the first draw (at least), of the sampling, and between draws [ns].
    most_burn_in_ns : float
        If means need longer to settle according to Gibbs sampling (`sampling.settling`), the time
        before the first draw is lengthened up to this limit [ns].
    window_ns : float
        Images are shown as means over this last part of the sampling [ns].
    gibbs_burn_in, gibbs_thin : int
        Sweeps of Gibbs sampling before the first draw, and per draw.
    adaptation_rounds : int or None
        Rounds in which lasers are adapted to the machine; they are used adapted if they then draw
        better. 0 for no adaptation; by default lasers are adapted where that helps
        (`sampling.adapting`).
    adaptation_draws : int
        Number of draws of each round and chain, one refractory time apart.
    seed : int
        Seed of training and sampling.
    tempering : Tempering or None
        Modulates pumps and couplings periodically; durations include the hot parts.
    depression : Depression or None
        Gives synapses short-term depression.
    completion : CompletionSettings or None
        A picture to be completed, in place of images to be drawn.
    """

    device: Device
    data: PictureSettings = PictureSettings()
    training: PictureLearning = PictureLearning()
    model: str = ""
    needs_data: bool = False
    labels: tuple[Annotated[int, Field(ge=0)] | str, ...] = ()
    images_per_label: Annotated[int, Field(ge=2)] = 10
    free_images: Annotated[int, Field(ge=0)] = 40
    burn_in_ns: NonNegative = 400.0
    most_burn_in_ns: NonNegative = 2500.0
    duration_ns: Positive = 400.0
    interval_ns: Positive = 4.0
    window_ns: Positive = 40.0
    gibbs_burn_in: Annotated[int, Field(ge=0)] = 2000
    gibbs_thin: Count = 4
    adaptation_rounds: Rounds | None = None
    adaptation_draws: Annotated[int, Field(ge=4)] = 100
    seed: Seed = 0
    tempering: Tempering | None = None
    depression: Depression | None = None
    completion: CompletionSettings | None = None

    def __post_init__(self) -> None:
        if not self.interval_ns <= self.window_ns <= self.duration_ns:
            raise InputError.single(
                "window_ns",
                self.window_ns,
                f"interval_ns ({self.interval_ns:g}) to duration_ns ({self.duration_ns:g})",
            )

    def label_numbers(self, class_names: Sequence[str]) -> tuple[int, ...]:
        """Numbers of the classes to be clamped.

        Raises
        ------
        InputError
            For unknown classes; the message has similar names.
        """
        if self.labels and not class_names:
            got = ", ".join(str(label) for label in self.labels)
            raise InputError.single("--label", got, "none: the machine has no label units")
        return tuple(number_of_name(str(label), class_names, "--label") for label in self.labels)

    def check_size(self, n_units: int, n_classes: int) -> None:
        """Refuse more images and draws than fit into memory, before anything is done.

        Raises
        ------
        InputError
            With the requested numbers.
        """
        n_chains = (len(self.labels) or n_classes) * self.images_per_label + self.free_images
        where = "images_per_label, free_images, duration_ns / interval_ns"
        shape = n_chains, self.n_draws, n_units
        problems = memory_problems(where, shape, 1, per_row=BYTES_PER_CHAIN)
        if problems:
            raise InputError(problems)

    @property
    def n_draws(self) -> int:
        """Draws per chain."""
        return max(1, int(self.duration_ns / self._time_per_draw_ns + 1e-9))

    @property
    def window_draws(self) -> int:
        """Number of draws over which an image is averaged."""
        return max(1, int(self.window_ns / self._time_per_draw_ns + 1e-9))

    def adaptation(self, n_chains: int) -> Adaptation:
        """Say how lasers are adapted before a run of so many chains."""
        return Adaptation(
            rounds=self.adaptation_rounds,
            run_time_ns=n_chains * (self.burn_in_ns + self.duration_ns),
            n_draws=self.adaptation_draws,
            n_chains=_ADAPTING_CHAINS,
            seed=self.seed,
        )

    @property
    def _time_per_draw_ns(self) -> float:
        """Laser time per draw, with hot parts distributed over the draws [ns]."""
        if self.tempering is None:
            return self.interval_ns
        return self.tempering.period_ns / self.tempering.draws_per_period(self.interval_ns)
