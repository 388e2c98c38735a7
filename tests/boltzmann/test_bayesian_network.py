import numpy as np
import pytest

from lasersampling.boltzmann import (
    BayesianNetwork,
    exact_distribution,
    load_bayesian_network,
    marginal,
    target_from_machine,
)
from lasersampling.config import shipped_names, shipped_path
from lasersampling.errors import InputError

SMALL = """
[variables.wet]
parents = ["rain", "hose"]
probability = { "00" = 0.1, "10" = 0.8, "01" = 0.7, "11" = 0.95 }
[variables.rain]
probability = 0.3
[variables.hose]
probability = 0.4
"""


def network_of(tmp_path, text):
    path = tmp_path / "network.toml"
    path.write_text(text)
    return load_bayesian_network(path)


def test_joint_is_the_product_of_the_tables(tmp_path):
    network = network_of(tmp_path, SMALL)
    assert network.names == ("wet", "rain", "hose")
    joint = network.joint()
    assert joint.sum() == pytest.approx(1)
    # wet = 1, rain = 0, hose = 1: state 101, number 5.
    assert joint[5] == pytest.approx(0.7 * 0.7 * 0.4)
    assert joint[6] == pytest.approx(0.05 * 0.3 * 0.4)
    assert network.target().unit_names == network.names


def test_posterior_by_bayes_rule(tmp_path):
    network = network_of(tmp_path, SMALL)
    wet = marginal(network.joint(), [0])[1]
    given = network.posterior([1, -1, -1])
    # P(rain | wet) = P(wet | rain) P(rain) / P(wet)
    p_wet_rain = 0.3 * (0.6 * 0.8 + 0.4 * 0.95)
    assert marginal(given, [1])[1] == pytest.approx(p_wet_rain / wet)
    soft = network.posterior(log_odds=[np.log(4.0), 0, 0])
    assert marginal(soft, [0])[1] == pytest.approx(4 * wet / (4 * wet + 1 - wet))


def test_explaining_away_and_the_illusion_are_in_the_shipped_networks():
    alarm = load_bayesian_network(shipped_path("bayesian_networks", "explaining_away"))
    prior = marginal(alarm.joint(), [0])[1]
    seen = marginal(alarm.posterior([-1, -1, 1, -1, -1]), [0])[1]
    explained = marginal(alarm.posterior([-1, 1, 1, -1, -1]), [0])[1]
    assert prior < explained < 0.5 * seen
    eye = load_bayesian_network(shipped_path("bayesian_networks", "visual_perception"))
    curved, straight = (eye.posterior([-1, -1, 1, contour]) for contour in (1, 0))
    assert marginal(curved, [1])[1] > 0.7 > 0.3 > marginal(straight, [1])[1]
    assert marginal(straight, [0])[1] > 0.8 > marginal(curved, [0])[1]


@pytest.mark.parametrize("name", shipped_names("bayesian_networks"))
@pytest.mark.parametrize("bound", [2.0, 3.0, 10.0])
def test_the_machine_has_exactly_the_networks_distribution(name, bound):
    network = load_bayesian_network(shipped_path("bayesian_networks", name))
    machine = network.machine(max_auxiliary_weight=bound)
    assert machine.n_visible == network.n_variables
    assert np.abs(machine.weights[machine.hidden]).max() <= bound
    log_ratio = np.log(target_from_machine(machine).probabilities / network.joint())
    assert np.abs(log_ratio).max() < 1e-9


def test_posteriors_of_machine_and_network_agree():
    network = load_bayesian_network(shipped_path("bayesian_networks", "visual_perception"))
    machine = network.machine()
    held = np.full(machine.n_units, -1)
    held[2:4] = 1
    of_machine = marginal(exact_distribution(machine, held), [0, 1])
    of_network = marginal(network.posterior(held[:4]), [0, 1])
    assert of_machine == pytest.approx(of_network, abs=1e-9)


def test_a_shipped_network_needs_weights_that_lasers_can_do():
    for name in shipped_names("bayesian_networks"):
        machine = load_bayesian_network(shipped_path("bayesian_networks", name)).machine()
        assert np.abs(machine.weights).max() < 3.5


BAD = {
    "a = 1": ["network.toml: a: got an unknown key", "network.toml: variables: got None"],
    "[variables.a]": ["network.toml: variables.a.probability: got nothing, expected a prob"],
    "[variables.a]\nprobability = 1.5": ["variables.a.probability: got 1.5"],
    "[variables.a]\nprobability = true": ["variables.a.probability: got True"],
    "[variables.a]\nprobability = 0.5\nparent = []": ["variables.a.parent: got an unknown key"],
    '[variables.a]\nparents = ["b"]': ["variables.a.parents: got 'b', expected one of no others"],
    '[variables."0"]\nprobability = 0.5': ["variables.0: got '0', expected a name of letters"],
    "variables.a = 3": ["variables.a: got 3, expected a table"],
    '[variables.a]\nprobability=0.5\n[variables.b]\nparents=["a"]\nprobability=0.5': [
        "variables.b.probability: got 0.5, expected a table of the 2 states of its parents"
    ],
    "[variables.a]\nprobability=0.5\n"
    '[variables.b]\nparents=["a"]\nprobability={"0"=0.5, "2"=0.1}': [
        "variables.b.probability.2: got an unknown state",
        "variables.b.probability.1: got nothing, expected a probability",
    ],
    '[variables.a]\nprobability=0.5\n[variables.b]\nparents=["a", "a"]': [
        "variables.b.parents: got ['a', 'a'], expected each parent once"
    ],
    '[variables.a]\nparents=["b"]\nprobability={"0"=0.5, "1"=0.1}\n'
    '[variables.b]\nparents=["a"]\nprobability={"0"=0.5, "1"=0.1}': [
        "variables: got a cycle among a, b"
    ],
}


@pytest.mark.parametrize("text", BAD)
def test_bad_networks_are_refused(tmp_path, text):
    with pytest.raises(InputError) as error:
        network_of(tmp_path, text)
    for message in BAD[text]:
        assert message in str(error.value)


def test_certainties_have_no_machine_and_impossible_evidence_no_posterior(tmp_path):
    network = network_of(tmp_path, "[variables.a]\nprobability = 1.0")
    with pytest.raises(
        InputError,
        match=r"\.toml: variables.a.probability: got 1, expected a number above 0",
    ):
        network.machine()
    with pytest.raises(InputError, match="evidence: got probability 0"):
        network.posterior([0])


def test_certainties_are_told_with_file_row_and_remedy(tmp_path):
    network = network_of(
        tmp_path,
        "[variables.rain]\nprobability=0.2\n[variables.hose]\nprobability=0.3\n"
        '[variables.wet]\nparents=["rain", "hose"]\n'
        'probability={"00"=0, "10"=0.9, "01"=0.8, "11"=1}',
    )
    with pytest.raises(InputError) as error:
        network.machine()
    first, second = str(error.value).splitlines()
    assert ".toml: variables.wet.probability.00 (rain = 0, hose = 0): got 0, expected" in first
    assert first.endswith("such as 0.001")
    assert ".toml: variables.wet.probability.11 (rain = 1, hose = 1): got 1, expected" in second
    assert second.endswith("such as 0.999")


@pytest.mark.parametrize("shift", [[1.0], [0.0, np.nan], [np.inf, 0.0]])
def test_bad_log_odds_are_refused(tmp_path, shift):
    network = network_of(tmp_path, "[variables.a]\nprobability=0.2\n[variables.b]\nprobability=0.3")
    with pytest.raises(InputError, match="log_odds: got .* expected 2 finite numbers"):
        network.posterior(log_odds=shift)
    assert np.isfinite(network.posterior(log_odds=[2000.0, -2000.0])).all()


@pytest.mark.parametrize(
    ("names", "parents", "tables", "what"),
    [
        (None, None, None, "names"),
        ((), (), (), "names"),
        ("a", ((),), ([0.5],), "names"),
        ((3,), ((),), ([0.5],), "names"),
        (("a", "a"), ((), ()), ([0.5], [0.5]), "names"),
        (("a", "b"), ((),), ([0.5], [0.5]), "parents"),
        (("a",), ((0,),), ([0.5, 0.5],), "parents"),
        (("a",), ((1,),), ([0.5, 0.5],), "parents"),
        (("a",), (None,), ([0.5],), "parents"),
        (("a", "b"), ((1,), (0,)), ([0.5, 0.5], [0.5, 0.5]), "cycle"),
        (("a",), ((),), ([np.nan],), "tables"),
        (("a",), ((),), ([1.5],), "tables"),
        (("a",), ((),), ([0.5, 0.5],), "tables"),
        (("a",), ((),), ("x",), "tables"),
    ],
)
def test_parts_that_make_no_network_are_refused(names, parents, tables, what):
    with pytest.raises(InputError, match=what):
        BayesianNetwork(names, parents, tables)
