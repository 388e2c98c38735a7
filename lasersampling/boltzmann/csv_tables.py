"""CSV files as lines of cells, with one clear error for each way to be malformed.

The rules, for all files of this form that the library reads:

- Text is in UTF-8, with or without a byte-order mark; lines end as on any system.
- Cells are separated by commas; by semicolons or tabs if the header has such and no comma, or if
  the first line says so (``sep=;``). They may stand in double quotes; blanks around them do not
  count. Numbers have a decimal point; a decimal comma is refused, whatever separates the cells.
- Lines that begin with ``#`` are comments.
- The first line that is neither blank nor a comment is the header: a name for each column.
- Separators at the end of lines, with nothing behind them, do not count.
- A blank line after the header is an empty row; the reader of the file says what that means. In
  files of several columns, blank lines at the end do not count; in files of one column they do,
  since there a blank line is how an empty cell is written.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from lasersampling.errors import InputError
from lasersampling.paths import named

MAX_BYTES = 2**28
"""Largest size of a file: 256 MiB."""


def csv_rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Give the rows of a CSV file, the header first, each with its line number.

    Rows are as long as the header, but blank lines give rows without cells. Blanks around cells are
    removed.

    Raises
    ------
    InputError
        With file and line: the file is not text, no CSV, too large, or without a header; names are
        missing or stand twice; rows are not as long as the header.
    """
    rows = _rows(file)
    line, header = next((row for row in rows if row[1]), (1, []))
    if not header:
        expected = "a header that names the columns"
        raise InputError.single(f"{file}, line 1", "an empty file", expected)
    header = _without_tail(header)
    _check_header(header, f"{file}, line {line}")
    yield line, header
    blank: list[int] = []
    for line, row in rows:
        if not row:
            blank.append(line)
            continue
        yield from ((at, []) for at in blank)
        blank = []
        cells = row
        while len(cells) > len(header) and not cells[-1]:
            cells = cells[:-1]
        if len(cells) != len(header):
            got, expected = f"{len(row)} columns", f"{len(header)}, as in the header"
            raise InputError.single(f"{file}, line {line}", got, expected)
        _refuse_decimal_commas(cells, f"{file}, line {line}")
        yield line, cells
    if len(header) == 1:
        yield from ((at, []) for at in blank)


def binary_cell(cell: str) -> str | None:
    """Read a cell that holds 0 or 1 as "0" or "1", also 1.0 and True; give None for any other.

    Examples
    --------
    >>> [binary_cell(cell) for cell in ("1", "0.0", "True", "0.5", "")]
    ['1', '0', '1', None, None]
    """
    word = cell.lower()
    if word in ("0", "1"):
        return word
    if word in ("false", "true"):
        return str(int(word == "true"))
    number = number_cell(cell)
    return str(int(number)) if number in (0, 1) else None


def number_cell(cell: str) -> float | None:
    """Read a cell that holds a number; give None for any other and for Python's own forms."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def is_number(cell: str) -> bool:
    """Whether a cell is written in digits, as a number is: ``E1`` and ``nan`` are names."""
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", cell) is not None


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Give lines that are no comments as lists of cells; blank lines have no cells."""
    lines = _Lines()
    try:
        named(file)
        if file.stat().st_size > MAX_BYTES:
            got = f"{file.stat().st_size:,} bytes"
            expected = f"at most {MAX_BYTES:,} bytes; NumPy and HDF5 files take more"
            raise InputError.single(str(file), got, expected)
        with file.open(encoding="utf-8-sig", newline="") as stream:
            content = lines.of(stream)
            separator, first = _separator(content)
            reader = csv.reader(
                itertools.chain(first, content), delimiter=separator, strict=True,
                skipinitialspace=True,
            )  # fmt: skip
            for row in reader:
                cells = [cell.strip() for cell in row]
                # A quoted cell with nothing in it, as pandas writes one, is a blank line to us.
                yield lines.number, [] if cells in ([], [""]) else cells
    except UnicodeDecodeError as error:
        got = f"the byte 0x{error.object[error.start]:02x}"
        raise InputError.single(str(file), got, "text in UTF-8") from None
    except csv.Error as error:
        raise InputError.single(f"{file}, line {lines.number}", error, "CSV") from None
    except OSError as error:
        raise InputError.single(str(file), error.strerror, "a readable CSV file") from None


class _Lines:
    """Lines of a stream without the comments; `number` counts the lines of the file, from 1."""

    def __init__(self) -> None:
        self.number = 0

    def of(self, stream: TextIO) -> Iterator[str]:
        for line in stream:
            self.number += 1
            if not line.lstrip().startswith("#"):
                yield line


def _separator(lines: Iterator[str]) -> tuple[str, list[str]]:
    """Find out what separates cells, and give the line of the header, which is read for this."""
    header = next((line for line in lines if line.strip()), "")
    said = re.fullmatch(r"sep=([,;\t])\s*", header)  # as Excel writes and reads it
    if said:
        return said[1], []
    bare = re.sub(r'"[^"]*("|$)', "", header.strip())
    return next((mark for mark in ",;\t" if mark in bare), ","), [header]


def _refuse_decimal_commas(cells: Sequence[str], where: str) -> None:
    for cell in cells:
        if "," in cell and re.fullmatch(r"[-+]?\d*,\d+([eE][-+]?\d+)?", cell):
            expected = "numbers with a decimal point, such as 0.5"
            raise InputError.single(where, f"{cell!r}, a decimal comma", expected)


def _without_tail(cells: list[str]) -> list[str]:
    while len(cells) > 1 and not cells[-1]:
        cells = cells[:-1]
    return cells


def _check_header(header: Sequence[str], where: str) -> None:
    if not header[0]:
        expected = "a name (an index of pandas? it writes none with to_csv(..., index=False))"
        raise InputError.single(f"{where}, column 1", "no name", expected)
    for number, name in enumerate(header, start=1):
        if not name:
            raise InputError.single(f"{where}, column {number}", "no name", "a name")
    twice = [name for k, name in enumerate(header) if name in header[:k]]
    if twice:
        expected = "a different name for each column"
        raise InputError.single(where, f"the column {twice[0]!r} twice", expected)
