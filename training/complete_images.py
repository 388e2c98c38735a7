"""Occluded and noisy images completed by lasers, and by Gibbs sampling, over time."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import lasersampling as ls
from lasersampling.cli.main import run
from lasersampling.cli.reporting import Reporter
from lasersampling.config import to_toml
from lasersampling.errors import InputError
from lasersampling.judging.picture_records import write_completions
from lasersampling.learning.pictures.models import load_picture_model
from lasersampling.results import ResultsFile
from lasersampling.results.records import write_calibration, write_neuron
from lasersampling.sampling.completion import Completions, SeenImages, complete, occluded

NOISE = 0.1
"""Chance that a pixel of a noisy image is flipped."""
WINDOW_NS = 10.0
SHOWN_TIMES = 5


def over_time(found: Completions, originals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Error after each draw, and its standard error over images."""
    error = found.error(originals).mean(axis=1)
    return error.mean(axis=0), error.std(axis=0, ddof=1) / np.sqrt(len(error))


def best_guess(found: Completions, originals: np.ndarray, n_draws: int) -> tuple[float, float]:
    """Error of the most probable value of each pixel, and its standard error over images."""
    guess = (found.mean(n_draws) >= 0.5).astype(np.int8)[:, None, None]
    error = Completions(guess, guess, found.known, None).error(originals)[:, 0, 0]
    return float(error.mean()), float(error.std(ddof=1) / np.sqrt(len(error)))


def main(
    out: Annotated[Path, typer.Option(help="Results file to write.")] = Path(
        "results/complete_images.h5"
    ),
    model: Annotated[str, typer.Option(help="Machine file, or name of a shipped one.")] = "digits",
    images: Annotated[int, typer.Option(min=2, help="Held-out images.")] = 60,
    completions: Annotated[int, typer.Option(min=2, help="Completions of each image.")] = 8,
    occlude: Annotated[str, typer.Option(help="Half that is hidden.")] = "lower",
    noisy: Annotated[int, typer.Option(min=2, help="Of the images, so many with noise.")] = 10,
    duration_ns: Annotated[float, typer.Option(min=5.0, help="Laser time per image.")] = 200.0,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of adaptation.")] = 2,
    device: Annotated[str, typer.Option(help="Device file or name.")] = "D6",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few seconds instead of minutes.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Share of wrong pixels in what was hidden, lasers beside Gibbs sampling of the machine."""
    if smoke:
        images, completions, noisy, duration_ns, rounds = 4, 2, 2, 10.0, 0
    reporter = Reporter(quiet=False, as_json=False)
    tau = ls.Lasers(device).neuron.refractory_time_ns
    lasers = ls.Lasers(device, burn_in_ns=0.0, interval_ns=tau)
    n_draws = max(2, lasers.draws_in(duration_ns))
    config = {
        "model": model, "images": images, "completions": completions, "occlude": occlude,
        "noisy": noisy, "duration_ns": duration_ns, "rounds": rounds, "device": device,
    }  # fmt: skip
    command = shlex.join(["python", *sys.argv])
    with ResultsFile.create(
        out,
        command=command,
        seed=seed,
        config=to_toml(config),
        overwrite=overwrite,
        inputs=[model, device],
        figures=["completions"],
    ) as file:
        loaded = load_picture_model(model)
        if loaded.data is None:
            got = "a machine without its images"
            raise InputError.single("model", got, "one that says what it was trained on")
        held_out = loaded.data.load().binarised("threshold")
        generator = np.random.default_rng(seed)
        order = generator.permutation(len(held_out.test_images))[:images]
        originals = held_out.test_images[order].astype(np.int8)
        some = originals[:noisy]
        flipped = np.where(generator.random(some.shape) < NOISE, 1 - some, some)
        with reporter.progress(f"calibrating {device} (once)") as progress:
            write_calibration(file, lasers.calibrated(progress))
        hidden = occluded(loaded.shape, occlude)
        cases = {
            "occluded": (originals, SeenImages(originals, hidden)),
            "noisy": (some, SeenImages(flipped, np.ones_like(hidden), NOISE)),
        }
        lasers_of = {}
        for case, (_, seen) in cases.items():
            with reporter.progress(f"{case}: adapting the lasers to the machine") as progress:
                lasers_of[case] = ls.adapt(
                    lasers, loaded.machine, n_rounds=rounds, seed=seed, progress=progress,
                    clamped=seen.clamped(loaded.machine),
                )  # fmt: skip
        write_neuron(file, lasers.neuron)
        file.write_machine(loaded.machine)
        time_ns = tau * np.arange(1, n_draws + 1)
        file.write("errors/time_ns", time_ns, ("time_ns",), units="ns", description="sampling time")
        window = max(1, int(WINDOW_NS / tau))
        # What the training images say of each pixel, without looking at the rest.
        guess = held_out.train_images.mean(axis=0) >= 0.5
        blind = (guess != originals)[:, ~hidden].mean(axis=1)
        file.metric("error_occluded_blind", blind.mean(), blind.std(ddof=1) / np.sqrt(images))
        print(f"occluded, mean training image: {blind.mean():.4f}", flush=True)
        print(f"noisy, as seen: {(flipped != some).mean():.4f}", flush=True)
        for case, (true, seen) in cases.items():
            samplers = {"gibbs": ls.Gibbs(burn_in=0), "lasers": lasers_of[case]}
            for name, sampler in samplers.items():
                with reporter.progress(f"{case}: completing with {name}") as progress:
                    found = complete(
                        sampler, loaded.machine, seen, n_completions=completions,
                        n_draws=n_draws, seed=seed, progress=progress,
                    )  # fmt: skip
                mean, error = over_time(found, true)
                for key, values in ((f"{case}_{name}", mean), (f"{case}_{name}_se", error)):
                    file.write(
                        f"errors/{key}", values, ("time_ns",),
                        units="1", description="share of wrong pixels",
                    )  # fmt: skip
                best, best_se = best_guess(found, true, n_draws // 2)
                file.metric(f"error_{case}_{name}", mean[-1], error[-1])
                file.metric(f"error_{case}_best_guess_{name}", best, best_se)
                print(
                    f"{case}, {name}: single completions {mean[-1]:.4f} ± {error[-1]:.4f}, most "
                    f"probable pixels {best:.4f} ± {best_se:.4f}", flush=True,
                )  # fmt: skip
                if (case, name) == ("occluded", "lasers"):
                    shown = np.unique(np.geomspace(1, n_draws, SHOWN_TIMES).astype(int)) - 1
                    write_completions(
                        file, loaded.shape, found, seen.pixels, time_ns, shown,
                        originals=true, window_draws=window,
                    )  # fmt: skip
        headline = f"Hidden halves completed by nanolasers ({model})"
        file.attributes("completions", {"headline": headline})
    for path in file.draw():
        print(f"written: {path}")


if __name__ == "__main__":
    run(main)
