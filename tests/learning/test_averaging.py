import pytest
import torch

from lasersampling.learning.averaging import ParameterMeans

STEPS = [{"w": torch.tensor([1.0, 2.0 * k]), "b": torch.tensor(float(k))} for k in range(5)]


def test_means_are_those_of_what_was_added():
    means = ParameterMeans()
    assert means.values == {}
    for step in STEPS:
        means.add(step)
    assert means.values["w"].tolist() == pytest.approx([1.0, 4.0])
    assert means.values["b"].item() == pytest.approx(2.0)


def test_a_kept_state_goes_on_to_the_same_bits_and_stays_as_it_was():
    whole, first, again = ParameterMeans(), ParameterMeans(), ParameterMeans()
    for step in STEPS:
        whole.add(step)
    for step in STEPS[:2]:
        first.add(step)
    kept = first.state()
    again.set_state(kept)
    for step in STEPS[2:]:
        again.add(step)
    assert torch.equal(whole.values["w"], again.values["w"])
    assert kept["means"]["b"].item() == 0.5
