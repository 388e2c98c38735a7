"""`make test-portable` tells every library of an old processor; each must have listened."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = (Path(__file__).resolve().parents[1] / "Makefile").read_text()

SEEN = """
import json, numpy, torch
from numba.core.registry import cpu_target
from threadpoolctl import threadpool_info
blas = [library for library in threadpool_info() if library["internal_api"] == "openblas"]
print(json.dumps({
    "numba": cpu_target.target_context.codegen().magic_tuple()[1:],
    "torch": torch.backends.cpu.get_cpu_capability(),
    "numpy": numpy.show_config("dicts")["SIMD Extensions"].get("found", []),
    "blas": [(library["architecture"], library["num_threads"]) for library in blas],
    "threads": torch.get_num_threads(),
}))
"""


def settings_of_the_makefile():
    lines = MAKEFILE.split("OLD_PROCESSOR := ")[1].replace("\\\n", " ").splitlines()
    return dict(setting.split("=", 1) for setting in lines[0].split())


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names features of x86 processors")
def test_the_settings_for_an_old_processor_take_effect():
    import numpy

    found = numpy.show_config("dicts")["SIMD Extensions"].get("found", [])
    environment = os.environ | settings_of_the_makefile()
    if found:  # none are left to be found where this test runs by `make test-portable` itself
        environment["NPY_DISABLE_CPU_FEATURES"] = " ".join(found)
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", SEEN], env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    seen = json.loads(result.stdout)
    assert seen["numba"] == ["generic", ""]
    assert seen["torch"] == "DEFAULT"
    assert seen["numpy"] == []
    assert seen["blas"] and all(library == ["Nehalem", 1] for library in seen["blas"])
    assert seen["threads"] == 1
