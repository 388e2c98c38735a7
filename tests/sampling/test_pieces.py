import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, exact_moments
from lasersampling.errors import InputError
from lasersampling.hardware import Deviation, Imperfections, Quantity
from lasersampling.sampling import Gibbs, Pieces, pieces
from lasersampling.sampling.neurons.sampler import Lasers
from lasersampling.sampling.renewal.sampler import Renewal

MACHINE = BoltzmannMachine.random(4, seed=2)


@pytest.fixture
def short(monkeypatch):
    """Pieces of 120 draws of four chains; 53 draws of D6 take whole steps."""
    monkeypatch.setattr(pieces, "VALUES_PER_PIECE", 4 * 4 * 120)


def test_a_run_of_one_piece_has_the_bits_of_the_sampler():
    for sampler in (Gibbs(), Lasers("D6")):
        run = Pieces(sampler, MACHINE, 50, seed=3)
        assert run.lengths == (50,)
        alone = sampler.sample(MACHINE, 50, seed=3)
        np.testing.assert_array_equal(run.whole().states, alone.states)


@pytest.mark.parametrize("sampler", [Gibbs(), Lasers("D6"), Renewal("D6")], ids=lambda s: s.name)
def test_pieces_go_on_from_one_another(short, sampler):
    run = Pieces(sampler, MACHINE, 2000, seed=3)
    assert len(run.lengths) > 10
    assert sum(run.lengths) == 2000
    fractions: list[float] = []
    whole = run.whole(fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert whole.states.shape == (4, 2000, 4)
    assert whole.seed == 3
    # A unit of this machine keeps its state for a few draws, so its mean has an error below .02.
    np.testing.assert_allclose(whole.mean, exact_moments(MACHINE).mean, atol=0.08)
    again = run.whole()
    np.testing.assert_array_equal(again.states, whole.states)


@pytest.mark.parametrize("sampler", [Lasers("D6"), Renewal("D6")], ids=lambda s: s.name)
def test_states_follow_from_the_spikes_on_one_clock(short, sampler):
    whole = Pieces(sampler, MACHINE, 700, seed=5).whole()
    tau, interval = sampler.neuron.refractory_time_ns, whole.interval_ns
    assert whole.spikes is not None and interval is not None
    read = whole.spikes.states(tau, tau + interval * np.arange(700))
    np.testing.assert_array_equal(read, whole.states)
    one = sampler.sample(MACHINE, 700, seed=5).spikes
    assert whole.spikes.duration_ns == pytest.approx(one.duration_ns)
    # Neither lost nor counted twice at the seams: the rate is that of one run, within its error.
    assert whole.spikes.n_spikes == pytest.approx(one.n_spikes, rel=0.15)


def test_deviations_from_trial_to_trial_are_those_of_one_run(short):
    pumps = Quantity(trial=Deviation(0.05))
    sampler = Lasers("D6", imperfections=Imperfections(pump=pumps))
    still = BoltzmannMachine(np.zeros((4, 4)), np.zeros(4))
    run = Pieces(sampler, still, 1600, seed=1)
    means = np.array([piece.states.mean(axis=1) for piece in run.drawn()])
    # Deviations of .05 shift the logit of a laser by 3: drawn anew for each piece, its means would
    # scatter by .3, and those of one run scatter by less than .1 about different values.
    assert means.std(axis=0).max() < 0.2
    assert means.mean(axis=0).std() > 0.2


def test_the_division_depends_on_the_request_alone(short):
    assert Pieces(Gibbs(), MACHINE, 250).lengths == (120, 120, 10)
    first, second, *_ = Pieces(Lasers("D6"), MACHINE, 5000).lengths
    neuron = Lasers("D6").neuron
    for draws, more_ns in ((first - 1, neuron.refractory_time_ns), (second, 0.0)):
        steps = (draws * Lasers("D6").draw_interval_ns + more_ns) / (1e-3 * neuron.step_ps)
        assert steps == pytest.approx(round(steps), abs=1e-6)


def test_a_sampler_that_cannot_go_on_is_told(short):
    class Once:
        name = "once"

        def sample(self, machine, n_draws, **options):
            samples = Gibbs().sample(machine, n_draws, **options)
            return type(samples)(samples.states, self.name, samples.seed)

    assert Pieces(Once(), MACHINE, 120).whole().n_draws == 120
    with pytest.raises(InputError, match="one that can go on, or at most 120 draws"):
        Pieces(Once(), MACHINE, 121).whole()


def test_a_wrong_request_is_told_at_once():
    with pytest.raises(InputError, match="n_chains"):
        Pieces(Gibbs(), MACHINE, 100, n_chains=0)
    with pytest.raises(InputError, match="n_draws"):
        Pieces(Gibbs(), MACHINE, 0)
