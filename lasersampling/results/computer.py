"""The computer and the libraries that made a result."""

from __future__ import annotations

import functools
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "torch", "scikit-learn", "arviz-stats")
"""Libraries whose versions may change numbers; see ``docs/reproducibility.md``."""

_CPUINFO = Path("/proc/cpuinfo")
_SETS = (
    ("AVX-512", {"avx512f", "avx512dq", "avx512vl"}),
    ("AVX2 with FMA", {"avx2", "fma"}),
    ("AVX", {"avx"}),
    ("SSE4.2", {"sse4_2"}),
    ("SVE", {"sve"}),
    ("NEON", {"asimd"}),
)
"""Vector instructions, widest first, and the flags by which Linux tells them."""


def about_computer(cpuinfo: Path = _CPUINFO) -> dict[str, str]:
    """Describe the computer and the libraries of this process, for the record.

    Parameters
    ----------
    cpuinfo : Path
        Description of the processor by the system; only Linux has one.

    Returns
    -------
    dict of str to str
        `processor`: its model, as it calls itself. `instruction_set`: its widest vector
        instructions, followed by the name of the processor for which numba was told to compile, if
        it was. `system`: operating system and Python. `library_versions`: name and version, one a
        line. What the system does not tell is "unknown".

    Examples
    --------
    >>> sorted(about_computer())
    ['instruction_set', 'library_versions', 'processor', 'system']
    """
    told = _told(cpuinfo)
    flags = set((told.get("flags") or told.get("features") or "").split())
    instructions = next((name for name, needed in _SETS if needed <= flags), "unknown")
    if compiled_for := os.environ.get("NUMBA_CPU_NAME"):
        instructions += f", numba told to compile for {compiled_for}"
    model = told.get("model name") or platform.processor() or platform.machine() or "unknown"
    return {
        "processor": " ".join(model.replace("(R)", "").replace("(TM)", "").split()),
        "instruction_set": instructions,
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "library_versions": _versions(),
    }


def _told(cpuinfo: Path) -> dict[str, str]:
    """Read what the system tells of the first processor, by lower-case name."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.strip().partition("\n\n")[0].splitlines())
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


@functools.cache
def _versions() -> str:
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} unknown")
    return "\n".join(found)
