"""The one file into which the pieces of a sweep stream, and what keeps them until then.

An outcome is first appended to a journal beside the file, a line with its checksum, and so kept
whatever happens to the program. The results file is replaced as a whole from time to time, never
for more than a tenth of the time; then the journal is emptied. So the file can be opened at any
moment.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from lasersampling.atomic import check_outputs, reserved
from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.results import ResultsFile, read_results
from lasersampling.sweeps.outcome import Outcome
from lasersampling.sweeps.swept import Swept, read_swept

Existing = Literal["refuse", "resume", "overwrite"]
"""What is done if there is a results file."""

_LEAST_INTERVAL_S = 2.0
_TIMES_AS_LONG = 10.0


class Record:
    """The results file of a sweep, used in a ``with`` block of `Record.open`.

    Attributes
    ----------
    swept : Swept
        The sweep, with all outcomes so far.
    goes_on : bool
        Whether it goes on from a file.
    """

    def __init__(self, swept: Swept, command: str, started: float) -> None:
        self._outcomes = dict(swept.outcomes)
        self.swept = replace(swept, outcomes=self._outcomes)
        self._command = command
        self._journal = journal_of(swept.path)
        self._started, self._written = started, time.monotonic()
        self._spent_s, self._took_s = 0.0, 0.0
        self.goes_on = False

    @classmethod
    @contextmanager
    def open(
        cls, swept: Swept, command: str, started: float, *, existing: Existing
    ) -> Iterator[Record]:
        """Reserve the results file.

        Parameters
        ----------
        swept : Swept
            What is swept; its outcomes are read from the file if the sweep goes on.
        command : str
            Command line, for the record.
        started : float
            Moment from which the stored wall time counts, on the clock of `time.monotonic` [s].
        existing : "refuse", "resume" or "overwrite"
            What is done if there is a file.

        Raises
        ------
        InputError
            If there is one that is to be refused, another run is writing it, or it holds another
            sweep.
        """
        with reserved(swept.path):
            # Another run may have written the file since it was looked for.
            check_outputs([swept.path], overwrite=existing != "refuse")
            record = cls(swept, command, started)
            record.goes_on = existing == "resume" and swept.path.exists()
            if record.goes_on:
                record._read()
            else:
                record._journal.unlink(missing_ok=True)
            record.write()
            try:
                yield record
            except BaseException:
                # The journal has what is done; why the sweep ends is the error to be told.
                with suppress(LaserSamplingError, OSError):
                    record.write()
                raise
            record.write()

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome; it is on the disk when this returns.

        Raises
        ------
        LaserSamplingError
            If the disk is full or fails.
        """
        self._keep(outcome)
        try:
            with self._journal.open("ab") as file:
                file.write(_line_of(outcome))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            reason = error.strerror or str(error)
            raise LaserSamplingError(f"{self._journal}: could not be written ({reason})") from error
        now = time.monotonic()
        if now - self._written >= max(_LEAST_INTERVAL_S, _TIMES_AS_LONG * self._took_s):
            self.write()

    def write(self) -> None:
        """Replace the results file, and empty the journal."""
        begun = time.monotonic()
        with ResultsFile.create(
            self.swept.path, command=self._command, seed=self.swept.grid.seeds[0],
            config=self.swept.config(), overwrite=True,
        ) as file:  # fmt: skip
            file.started = self._started - self._spent_s
            file.attributes("/", {"complete": self.swept.is_complete})
            self.swept.write(file)
        self._journal.unlink(missing_ok=True)
        self._written = time.monotonic()
        self._took_s = self._written - begun

    def _keep(self, outcome: Outcome) -> None:
        self._outcomes.pop(outcome.cell, None)
        self._outcomes[outcome.cell] = outcome

    def _read(self) -> None:
        """Take what an earlier run has kept, in the file and in the journal."""
        before, now = kept_outcomes(self.swept), self.swept
        self._spent_s = float(read_results(now.path, groups=()).attrs.get("wall_time_s", 0.0))
        self._outcomes.update(before.outcomes)
        with suppress(FileNotFoundError):
            for line in self._journal.read_bytes().split(b"\n"):
                checksum, _, text = line.partition(b" ")
                if checksum == _checksum(text):  # the last line may be torn
                    with suppress(LookupError, TypeError, ValueError):  # of another version
                        self._keep(Outcome.from_json(text.decode()))


def kept_outcomes(now: Swept) -> Swept:
    """Read the results file of a sweep that is to go on.

    Parameters
    ----------
    now : Swept
        The sweep as it is asked for.

    Raises
    ------
    InputError
        If the file is damaged, or holds a sweep of another command or over other keys.
    """
    before, where = read_swept(now.path), str(now.path)
    if before.words != now.words:
        asked = f"a sweep of {' '.join(now.words)}"
        got = f"a sweep of {' '.join(before.words)}"
        raise InputError.single(where, got, f"{asked}, or a new file for it (--out)")
    if before.grid.keys != now.grid.keys:
        asked = f"one over {', '.join(now.grid.keys) or 'seeds only'}"
        got = f"a sweep over {', '.join(before.grid.keys) or 'seeds only'}"
        raise InputError.single(where, got, f"{asked}, or a new file for it (--out)")
    return before


def _line_of(outcome: Outcome) -> bytes:
    text = outcome.to_json().encode()
    # On a line of its own, even behind one that was torn.
    return b"\n" + _checksum(text) + b" " + text + b"\n"


def _checksum(text: bytes) -> bytes:
    return f"{zlib.crc32(text):08x}".encode()


def journal_of(path: Path) -> Path:
    """Name the journal of a results file."""
    return path.with_name(f".{path.name}.pieces")
