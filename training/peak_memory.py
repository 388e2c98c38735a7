"""Memory that runs of ten million draws and of ten million spikes take at most."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import lasersampling as ls
from lasersampling.experiments import Run, option

LONG: dict[str, list[str]] = {
    "draws": ["sample", "machine.h5", "--sampler", "gibbs", "--draws", "625000", "--chains", "16"],
    "spikes": ["sample", "machine.h5", "--sampler", "renewal", "--duration-ns", "75000"],
}
"""Ten million draws of a hundred units, and ten million spikes."""

FIRST = ["sample", "machine.h5", "--sampler", "renewal", "--duration-ns", "300"]
"""A short run, after which the hazard of the device is known, and code is compiled."""

MEASURE = (
    "import resource, sys\n"
    "from lasersampling.cli.main import main\n"
    "sys.argv = ['lasersampling', *sys.argv[1:]]\n"
    "try:\n"
    "    main()\n"
    "finally:\n"
    "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
)


@dataclass(frozen=True)
class Settings:
    """Largest resident memory of long runs, each of which is repeated."""

    repeats: int = option(3, "Runs of each kind.", min=1)
    draws: int | None = option(None, "Draws of each chain, if not those of ten million.", min=1)

    def smallest(self) -> Settings:
        return replace(self, repeats=1, draws=200)


def main(settings: Settings, run: Run) -> None:
    with (
        run.results(settings) as file,
        tempfile.TemporaryDirectory() as folder,
        run.progress("measuring memory") as progress,
    ):
        place = Path(folder)
        ls.save_machine(place / "machine.h5", ls.BoltzmannMachine.random(100, seed=1))
        peak_mb(place, FIRST)
        kinds = [name for name in LONG if settings.draws is None or name == "draws"]
        for k, name in enumerate(kinds):
            words = list(LONG[name])
            if settings.draws is not None:
                words[words.index("--draws") + 1] = str(settings.draws)
            found = []
            for repeat in range(settings.repeats):
                found.append(peak_mb(place, words))
                progress((k + (repeat + 1) / settings.repeats) / len(kinds))
            about = f"largest resident memory of a run of ten million {name}"
            spread = None if len(found) < 2 else float(np.std(found, ddof=1) / len(found) ** 0.5)
            file.metric(f"peak_mb_{name}", float(np.mean(found)), spread, units="MB",
                        description=about)  # fmt: skip
            file.write(f"peaks/{name}", found, ("run",), units="MB", description=about)
            print(f"ten million {name}: {', '.join(f'{value:.0f}' for value in found)} MB")


def peak_mb(folder: Path, words: list[str]) -> float:
    """Largest resident memory of a command with a results file, in a process of its own."""
    command = [sys.executable, "-c", MEASURE, *words, "--out", "long.h5", "--quiet", "--overwrite"]
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        check=True,
    )  # fmt: skip
    return float(done.stderr.split()[-1]) / 1024.0


if __name__ == "__main__":
    ls.experiment(main, Settings)
