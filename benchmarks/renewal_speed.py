"""Processor time of renewal neurons, for `bench_renewal.py`.

It needs nothing beyond what the package offered at commit cdd8c44, with which it is compared: the
package that it imports is the one on PYTHONPATH. What is known of the device comes with the task,
since it would be measured anew there.
"""

import dataclasses
import json
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from lasersampling.boltzmann import BoltzmannMachine

IS_BEFORE = find_spec("lasersampling.sampling.renewal_sampler") is not None


def of_package(now: str, before: str, name: str) -> Any:
    """Take an object from its module, which had another name at cdd8c44."""
    module = import_module(f"lasersampling.sampling.{before if IS_BEFORE else now}")
    return getattr(module, name)


def sampler_of(device: str) -> Any:
    """Make renewal neurons that keep no spikes, of either commit."""
    make = of_package("renewal.sampler", "renewal_sampler", "Renewal")
    if IS_BEFORE:
        return make(device, burn_in_ns=0.0, n_threads=1, record_spikes=False)
    lasers = of_package("neurons.sampler", "", "Lasers")
    return make(lasers(device, burn_in_ns=0.0, n_threads=1), record_spikes=False)


def known(kind: Any, values: dict[str, Any]) -> Any:
    """Make an object of what of its values both commits know."""

    def hashable(value: Any) -> Any:
        return tuple(map(hashable, value)) if isinstance(value, list) else value

    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: hashable(value) for name, value in values.items() if name in names})


def main() -> None:
    """Read the task from standard input, and write one entry for each case."""
    task = json.load(sys.stdin)
    sampler = sampler_of(task["device"])
    sampler.lasers.__dict__["calibration"] = known(
        of_package("neurons.calibration", "calibration", "Calibration"), task["calibration"]
    )
    sampler.__dict__["hazard"] = known(
        of_package("renewal.hazard", "hazard", "Hazard"), task["hazard"]
    )
    found = []
    for case in task["cases"]:
        machine = BoltzmannMachine(np.array(case["weights"]), np.array(case["biases"]))
        times = []
        for draws in (10, task["draws"]):  # the first compiles
            wall, processor = time.perf_counter(), time.process_time()
            sampler.sample(machine, draws, n_chains=case["n_chains"], seed=1)
            times = [time.perf_counter() - wall, time.process_time() - processor]
        found.append({"wall_s": times[0], "processor_s": times[1]})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
