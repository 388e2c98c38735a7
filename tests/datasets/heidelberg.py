"""Files of the form of the Spiking Heidelberg Digits, with spikes at random."""

import h5py
import numpy as np


def rows(seed, n=24, kind="float16"):
    """Times, units, labels and speakers of samples; some have no spikes, none is sorted."""
    generator = np.random.default_rng(seed)
    sizes = generator.integers(0, 30, n)
    times = [generator.random(size).astype(kind) for size in sizes]
    units = [generator.integers(0, 20, size).astype(np.uint16) for size in sizes]
    return {
        "times": times, "units": units,
        "labels": (np.arange(n) % 3).astype(np.uint16),
        "speaker": np.repeat(np.arange(n // 6), 6)[:n].astype(np.uint16),
    }  # fmt: skip


def write(path, given, keys=("zero", "one", "two")):
    with h5py.File(path, "w") as file:
        for name in ("times", "units"):
            if name in given:
                kind = given[name][0].dtype
                dataset = file.create_dataset(
                    f"spikes/{name}", (len(given[name]),), h5py.vlen_dtype(kind)
                )
                for k, row in enumerate(given[name]):
                    dataset[k] = row
        for name, place in (("labels", "labels"), ("speaker", "extra/speaker")):
            if given.get(name) is not None:
                file[place] = given[name]
        if keys:
            file["extra/keys"] = np.array(keys, dtype="S")
        file.create_group("extra/meta_info")["age"] = [30, 40]
    return path
