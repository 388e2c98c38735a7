"""CSV files as lines of cells, with one clear error for each way to be malformed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lasersampling.errors import InputError


def csv_rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Give the rows of a CSV file, the header first, each with the number of its line.

    Cells come without blanks around them; empty lines are left out.

    Raises
    ------
    InputError
        With file and line: not text, no CSV, no header, rows not as long as the header.
    """
    n_columns = 0
    for line, row in _rows(file):
        if not n_columns:
            _check_header(row, f"{file}, line {line}")
            n_columns = len(row)
        if len(row) != n_columns:
            got, expected = f"{len(row)} columns", f"{n_columns}, as in the header"
            raise InputError.single(f"{file}, line {line}", got, expected)
        yield line, row
    if not n_columns:
        expected = "a header that names the columns"
        raise InputError.single(f"{file}, line 1", "an empty file", expected)


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            for row in reader:
                # A row of commas alone has cells, if empty ones; an empty line has none.
                if row and (len(row) > 1 or row[0].strip()):
                    yield reader.line_num, [cell.strip() for cell in row]
    except UnicodeDecodeError as error:
        got = f"the byte 0x{error.object[error.start]:02x}"
        raise InputError.single(str(file), got, "text in UTF-8") from None
    except csv.Error as error:
        raise InputError.single(f"{file}, line {reader.line_num}", error, "CSV") from None
    except OSError as error:
        raise InputError.single(str(file), error.strerror, "a readable CSV file") from None


def _check_header(header: Sequence[str], where: str) -> None:
    if len(header) == 1 and re.search(r"[;\t]", header[0]):
        raise InputError.single(where, repr(header[0]), "columns separated by commas")
