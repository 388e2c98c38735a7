"""Occluded and noisy images completed by lasers, and by Gibbs sampling, over time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import lasersampling as ls
from lasersampling.experiments import Run, option
from lasersampling.judging import write_completions
from lasersampling.sampling import Completions, Sampler

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


@dataclass(frozen=True)
class Settings:
    """Fraction of wrong pixels among the hidden ones, by lasers and by Gibbs sampling."""

    model: str = option("digits", "Machine file, or name of a shipped one.")
    images: int = option(60, "Held-out images.", min=2)
    completions: int = option(8, "Completions of each image.", min=2)
    occlude: str = option("lower", "Half that is hidden.")
    noisy: int = option(10, "Of the images, so many with noise.", min=2)
    duration_ns: float = option(200.0, "Laser time per image.", min=5.0)
    rounds: int = option(2, "Rounds of adaptation.", min=0)
    device: str = option("D6", "Device file or name.")

    def smallest(self) -> Settings:
        return replace(self, images=4, completions=2, noisy=2, duration_ns=10.0, rounds=0)


def main(settings: Settings, run: Run) -> None:
    tau = ls.Lasers(settings.device).neuron.refractory_time_ns
    lasers = ls.Lasers(settings.device, burn_in_ns=0.0, interval_ns=tau)
    n_draws = max(2, lasers.draws_in(settings.duration_ns))
    with run.results(settings) as file:
        loaded = ls.load_picture_model(settings.model)
        held_out = loaded.pictures().binarised("threshold")
        generator = np.random.default_rng(run.seed)
        order = generator.permutation(len(held_out.test_images))[: settings.images]
        originals = held_out.test_images[order].astype(np.int8)
        some = originals[: settings.noisy]
        flipped = np.where(generator.random(some.shape) < NOISE, 1 - some, some)
        run.calibrate(file, lasers)
        hidden = ls.occluded(loaded.shape, settings.occlude)
        cases = {
            "occluded": (originals, ls.SeenImages(originals, hidden)),
            "noisy": (some, ls.SeenImages(flipped, np.ones_like(hidden), NOISE)),
        }
        lasers_of = {}
        for case, (_, seen) in cases.items():
            with run.progress(f"{case}: adapting the lasers to the machine") as progress:
                lasers_of[case] = ls.adapt(
                    lasers, loaded.machine, n_rounds=settings.rounds, seed=run.seed,
                    clamped=seen.clamped(loaded.machine), progress=progress,
                )  # fmt: skip
        file.write_machine(loaded.machine)
        time_ns = tau * np.arange(1, n_draws + 1)
        file.write("errors/time_ns", time_ns, ("time_ns",), units="ns", description="sampling time")
        window = max(1, int(WINDOW_NS / tau))
        # What the training images say of each pixel, without looking at the rest.
        guess = held_out.train_images.mean(axis=0) >= 0.5
        blind = (guess != originals)[:, ~hidden].mean(axis=1)
        file.metric(
            "error_occluded_blind", blind.mean(), blind.std(ddof=1) / np.sqrt(settings.images)
        )
        print(f"occluded, mean training image: {blind.mean():.4f}")
        print(f"noisy, as seen: {(flipped != some).mean():.4f}")
        for case, (true, seen) in cases.items():
            samplers: dict[str, Sampler] = {"gibbs": ls.Gibbs(burn_in=0), "lasers": lasers_of[case]}
            for name, sampler in samplers.items():
                with run.progress(f"{case}: completing with {name}") as progress:
                    found = ls.complete(
                        sampler, loaded.machine, seen, n_completions=settings.completions,
                        n_draws=n_draws, seed=run.seed, progress=progress,
                    )  # fmt: skip
                mean, error = over_time(found, true)
                for key, values in ((f"{case}_{name}", mean), (f"{case}_{name}_se", error)):
                    file.write(
                        f"errors/{key}", values, ("time_ns",), units="1",
                        description="share of wrong pixels",
                    )  # fmt: skip
                best, best_se = best_guess(found, true, n_draws // 2)
                file.metric(f"error_{case}_{name}", mean[-1], error[-1])
                file.metric(f"error_{case}_best_guess_{name}", best, best_se)
                print(
                    f"{case}, {name}: single completions {mean[-1]:.4f} ± {error[-1]:.4f}, most "
                    f"probable pixels {best:.4f} ± {best_se:.4f}"
                )
                if (case, name) == ("occluded", "lasers"):
                    shown = np.unique(np.geomspace(1, n_draws, SHOWN_TIMES).astype(int)) - 1
                    write_completions(
                        file, loaded.shape, found, seen.pixels, time_ns, shown,
                        originals=true, window_draws=window,
                    )  # fmt: skip
        headline = f"Hidden halves completed by nanolasers ({settings.model})"
        file.attributes("completions", {"headline": headline})


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["completions"])
