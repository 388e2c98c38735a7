"""Results files in which a byte is changed: refused, as they were, or read as something else.

One small file of each kind is made by its command. Then single bytes of it are changed, each to a
random other value, and the file is opened as commands open all files: another process reads it
first, with limits on time and memory (`ls.untrusted_files`). Of files of up to so many bytes each
byte is changed once, of larger ones as many at random places, and all of the end, where the
checksum stands. The same is done without the checksum, as in files that other programs have
changed: there only what HDF5 itself notices is refused.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import lasersampling as ls
from lasersampling.experiments import Run, chosen_of, option

LONGEST_S = 60.0
"""Time on the clock from which opening a file counts as too long; it is limited to 3 s of a
processor and more for what there is to read."""

END = 256
"""Bytes at the end of a file, checksum and all, each of which is changed."""

UNFINISHED = "unfinished run"
QUICK = [
    "n_chains=8", "activation_duration_ns=100", "pair_duration_ns=200", "performance.n_copies=8",
    "performance.emission_duration_ns=40", "performance.n_chains=4",
    "performance.machine_duration_ns=200",
]  # fmt: skip
IMAGES = [
    "images_per_label=2", "free_images=3", "duration_ns=40", "window_ns=20", "burn_in_ns=20",
    "gibbs_burn_in=50", "adaptation_rounds=0", "most_burn_in_ns=0",
]  # fmt: skip
FIT = ["fit", "distribution", "--set=learning.n_updates=20", "--set=judging.n_draws=200"]
COMMANDS: dict[str, list[str]] = {
    "sample": ["sample", "machine.h5", "--duration-ns", "100", "--adapt", "0"],
    "infer": ["infer", "machine.h5", "--clamp", "0=1", "--duration-ns", "100", "--adapt", "0"],
    "generate": ["generate", "--from", "digits", *(f"--set={one}" for one in IMAGES)],
    "fit": FIT,
    UNFINISHED: [*FIT, "--set=checkpoint_interval_s=0"],
    "classify": ["classify", "yin_yang_small", "--set=learning.n_epochs=2", "--set=members=1"],
    "calibrate": ["calibrate", "D6", *(f"--set={one}" for one in QUICK)],
    "simulate": ["simulate", "D6", "--pump", "0.8:0.9:3", "--duration-ns", "200"],
    "sweep": ["sweep", "sample", "machine.h5", "--sampler", "gibbs", "--draws", "200",
              "--over", "chains=2,4", "--workers", "1"],
}  # fmt: skip


def content(path: Path) -> Any:
    """All that a results file says."""
    found = ls.read_results(path)
    arrays = {name: found.array(name) for name in sorted(found.contents)}
    return (
        repr((found.attrs, found.attributes, found.config, found.metrics)),
        [(name, a.dtype.str, a.shape, of_array(a)) for name, a in arrays.items()],
    )


def of_array(array: np.ndarray) -> object:
    return array.tolist() if array.dtype.kind == "O" else array.tobytes()


def machine(path: Path) -> Any:
    """All that a machine file says of the machine."""
    found = ls.load_machine(path)
    sizes = found.n_visible, found.n_label, found.n_hidden
    return sizes, found.weights.tobytes(), found.biases.tobytes()


def network(path: Path) -> Any:
    """All that a network file says of the network."""
    found = ls.load_network(path)
    state = {name: of_array(one.numpy()) for name, one in found.network.state_dict().items()}
    return found.answer, state


READERS: dict[str, Callable[[Path], Any]] = {"machine": machine, "network": network}
KINDS = (*COMMANDS, *READERS)


@dataclass(frozen=True)
class Settings:
    """How often files with a changed byte are refused, as they were, or read as something else."""

    flips: int = option(20_000, "Bytes changed in a file of each kind.", min=1)
    bare: int = option(1000, "The same, in files without their checksum.", min=0)
    only: tuple[str, ...] = option((), f"Of {', '.join(KINDS)}; all by default.")

    def __post_init__(self) -> None:
        chosen_of(KINDS, self.only)

    def smallest(self) -> Settings:
        return replace(self, flips=40, bare=5, only=self.only or ("machine",))


class Piece(NamedTuple):
    """A kind of file, and how many of its bytes are changed, with the checksum and without."""

    kind: str
    flips: tuple[int, int]
    seed: tuple[int, int]


class Counts(NamedTuple):
    """What became of files of a kind in which one byte was changed."""

    bytes: int
    flips: int
    refused: int
    same: int
    different: int
    too_long: int


def counted(piece: Piece) -> list[Counts]:
    """Change bytes of a file of a kind, with its checksum and without it, and open it each time."""
    rng, read = np.random.default_rng(piece.seed), READERS.get(piece.kind, content)
    with tempfile.TemporaryDirectory() as folder, ls.untrusted_files():
        path = made(piece.kind, Path(folder))
        whole = path.read_bytes()
        # The length of what is HDF5 stands in its head (version 0); behind is the checksum.
        bare = whole[: int.from_bytes(whole[40:48], "little")]
        wanted = read(path)
        found = []
        for text, n in zip((whole, bare), piece.flips, strict=True):
            path.write_bytes(text)
            places = places_of(len(text), n, rng)
            outcomes = [after(path, text, place, rng, read, wanted) for place in places]
            found.append(Counts(len(text), len(places), *np.sum([(0,) * 4, *outcomes], axis=0)))
    return found


def places_of(size: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Choose places in a file: all of a small one, else so many, and all at its end."""
    if size <= n:
        return np.arange(size)
    end = max(size - END, 0) if n > END else size
    return np.union1d(rng.choice(size, n, replace=False), np.arange(end, size))


def after(
    path: Path,
    text: bytes,
    place: int,
    rng: np.random.Generator,
    read: Callable[[Path], Any],
    wanted: Any,
) -> tuple[int, int, int, int]:
    """Change a byte, open the file, and put the byte back: which of the outcomes it was."""
    changed = text[place] ^ int(rng.integers(1, 256))
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes([changed]))
    begun = time.monotonic()
    try:
        is_refused, is_same = False, read(path) == wanted
    except ls.InputError as error:
        if str(path) not in str(error):
            raise
        is_refused = is_same = True
    too_long = time.monotonic() - begun > LONGEST_S
    with path.open("r+b") as file:
        file.seek(place)
        file.write(text[place : place + 1])
    return int(is_refused), int(is_same and not is_refused), int(not is_same), int(too_long)


def made(kind: str, folder: Path) -> Path:
    """Make a small file of a kind."""
    path = folder / "run.h5"
    ls.save_machine(folder / "machine.h5", ls.BoltzmannMachine.random(5, seed=1))
    if kind == "machine":
        return folder / "machine.h5"
    if kind == "network":
        stored = ls.load_network(ls.shipped_path("networks", "yin_yang_small"))
        ls.save_network(path, stored.network, command="python training/damaged_files.py")
        return path
    command = [sys.executable, "-m", "lasersampling", *COMMANDS[kind], "--out", path.name]
    process = subprocess.Popen(
        [*command, "--quiet"], cwd=folder, stdout=subprocess.DEVNULL,
        env=os.environ | {"LASERSAMPLING_CACHE": str(folder / "cache")},
    )  # fmt: skip
    if kind == UNFINISHED:
        while not path.exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    if process.wait() not in (0, -signal.SIGKILL):
        raise ls.LaserSamplingError(f"no file of the kind {kind}: {' '.join(command)}")
    return path


def main(settings: Settings, run: Run) -> None:
    kinds = chosen_of(KINDS, settings.only)
    flips = settings.flips, settings.bare
    pieces = [Piece(kind, flips, (run.seed, k)) for k, kind in enumerate(kinds)]
    with run.results(settings) as file:
        found = run.each(counted, pieces, "changing bytes")
        file.write("damaged/kind", kinds, ("kind",), units="1", description="kind of file")
        for k, form in enumerate(("sealed", "bare")):
            for name in Counts._fields:
                values = [getattr(own[k], name) for own in found]
                about = f"{name.replace('_', ' ')}, {form}"
                file.write(f"damaged/{name}_{form}", values, ("kind",), units="1",
                           description=about)  # fmt: skip
                file.metric(f"{name}_{form}", sum(values), description=about)
            for kind, own in zip(kinds, found, strict=True):
                told = ", ".join(f"{name} {n}" for name, n in own[k]._asdict().items())
                print(f"{kind}, {form}: {told}")


if __name__ == "__main__":
    ls.experiment(main, Settings)
