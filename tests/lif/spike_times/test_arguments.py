"""What first spike times are asked for with, and what is refused."""

from typing import Any

import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import Neuron, first_spike_times
from tests.lif.spike_times.layers_at_random import random_case


@pytest.mark.parametrize(
    ("changes", "where", "got"),
    [
        ({"times": [[np.nan, 1.0]]}, "times", "nan"),
        ({"times": [[-np.inf, 1.0]]}, "times", "infinite"),
        ({"times": [1.0, 2.0]}, "times", r"\(2,\)"),
        ({"weights": [[1.0, np.inf]]}, "weights", "infinite"),
        ({"weights": [[1.0]]}, "weights", r"\(1, 1\)"),
        ({"delays": [[1.0]]}, "delays", r"\(1, 1\)"),
        ({"delays": [[1.0, np.inf]]}, "delays", "infinite"),
        ({"method": "guess"}, "method", "'guess'"),
        ({"path": "magic"}, "path", "'magic'"),
        ({"smallest_slope": 0.0}, "smallest_slope", "0.0"),
        ({"neuron": Neuron(threshold=np.ones(3))}, r"neuron \(gap\)", r"\(1, 3\)"),
    ],
)
def test_bad_input_is_refused(changes, where, got):
    given_ = {"times": [[0.0, 1.0]], "weights": [[1.0, 2.0]]} | changes
    arguments: dict[str, Any] = {
        name: torch.tensor(value, dtype=torch.float64) if isinstance(value, list) else value
        for name, value in given_.items()
    }
    with pytest.raises(InputError, match=f"{where}: got .*{got}"):
        first_spike_times(**arguments)


def test_types_that_do_not_fit_are_refused():
    times = torch.zeros(1, 2)
    with pytest.raises(InputError, match=r"weights: got torch.float64"):
        first_spike_times(times, torch.zeros(1, 2, dtype=torch.float64))
    with pytest.raises(InputError, match=r"times: got list"):
        first_spike_times([[0.0]], times)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="members"):
        first_spike_times(torch.zeros(2, 1, 1), torch.zeros(3, 1, 1))


def test_single_precision_is_that_of_its_inputs():
    """Inputs of 24 bits, computed in double precision: errors stay at the rounding of results."""
    times, weights, delays = random_case(5, n_samples=200)
    single = [p.float() for p in (times, weights, delays)]
    double = [p.double() for p in single]
    neuron = Neuron(tau_mem=1.3)
    one, other = (first_spike_times(p[0], p[1], neuron, delays=p[2]) for p in (single, double))
    assert one.dtype == torch.float32
    assert (one.isinf() == other.isinf()).all()
    both = torch.isfinite(other)
    assert ((one.double() - other) / other)[both].abs().max() < 6.1e-8
    tensor = first_spike_times(single[0], single[1], neuron, delays=single[2], path="vectorised")
    both &= torch.isfinite(tensor)
    assert (tensor.double() - other)[both].abs().median() < 1e-6
