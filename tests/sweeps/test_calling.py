import pytest

from lasersampling.errors import InputError
from lasersampling.sweeps import calling
from lasersampling.sweeps.calling import COMMANDS, call_of
from lasersampling.sweeps.grid import Axis, Cell, Grid, axis_of


def checked(words, *over):
    grid = Grid(tuple(map(axis_of, over)), (0,))
    call = call_of(words.split(), grid.keys)
    call.check(grid)
    return call.of(next(grid.cells()))


@pytest.mark.parametrize(
    ("words", "over", "last"),
    [
        ("sample random_five --sampler gibbs", "draws=100", "--set=draws=100"),
        ("sample random_five", "device=D2", "--device=D2"),
        ("sample --sampler gibbs", "machine=random_five", "random_five"),
        ("sample random_five", "sampler=gibbs", "--sampler=gibbs"),
        ("sample random_five", "device.synapse.kick=0.5", "--set=device.synapse.kick=0.5"),
        ("fit distribution", "hidden=2", "--set=n_hidden=2"),
        ("fit", "recipe=distribution", "distribution"),
        ("infer explaining_away --clamp alarm=1", "hidden=true", "--set=hidden=true"),
        ("simulate D6", "pump=0.8", "--pump=0.8"),
        ("generate digits", "adapt=0", "--set=adaptation_rounds=0"),
        ("calibrate", "device=D6", "D6"),
        ("yin_yang_small", "network.hidden=[30, 20]", "--set=network.hidden=[30, 20]"),
    ],
)
def test_a_key_is_an_option_an_argument_or_a_key_of_the_configuration(words, over, last):
    assert checked(words, over)[-3:] == (last, "--seed", "0")


def test_a_recipe_stands_for_its_command():
    assert call_of(["digits"], []).words == ("generate", "digits")
    assert call_of(["distribution", "--adapt"], []).words == ("fit", "distribution", "--adapt", "4")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_what_a_sweep_sets(command):
    call = call_of([command], [])
    assert call.of(Cell((), 7)) == (command, "--seed", "7")


@pytest.mark.parametrize(
    ("words", "over", "message"),
    [
        ("sample random_five --sampler gibbs", ["draws=100,x"], "--over draws: got 'x', expected"),
        ("sample random_five", ["device=D6,D7"], "--over device: got 'D7', expected an existing"),
        ("sample --sampler gibbs", ["machine=five"], "--over machine: got 'five', expected an"),
        ("sample random_five", ["foo.bar=3"], "--over foo.bar: got an unknown key, expected"),
        ("sample random_five", ["chains=2.5,3"], "--over chains: got 2.5, expected a whole number"),
        (
            "sample random_five", ["duration_ns=1000", "sampler=lasers,gibbs"],
            "--over duration_ns: got an unknown key, expected one of: machine, sampler, draws",
        ),
        ("sample random_five", ["machine=digits"], "--over machine: got a key that stands in the"),
        ("sample random_five --chains 3", ["chains=2"], "--over chains: got a key that stands in"),
        ("sample random_five --set=chains=3", ["chains=2"], "--over chains: got a key that --set"),
        ("sample random_five --seed 3", ["chains=2"], "--seed: got an option of a piece, expected"),
        ("sample random_five --out x.h5", ["chains=2"], "--out: got an option of a piece, expec"),
        ("sample random_five --workers 2", ["chains=2"], "--workers: got an option of a piece, ex"),
        ("sample random_five --sedes 3", ["chains=2"], "sample: got no such option: --sedes"),
        ("sample", ["chains=2"], "MACHINE: got nothing, expected a machine"),
        ("sample random_five", ["seed=1,2"], "--over seed: got what the sweep sets itself, expec"),
        ("sample random_five", ["out=1,2"], "--over out: got what the sweep sets itself, expecte"),
        ("sample random_five", ["a..b=1"], "--over a..b: got 'a..b', expected a key, with dots"),
        ("report x.h5", ["a=1"], "COMMAND: got report, expected a command that computes: simulate"),
        ("compare yin_yang_methods", ["a=1"], "COMMAND: got compare, expected a command that comp"),
        ("yin_yang_methods", ["a=1"], "yin_yang_methods: got a recipe of compare, expected one of"),
        ("nonsense", ["a=1"], "COMMAND: got 'nonsense', expected one of the commands simulate"),
        ("", ["a=1"], "COMMAND: got nothing, expected one of simulate"),
    ],
)  # fmt: skip
def test_bad_input_is_told_under_its_key(words, over, message):
    with pytest.raises(InputError) as caught:
        checked(words, *over)
    assert str(caught.value).startswith(message)


def test_all_problems_are_told_at_once():
    with pytest.raises(InputError) as caught:
        checked("sample random_five --sampler gibbs", "draws=100,x,2", "chains=0,4")
    told = sorted(problem.where for problem in caught.value.problems)
    assert told == ["--over chains", "--over draws", "--over draws"]


def test_nothing_is_computed_or_written_while_values_are_checked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lasersampling.sampling.gibbs.Gibbs.sample", None)
    checked("sample random_five --sampler gibbs", "draws=1000000:100000000:3")
    assert not list(tmp_path.iterdir())


def test_a_key_that_is_unknown_is_told_by_the_first_combination(monkeypatch):
    asked, original = [], calling.call

    def counted(words, purpose):
        asked.append(words)
        return original(words, purpose)

    monkeypatch.setattr(calling, "call", counted)
    values = tuple(map(str, range(1, 500)))
    grid = Grid((Axis("chains", ("2", "3")), Axis("unknown.key", values)), (0,))
    words = ["sample", "random_five", "--sampler", "gibbs"]
    with pytest.raises(InputError, match="--over unknown.key: got an unknown key"):
        call_of(words, grid.keys).check(grid)
    assert len(asked) == 1
