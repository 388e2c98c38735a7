"""Files that are written when results are exported."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from lasersampling.atomic import atomic_path, output_problems
from lasersampling.checks import refuse
from lasersampling.errors import InputError, Problem
from lasersampling.export.netcdf import netcdf
from lasersampling.export.nwb import nwb_like
from lasersampling.export.tables import Table, dims_in, table_names, tables_of
from lasersampling.paths import expanded
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results

GROUPS = ("samples", "spikes", "traces", "history", "pieces")
"""Groups that are exported unless others are named."""

FORMATS = {"csv": ".csv", "parquet": ".parquet", "netcdf": ".nc", "nwb-like": ".nwb.h5"}
"""Formats, and the endings of their files."""


def planned(
    results: str | os.PathLike[str],
    form: str,
    groups: Collection[str] = (),
    folder: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
) -> tuple[Path, tuple[str, ...], Path]:
    """Check what is to be exported before anything is loaded.

    Parameters
    ----------
    results, form, groups, folder, overwrite
        As for `export`.

    Returns
    -------
    file : Path
        The results file.
    groups : tuple of str
        Its groups that are exported.
    folder : Path
        Where files are written.

    Raises
    ------
    InputError
        If the format is unknown or needs a library that is not there, or the file holds nothing of
        what is asked for.
    """
    path = expanded(results)
    if form not in FORMATS:
        raise InputError.single("format", repr(form), f"one of {', '.join(FORMATS)}")
    if form == "parquet" and importlib.util.find_spec("pyarrow") is None:
        expected = "pyarrow: python -m pip install 'lasersampling[export]', or another format"
        raise InputError.single("format", "parquet without the library that writes it", expected)
    held = read_results(path, groups=()).attributes
    chosen = tuple(dict.fromkeys(groups)) or tuple(name for name in GROUPS if name in held)
    listed = ", ".join(sorted(held)) or "none"
    problems = [
        Problem(str(path), f"no group {name!r}", f"one of its groups: {listed}")
        for name in chosen
        if name not in held
    ]
    if not chosen:
        got = f"a file with the groups {listed}"
        problems = [Problem(str(path), got, f"one of {', '.join(GROUPS)}, or --group")]
    refuse(problems)
    return path, chosen, path.parent if folder is None else expanded(folder)


def export(
    results: str | os.PathLike[str],
    form: str,
    groups: Collection[str] = (),
    folder: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Write groups of a results file in the format of other tools.

    One group is held in memory at a time, and of its tables some rows.

    Parameters
    ----------
    results : path-like
        The results file.
    form : {"csv", "parquet", "netcdf", "nwb-like"}
        Format: tables of text, one file each; tables of columns with their types; one netCDF-4 file
        with a group each; an HDF5 file laid out like Neurodata Without Borders.
    groups : collection of str
        Groups; by default those of `GROUPS`, such as ``samples`` and ``spikes``, that there
        are.
    folder : path-like, optional
        Folder of the files, which are named after the results file; by default the same.
    overwrite : bool
        Whether existing files may be replaced.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        As `planned` does, and if a file exists and `overwrite` is false, or cannot be written.

    Examples
    --------
    >>> from lasersampling.results import ResultsFile
    >>> with ResultsFile.create("run.h5", command="mine", seed=0, config="") as file:
    ...     file.write("history/epoch", [1, 2], ("epoch",), units="1", description="epochs done")
    ...     file.write("history/loss", [0.5, 0.25], ("epoch",), units="1", description="loss")
    >>> (table,) = export("run.h5", "csv")
    >>> table.read_text().split()
    ['epoch,loss', '1,0.5', '2,0.25']
    """
    path, chosen, where = planned(results, form, groups, folder, overwrite=overwrite)
    if form in _WRITE_TABLE:
        return _export_tables(path, form, chosen, where, overwrite=overwrite)
    target = where / f"{path.stem}_export{FORMATS[form]}"
    refuse(output_problems([target], inputs=[path], overwrite=overwrite))
    content = _BYTES[form](read_results(path, groups=chosen))
    with atomic_path(target, overwrite=overwrite) as temporary:
        temporary.write_bytes(content)
    return [target]


def _export_tables(
    path: Path, form: str, chosen: Sequence[str], where: Path, *, overwrite: bool
) -> list[Path]:
    bare = read_results(path, groups=())

    def target_of(table: str) -> Path:
        """Name the file of a table."""
        return where / f"{path.stem}_{table.replace('/', '_')}{FORMATS[form]}"

    names = [name for group in chosen for name in table_names(group, dims_in(bare, group))]
    targets = [target_of(name) for name in names]
    refuse(output_problems(targets, inputs=[path], overwrite=overwrite))
    written = []
    for group in chosen:
        for table in tables_of(read_results(path, groups=[group]), group):
            target = target_of(table.name)
            with atomic_path(target, overwrite=overwrite) as temporary:
                _WRITE_TABLE[form](table, bare, temporary)
            written.append(target)
    return written


def _write_csv(table: Table, results: Results, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, chunk in enumerate(table.chunks()):
            chunk.to_csv(file, index=False, header=number == 0, lineterminator="\n")


def _write_parquet(table: Table, results: Results, path: Path) -> None:
    """Write row groups one by one; units and descriptions are metadata of the columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    try:
        for chunk in table.chunks():
            rows = pa.Table.from_pandas(chunk, preserve_index=False)
            if writer is None:
                fields = [_field(rows.schema.field(name), table) for name in chunk.columns]
                about = {key: str(value) for key, value in results.attrs.items()}
                schema = pa.schema(fields, metadata={"lasersampling": json.dumps(about)})
                writer = pq.ParquetWriter(path, schema)
            writer.write_table(rows.cast(schema))
    finally:
        if writer is not None:
            writer.close()


def _field(field: object, table: Table) -> object:
    column = table.columns[field.name]  # type: ignore[attr-defined]
    about = {"units": column.units, "long_name": column.description}
    return field.with_metadata(about)  # type: ignore[attr-defined]


_WRITE_TABLE: dict[str, Callable[[Table, Results, Path], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
}

_BYTES: dict[str, Callable[[Results], bytes]] = {"netcdf": netcdf, "nwb-like": nwb_like}
