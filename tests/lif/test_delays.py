import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif import AxonalDelays, DelayRange, DendriticDelays, LIFLayer, SynapticDelays
from lasersampling.lif.streams import Streams


@pytest.mark.parametrize("positivity", ["sigmoid", "softplus"])
def test_range_and_its_inverse(positivity):
    span = DelayRange(minimum=2.0, scale=1.5, positivity=positivity)
    parameters = torch.linspace(-8, 8, 41, dtype=torch.float64)
    delays = span.delays(parameters)
    assert (delays > 2.0).all()
    assert (delays.diff() > 0).all()
    assert (delays < 3.5).all() or positivity == "softplus"
    assert torch.allclose(span.parameters(delays), parameters, atol=1e-9)
    with pytest.raises(InputError, match="delays: got 1 to 1, expected between 2 and"):
        span.parameters(torch.ones(2))


def test_axonal_and_dendritic_delays_shift_spikes_each_by_its_own():
    for kind in (AxonalDelays, DendriticDelays):
        delays = kind(3, Streams([1, 2]))
        times = torch.zeros(2, 5, 3, dtype=torch.float64)
        times[0, 0, 1] = torch.inf
        late = delays(times)
        assert torch.isinf(late[0, 0, 1])
        assert torch.equal(late[1, 4], delays.delays()[1])
        late[torch.isfinite(late)].sum().backward()
        assert delays.raw.grad is not None
        assert torch.all(delays.raw.grad > 0)


def test_a_dendritic_delay_is_that_of_all_its_inputs():
    streams = Streams([3])
    times = torch.rand(1, 20, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    late = SynapticDelays(4, 6, streams)
    with torch.no_grad():
        late.raw.copy_(late.raw[..., :1].expand_as(late.raw))
    with_synaptic = LIFLayer(6, 4, streams, synaptic_delays=late)
    plain = LIFLayer(6, 4, streams)
    plain.load_state_dict({"weights": with_synaptic.weights}, strict=False)
    dendritic = DendriticDelays(4, streams)
    with torch.no_grad():
        dendritic.raw.copy_(late.raw[..., 0])
    one, other = with_synaptic(times), dendritic(plain(times))
    assert torch.isfinite(one).any()
    assert torch.allclose(one, other, atol=1e-12)


def test_shared_and_fixed_delays():
    delays = AxonalDelays(6, Streams([0]), DelayRange(trainable=False), shared=[0, 0, 0, 1, 1, 1])
    values = delays.delays()[0]
    assert values.unique().numel() == 2
    assert (values[:3] == values[0]).all()
    assert not delays.raw.requires_grad


@pytest.mark.parametrize(
    ("build", "where"),
    [
        (lambda: DelayRange(minimum=-1.0), "minimum"),
        (lambda: DelayRange(scale=0.0), "scale"),
        (lambda: DelayRange(positivity="exp"), "positivity"),  # type: ignore[arg-type]
        (lambda: AxonalDelays(3, Streams([0]), shared=[0, 1]), "shared"),
        (lambda: AxonalDelays(2, Streams([0]), shared=[0, 2]), "shared"),
        (lambda: AxonalDelays(0, Streams([0])), "shape"),
    ],
)
def test_bad_input_is_refused(build, where):
    with pytest.raises(InputError, match=where):
        build()
