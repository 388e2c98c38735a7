import json
from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.errors import LaserSamplingError
from lasersampling.learning.packing import pack, unpack


def test_states_come_back_as_they_were():
    state: dict[str, Any] = {
        "tensor": torch.tensor([1.0, torch.nan], dtype=torch.float64),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "flags": torch.tensor([True, False]),
        "array": np.array([[1, 2]]),
        "field": np.array([1 + 2j, -3j], dtype=np.complex64),
        "nothing": None,
        "numbers": [1, 0.1, float("inf"), True, "text"],
        "betas": (0.9, 0.999),
        "by number": {0: {"step": torch.tensor(3.0)}, 1: {}},
        "empty": {},
    }
    structure, arrays = pack(state)
    json.loads(structure)
    assert all(array.dtype != bool for array in arrays.values())
    back = unpack(structure, arrays)
    assert back.keys() == state.keys()
    assert torch.equal(back["tensor"].nan_to_num(7), state["tensor"].nan_to_num(7))
    assert back["flags"].dtype == torch.bool
    assert back["bytes"].dtype == torch.uint8
    assert back["array"].tolist() == [[1, 2]]
    assert back["field"].dtype == np.complex64
    assert back["field"].tolist() == [1 + 2j, -3j]
    assert not any(np.iscomplexobj(array) for array in arrays.values())
    for name in ("nothing", "numbers", "betas", "empty"):
        assert back[name] == state[name]
    assert back["by number"][0]["step"].item() == 3.0


def test_what_cannot_be_kept_is_refused():
    with pytest.raises(LaserSamplingError, match="cannot hold function"):
        pack({"f": lambda: 0})
