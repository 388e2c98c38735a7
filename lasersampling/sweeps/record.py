"""The one file into which the pieces of a sweep stream, and what keeps them until then.

An outcome is first appended to a journal beside the file, and so kept whatever happens to the
program. The results file is replaced as a whole from time to time, never for more than a tenth of
the time; then the journal is emptied. So the file can be opened at any moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from lasersampling.atomic import reserved
from lasersampling.errors import InputError
from lasersampling.results import ResultsFile, read_results
from lasersampling.sweeps.outcome import Outcome
from lasersampling.sweeps.swept import Swept, read_swept

_LEAST_INTERVAL_S = 2.0
_TIMES_AS_LONG = 10.0


class Record:
    """The results file of a sweep, used in a ``with`` block of `Record.open`.

    Attributes
    ----------
    swept : Swept
        The sweep, with all outcomes so far.
    """

    def __init__(self, swept: Swept, command: str, started: float) -> None:
        self._outcomes = dict(swept.outcomes)
        self.swept = replace(swept, outcomes=self._outcomes)
        self._command = command
        self._journal = journal_of(swept.path)
        self._started, self._written = started, time.monotonic()
        self._spent_s, self._took_s = 0.0, 0.0

    @classmethod
    @contextmanager
    def open(cls, swept: Swept, command: str, started: float, *, goes_on: bool) -> Iterator[Record]:
        """Reserve the results file.

        Parameters
        ----------
        swept : Swept
            What is swept; its outcomes are read from the file if the sweep goes on.
        command : str
            Command line, for the record.
        started : float
            Moment from which the stored wall time counts, on the clock of `time.monotonic` [s].
        goes_on : bool
            Whether the sweep goes on from the file.

        Raises
        ------
        InputError
            If another run is writing the file, or it holds another sweep.
        """
        with reserved(swept.path):
            record = cls(swept, command, started)
            if goes_on:
                record._read()
            else:
                record._journal.unlink(missing_ok=True)
            record.write()
            try:
                yield record
            finally:
                record.write()

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome; it is on the disk when this returns."""
        self._keep(outcome)
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(outcome.to_json() + "\n")
            file.flush()
            os.fsync(file.fileno())
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
        before, now = read_swept(self.swept.path), self.swept
        where = str(now.path)
        if before.words != now.words:
            expected = f"a sweep of {' '.join(now.words)}, or another file"
            raise InputError.single(where, f"a sweep of {' '.join(before.words)}", expected)
        if before.grid.keys != now.grid.keys:
            got = f"a sweep over {', '.join(before.grid.keys) or 'seeds only'}"
            expected = f"one over {', '.join(now.grid.keys) or 'seeds only'}, or another file"
            raise InputError.single(where, got, expected)
        self._spent_s = float(read_results(now.path, groups=()).attrs.get("wall_time_s", 0.0))
        self._outcomes.update(before.outcomes)
        with suppress(FileNotFoundError):
            for line in self._journal.read_text(encoding="utf-8").splitlines():
                with suppress(LookupError, TypeError, ValueError):  # a line that was torn
                    self._keep(Outcome.from_json(line))


def journal_of(path: Path) -> Path:
    """Name the journal of a results file."""
    return path.with_name(f".{path.name}.pieces")
