"""Runs that are killed at random moments, go on, and are compared bit for bit with whole ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lasersampling as ls
from lasersampling.experiments import Run, chosen_of, option

TIMES = {
    "created_at", "wall_time_s", "command", "epoch_time", "epoch_time_s", "epoch_processor_time_s",
}  # fmt: skip
"""What depends on when and how fast a run was, and how it was called."""

HERE = Path(__file__).resolve().parent
IMAGES = [
    "--set=images_per_label=4", "--set=free_images=8", "--set=gibbs_burn_in=500",
    "--set=training.n_epochs=200", "--set=training.n_hidden=40", "--set=adaptation_rounds=2",
]  # fmt: skip
QUICK = [
    "--set=n_chains=8", "--set=activation_duration_ns=400", "--set=pair_duration_ns=400",
    "--set=performance.machine_duration_ns=400",
]  # fmt: skip
KINDS: dict[str, list[str]] = {
    "sample, Gibbs": ["sample", "machine.h5", "--sampler", "gibbs", "--draws", "50000"],
    "sample, lasers": ["sample", "machine.h5", "--duration-ns", "8000", "--adapt", "1"],
    "sample, renewal": ["sample", "machine.h5", "--sampler", "renewal", "--duration-ns", "16000"],
    "infer": ["infer", "alarm.toml", "--clamp", "0=1", "--adapt", "4"],
    "generate": ["generate", "digits", *IMAGES],
    "calibrate": ["calibrate", "D6", *QUICK],
    "simulate": ["simulate", "D6", "--pump", "0.8:0.9:200", "--duration-ns", "100000"],
    "fit": ["fit", "distribution", "--set=checkpoint_interval_s=1", "--set=learning.n_updates=200"],
    "classify": ["classify", "yin_yang_small", "--set=checkpoint_interval_s=1"],
    "experiment": [str(HERE / "mixing.py"), "--smoke"],
}


@dataclass(frozen=True)
class Settings:
    """How often runs that were killed with SIGKILL ended with the bits of whole ones."""

    kills: int = option(20, "Kills of each kind of run.", min=1)
    only: tuple[str, ...] = option((), "Kind of run; may be repeated.")

    def smallest(self) -> Settings:
        return replace(self, kills=1, only=("sample, Gibbs",))


def main(settings: Settings, run: Run) -> None:
    kinds = chosen_of(KINDS, settings.only)
    found = []
    with (
        run.results(settings) as file,
        tempfile.TemporaryDirectory() as folder,
        run.progress("killing runs") as progress,
    ):
        place = Path(folder)
        ls.save_machine(place / "machine.h5", ls.BoltzmannMachine.random(100, seed=1))
        ls.save_machine(place / "alarm.toml", ls.BoltzmannMachine.random(8, seed=2))
        for k, kind in enumerate(kinds):
            one = Kind(kind, place, settings.kills)
            found.append(run.step("kind", partial(one.counted, [run.seed, k])))
            kills, runs, same = found[-1]
            print(f"{kind}: {kills} kills of {runs} runs, {same} with the bits of a whole run")
            progress((k + 1) / (len(kinds) + 1))
        file.write("killed/kind", kinds, ("kind",), units="1", description="kind of run")
        for column, (name, about) in enumerate(
            (
                ("kills", "kills"),
                ("runs", "runs that were killed"),
                ("same", "ended with the bits"),
            )
        ):
            values = [row[column] for row in found]
            file.write(f"killed/{name}", values, ("kind",), units="1", description=about)
        kills, runs, same = np.sum(found, axis=0).tolist()
        file.metric("kills", kills, description="kills of all runs")
        about = "share of the runs that were killed which have the bits of a whole one"
        file.metric("same", same / runs, description=about)


@dataclass(frozen=True)
class Kind:
    """One kind of run, and how often it is to be killed."""

    name: str
    folder: Path
    kills: int

    def counted(self, seed: list[int]) -> tuple[int, int, int]:
        """Kill runs at random moments; return kills, runs, and runs with the same bits."""
        rng = np.random.default_rng(seed)
        for path in (*self.folder.glob("whole*"), *self.folder.glob("killed*")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        whole = self.folder / "whole.h5"
        begun = time.monotonic()
        self._started(whole, resume=False).wait()
        longest = time.monotonic() - begun
        kills = runs = same = 0
        while kills < self.kills:
            path = self.folder / f"killed{runs}.h5"
            kills += self._killed(path, self.kills - kills, longest, rng)
            runs += 1
            same += equal(whole, path)
        return kills, runs, same

    def _killed(self, path: Path, most: int, longest: float, rng: np.random.Generator) -> int:
        """Kill a run up to so many times, and let it end; return how often it was killed."""
        kills = 0
        while not is_complete(path):
            process = self._started(path, resume=path.exists())
            try:
                process.wait(None if kills == most else rng.uniform(0.1, 0.7) * longest)
                if not is_complete(path):
                    raise SystemExit(f"{self.name}: a run failed that went on")
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        return kills

    def _started(self, path: Path, *, resume: bool) -> subprocess.Popen[bytes]:
        words = KINDS[self.name]
        environment = os.environ | {"LASERSAMPLING_CACHE": str(self.folder / f"{path.stem}.cache")}
        if words[0].endswith(".py"):
            command = [*words, "--out", path.name, *(["--resume"] if resume else [])]
        else:
            head = ["-m", "lasersampling"]
            command = [*head, words[0], "--resume", path.name, "--quiet"]
            if not resume:
                command = [*head, *words, "--out", path.name, "--quiet"]
        return subprocess.Popen(
            [sys.executable, *command], cwd=self.folder, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


def is_complete(path: Path) -> bool:
    """Whether a run has ended."""
    return path.exists() and bool(ls.read_results(path, groups=()).attrs.get("complete", False))


def equal(one: Path, other: Path) -> bool:
    """Whether two results files hold the same bits, but for `TIMES`."""
    found = [ls.read_results(path) for path in (one, other)]
    names = [{n for n in each.contents if n.rpartition("/")[2] not in TIMES} for each in found]
    metrics = [
        {n: (m.value, m.standard_error) for n, m in each.metrics.items() if n not in TIMES}
        for each in found
    ]
    if names[0] != names[1] or repr(metrics[0]) != repr(metrics[1]):
        return False
    return all(
        np.array_equal(found[0].array(n), found[1].array(n), equal_nan=is_float(found[0].array(n)))
        for n in names[0]
    )


def is_float(array: NDArray[Any]) -> bool:
    """Whether an array may hold nan."""
    return array.dtype.kind == "f"


if __name__ == "__main__":
    ls.experiment(main, Settings)
