"""What emulated chips of neurons that spike again tell: voltages, near and behind a socket."""

import threading
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.hardware import (
    Grid,
    RemoteSubstrate,
    Server,
    VoltageSampling,
)
from lasersampling.hardware.observations import observed_bytes
from lasersampling.lif.chips.populations import PopulationChip
from tests.lif.chips.populations_of_chips import AGAIN, LOOP, N_SAMPLES, SIZES, arrays, model


@pytest.fixture(autouse=True)
def one_thread():
    """Small tensors are faster on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@contextmanager
def served(chip):
    """Serve a chip in a thread."""
    with Server(chip) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server.address
        finally:
            server.stop()
            thread.join()


def test_voltages_have_the_noise_and_resolution_of_the_chip():
    parameters, inputs = arrays(connections=LOOP)
    asked = inputs | {"voltage_interval": np.array(0.25)}

    def sampled(**about):
        sampling = VoltageSampling(interval=0.25, **about)
        mine = PopulationChip(model(), SIZES, (1, 2), LOOP, after=AGAIN, voltages=sampling)
        return mine, mine.run(parameters, asked)

    _, exact = sampled()
    assert exact["voltages_0"].shape == (2, N_SAMPLES, 8, 81)
    assert not exact["voltages_0"][..., 0].any()
    assert exact["voltages_0"].max() < 1.0  # the threshold
    _, noisy = sampled(noise_std=0.05)
    noise = noisy["voltages_0"] - exact["voltages_0"]
    assert noise.std() == pytest.approx(0.05, rel=4 / (2 * noise.size) ** 0.5)
    chip, coarse = sampled(grid=Grid(bits=8, lowest=-2.0, highest=2.0))
    codes = coarse["voltages_0"] / (4.0 / 254)
    assert np.abs(codes - np.round(codes)).max() < 1e-9
    assert np.abs(coarse["voltages_0"] - exact["voltages_0"].clip(-2, 2)).max() <= 2.0 / 254 + 1e-9
    n_spikes = sum(len(coarse[f"spikes_{k}_time"]) for k in range(2))
    n_offsets = 2 * (2 * N_SAMPLES + 1)
    size = observed_bytes(chip.description, coarse)
    assert size == (16 * n_spikes + 8 * n_offsets, 2 * N_SAMPLES * 11 * 81)
    # Whether voltages are told makes no difference to spikes.
    plain = PopulationChip(model(), SIZES, (1, 2), LOOP, after=AGAIN).run(parameters, inputs)
    assert np.array_equal(plain["spikes_1_time"], noisy["spikes_1_time"])


def test_a_chip_behind_a_socket_gives_the_same_bits():
    parameters, inputs = arrays(connections=LOOP)
    inputs["voltage_interval"] = np.array(0.5)
    near, far = (PopulationChip("brainscales2", SIZES, (3, 4), LOOP, after=AGAIN) for _ in range(2))
    with served(far) as address, RemoteSubstrate(address) as device:
        assert device.description == near.description
        assert device.description.facts["voltages"] is True
        assert device.description.facts["voltage_bits"] == 8
        for _ in range(2):
            mine, other = near.run(parameters, inputs), device.run(parameters, inputs)
            assert set(mine) == set(other)
            for name, values in mine.items():
                assert np.array_equal(values, other[name])
        with pytest.raises(InputError, match="weights_2: got nothing"):
            device.run({name: parameters[name] for name in ("weights_0", "weights_1")}, inputs)
