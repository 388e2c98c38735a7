"""``lasersampling generate --complete``: lasers complete a picture of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from lasersampling.cli.resuming import ResumableRun, drawn
from lasersampling.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lasersampling.commands.generate_configuration import CompletionSettings, GenerateConfig
    from lasersampling.commands.reporting import Reporter
    from lasersampling.learning.pictures.models import PictureModel

_SHOWN = 5
"""Moments at which a forming completion is shown."""


def check_request(
    complete: Path | None, mask: Path | None, occlude: str | None, model: str | None, n_labels: int
) -> None:
    """Check the options of a completion against one another.

    Raises
    ------
    InputError
        If they do not fit together.
    """
    if complete is None:
        for name, value in (("--mask", mask), ("--occlude", occlude)):
            if value is not None:
                raise InputError.single(name, value, "a picture to complete too (--complete)")
        return
    if model is None:
        raise InputError.single("--complete", complete, "a trained machine too (--from)")
    if mask is not None and occlude is not None:
        raise InputError.single("--mask, --occlude", "both", "one of them")
    if n_labels > 1:
        raise InputError.single("--label", f"{n_labels} of them", "at most one with --complete")


def asked_of(
    complete: Path | None, mask: Path | None, occlude: str | None
) -> CompletionSettings | None:
    """Put the options of a completion together; None if there is to be none."""
    from lasersampling.commands.generate_configuration import CompletionSettings

    if complete is None:
        return None
    return CompletionSettings(str(complete), "" if mask is None else str(mask), occlude or "")


def complete_picture(
    context: typer.Context,
    config: GenerateConfig,
    loaded: PictureModel,
    files: ResumableRun,
    reporter: Reporter,
) -> None:
    """Complete a picture by lasers several times, and show where the completions differ.

    Raises
    ------
    InputError
        For pictures that cannot be read, and if nothing or all of the picture is unknown.
    """
    from rich.console import Group

    from lasersampling.boltzmann.unit_names import UnitNames
    from lasersampling.cli.preparing import adapted, calibrate_once
    from lasersampling.cli.tables import MeasuresTable, metrics_values
    from lasersampling.datasets.image_files import read_picture
    from lasersampling.judging.picture_records import write_completions
    from lasersampling.results.contents import Metric
    from lasersampling.results.records import write_adaptations, write_calibration, write_neuron
    from lasersampling.results.summary import summary_of
    from lasersampling.sampling.completion import SeenImages, complete
    from lasersampling.sampling.conditions import occluded
    from lasersampling.sampling.neurons.sampler import Lasers

    assert config.completion is not None
    picture, occlude = Path(config.completion.picture), config.completion.occlude
    machine, shape = loaded.machine, loaded.shape
    labels = config.label_numbers(loaded.class_names)
    pixels, known = read_picture(picture, shape, invert=config.data.invert)
    _check_ink(pixels, known, picture)
    seen = known.copy()
    if occlude:
        try:
            known &= occluded(shape, occlude)
        except InputError as error:
            raise InputError(problem.at("--occlude") for problem in error.problems) from None
    if config.completion.mask:
        bright, opaque = read_picture(Path(config.completion.mask), shape)
        known &= (bright == 1) & opaque
    if known.all() or not known.any():
        got = "all of it known" if known.all() else "nothing of it known"
        expected = "a picture with some transparent pixels, or --mask or --occlude"
        raise InputError.single(str(picture), got, expected)
    _tell_ink(pixels, seen, known, reporter)
    with files.open(context, config, config.seed, reporter) as file:
        lasers = Lasers(config.device, interval_ns=config.interval_ns, burn_in_ns=0.0)
        calibrate_once(lasers, reporter)
        given = SeenImages(pixels[None], known, label=labels[0] if labels else None)
        plan = config.adaptation(max(2, config.free_images))
        adaptation = adapted(lasers, machine, given.clamped(machine), plan, reporter)
        lasers = adaptation.lasers
        n_draws = int((config.burn_in_ns + config.duration_ns) / config.interval_ns + 1e-9)
        with reporter.progress("completing the picture") as progress:
            found = complete(
                lasers,
                machine,
                given,
                n_completions=max(2, config.free_images),
                n_draws=max(2, n_draws),
                seed=config.seed,
                progress=progress,
            )
        spread, spread_se = found.mean_uncertainty()
        metrics = {
            "completion_spread": Metric(
                spread, spread_se, "1", "standard deviation of an unknown pixel over completions"
            ),
            "unknown_pixels": Metric(float((~known).sum()), None, "1", "pixels to complete"),
            "n_completions": Metric(float(found.states.shape[1]), None, "1", "completions"),
        }
        if file is not None:
            with file.finish() as results:
                results.metrics(metrics)
                write_adaptations(results, [adaptation])
                write_neuron(results, lasers.neuron)
                write_calibration(results, lasers.calibration)
                results.write_machine(machine, UnitNames(label=loaded.class_names))
                tau = lasers.neuron.refractory_time_ns
                time_ns = tau + config.interval_ns * np.arange(found.states.shape[2])
                shown = np.unique(np.geomspace(1, time_ns.size, _SHOWN).astype(int)) - 1
                write_completions(
                    results, shape, found, pixels[None], time_ns, shown,
                    window_draws=config.window_draws,
                )  # fmt: skip
                headline = f"A picture completed by nanolasers ({loaded.name})"
                results.attributes("completions", {"headline": headline})
    written = drawn(file, reporter)
    reporter.result(
        {
            "model": loaded.name,
            "picture": str(picture),
            "known_pixels": int(known.sum()),
            "label": loaded.class_names[labels[0]] if labels else None,
            "completions": found.states.shape[1],
            "seed": config.seed,
            "metrics": metrics_values(metrics),
            "files": [str(path) for path in written],
        },
        Group(
            _drawing(pixels, known, found.mean(config.window_draws)[0], shape),
            "",
            MeasuresTable(
                f"{picture.name}, completed by {loaded.name}", summary_of(metrics, "generate")
            ),
        ),
    )
    reporter.status(
        f"{int((~known).sum())} of {known.size} pixels were completed {found.states.shape[1]} times"
    )


def _check_ink(pixels: NDArray[np.int8], known: NDArray[np.bool_], picture: Path) -> None:
    """Refuse a picture with nothing on it, before half of it is hidden."""
    if not known.any():
        return  # with masks and halves this is reported elsewhere
    given = pixels[known]
    if (given != given[0]).any():
        return
    kind = "bright" if given[0] else "dark"
    got = f"the same value, {kind}, in all {given.size} pixels that are not clear"
    expected = "dark and bright pixels; clear ones are unknown, so ink needs paper under it"
    raise InputError.single(str(picture), got, expected)


def _tell_ink(
    pixels: NDArray[np.int8], seen: NDArray[np.bool_], known: NDArray[np.bool_], reporter: Reporter
) -> None:
    """Warn of pictures that may not be meant: bright paper, or a known part without ink."""
    share = pixels[seen].mean()
    if share > 0.5:
        reporter.status(
            f"{share:.0%} of the picture is bright, and bright pixels count as strokes; for dark "
            "strokes on bright paper, add --set data.invert=true"
        )
    if (pixels[known] == pixels[known][0]).all():
        kind = "bright" if pixels[known][0] else "dark"
        reporter.status(f"all pixels that are left as known are {kind}: they say little")


def _drawing(
    pixels: NDArray[np.int8],
    known: NDArray[np.bool_],
    mean: NDArray[np.float64],
    shape: tuple[int, int],
) -> str:
    """Show the given picture and the most probable completion side by side, in characters."""
    seen = np.where(known, np.where(pixels == 1, "█", "·"), "?").reshape(shape)
    found = np.where(mean >= 0.5, "█", "·").reshape(shape)
    lines = [f"{''.join(a)}   {''.join(b)}" for a, b in zip(seen, found, strict=True)]
    return "\n".join(lines)
