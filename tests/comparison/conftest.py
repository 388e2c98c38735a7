from typing import Any

import numpy as np
import pytest

BASE = """
data = "mine.npz"

[network]
hidden = [5]
neuron = { threshold = 1.0, conductance = 0.5, tau_mem = 2.0 }

[loss]
kind = "cross_entropy"

[learning]
n_epochs = 3
batch_size = 30
evaluate_every = 1
recruitment = "lifted"
"""


@pytest.fixture
def base(tmp_path, monkeypatch):
    """Write a recipe, and spikes of two inputs and two classes on which it learns."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for part, n in (("train", 60), ("validation", 40), ("test", 40)):
        labels = rng.integers(0, 2, n)
        times = np.where(labels[:, None] == [0, 1], 0.2, 0.9) + 0.3 * rng.random((n, 2))
        arrays |= {f"{part}_times": times, f"{part}_labels": labels}
    np.savez(tmp_path / "mine.npz", **arrays)
    path = tmp_path / "base.toml"
    path.write_text(BASE)
    return path


@pytest.fixture
def table(base):
    """Return a comparison of two arms that are the same but for their learning rates."""
    return {
        "base": str(base),
        "members": 2,
        "reference": "slow",
        "goal": 0.6,
        "arms": {
            "slow": {"settings": {"method": "closed-form", "learning.learning_rate": 0.001}},
            "fast": {"settings": {"method": "closed-form", "learning.learning_rate": 0.05}},
        },
    }
