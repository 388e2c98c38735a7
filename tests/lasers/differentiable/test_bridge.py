import numpy as np
import pytest
import torch

from lasersampling.lasers.differentiable.bridge import open_variance, weights
from lasersampling.lasers.integrator import step as kernel_step


def test_weights_of_the_bridge_are_those_of_the_kernel():
    """The kernel has polynomials that are good to 1 % for v**2 < 6; near 0 they are exact."""
    v2 = np.linspace(0.0, 6.0, 121)
    mine = [weight.numpy() for weight in weights(torch.tensor(v2))]
    kernel = np.array(
        [[1 + x * excess, *kernel_step.bridge.py_func(x, excess, np.float32(1.0))[:5]]
         for x in v2.astype(np.float32) for excess in [kernel_step.sinh_excess.py_func(x)]]
    ).T  # fmt: skip
    for ours, theirs in zip(mine, kernel[:4], strict=True):
        assert ours == pytest.approx(theirs, rel=0.01)
        assert ours[v2 < 1] == pytest.approx(theirs[v2 < 1], rel=2e-4)
        # No seam between series and closed form.
        assert np.abs(np.diff(ours, 3)).max() < 0.01 * ours.max()
    spread = open_variance(torch.tensor(v2), torch.tensor(2.0), torch.tensor(50.0)).numpy()
    fitted = 2.0 * (kernel[4] * 50.0 + kernel[5] * 2.0)
    assert spread == pytest.approx(fitted, rel=1e-5)
