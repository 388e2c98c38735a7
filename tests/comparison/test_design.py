import itertools
import re
import textwrap
from pathlib import Path

import pytest

from lasersampling.comparison.design import Cell, Design, load_comparison
from lasersampling.comparison.settings import MAIN, Comparison
from lasersampling.config import shipped_path
from lasersampling.errors import InputError
from lasersampling.learning.spikes.networks import layer_sizes, network_of


def problems(**changed):
    with pytest.raises(InputError) as error:
        Comparison(**changed)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "data", "batch_size", "n_epochs", "sizes"),
    [
        ("yin_yang_methods", "yin_yang", 150, 60, (4, 3)),
        ("mnist16_methods", "mnist16", 50, 20, (256, 10)),
    ],
)
def test_shipped_comparisons_are_of_equal_networks(name, data, batch_size, n_epochs, sizes):
    design = load_comparison(shipped_path("recipes", name))
    recipes = [design.recipe(cell, design.middle(cell.arm)) for cell in design.cells()]
    shared = {(r.seed, r.members, r.data, r.learning.batch_size) for r in recipes}
    assert shared == {(0, 10, data, batch_size)}
    main = [design.recipe(Cell(MAIN, "", arm), {}) for arm in design.comparison.arms]
    numbers = {network_of(recipe, *sizes).n_parameters for recipe in main}
    assert len(numbers) == 1
    assert {recipe.learning.n_epochs for recipe in main} == {n_epochs}
    ways = {(recipe.method, recipe.loss.kind) for recipe in main}
    assert len(ways) == len(main) == 9


def test_the_parts_of_mnist28_differ_in_one_thing_and_have_about_as_many_weights():
    design = load_comparison(shipped_path("recipes", "mnist28_parts"))
    arms = {cell.arm: design.recipe(cell, {}) for cell in design.cells()}
    whole = arms.pop("mnist28")
    for name, recipe in arms.items():
        assert recipe != whole, name
        one_by_one = [
            getattr(recipe, part) != getattr(whole, part)
            for part in ("network", "loss", "learning", "encoding", "method", "data", "seed")
        ]
        assert sum(one_by_one) == 1, name
        sizes = layer_sizes(recipe, 784, 10)
        assert sum(a * b for a, b in itertools.pairwise(sizes)) == pytest.approx(277_900, rel=0.003)


@pytest.mark.parametrize("name", ["yin_yang_methods", "mnist16_methods"])
def test_every_arm_searches_as_many_keys_as_its_method_has(name):
    design = load_comparison(shipped_path("recipes", name))
    common = set(design.comparison.search.ranges)
    for arm in design.comparison.arms:
        own = set(design.ranges(arm)) - common
        expected = {"loss.temperature"}
        if arm.startswith("surrogate"):
            expected.add("grid.surrogate.steepness")
        assert own == expected


def test_settings_are_laid_over_each_other(table):
    table["settings"] = {"learning.learning_rate": 0.5, "network.hidden": [3]}
    table["studies"] = {"few": {"about": "samples", "variants": {"20": {"train_samples": 20}}}}
    design = Design(Comparison(**table))
    assert [cell.name for cell in design.cells()] == [
        "main-slow", "main-fast", "few-20-slow", "few-20-fast",
    ]  # fmt: skip
    recipe = design.recipe(Cell("few", "20", "fast"), {"loss.temperature": 0.3})
    assert recipe.network.hidden == (3,)
    assert recipe.learning.learning_rate == 0.05
    assert recipe.loss.temperature == 0.3
    assert recipe.train_samples == 20
    trial = design.trial("fast", {})
    assert (trial.learning.n_epochs, trial.seed, trial.members) == (1, 1_000_000, 2)
    assert recipe.data.endswith("mine.npz")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"reference": "other"}, "reference: got 'other', expected an arm, of slow, fast"),
        ({"members": 1}, "members: got 1, expected a number of at least 2"),
        (
            {"studies": {"s": {"about": "a", "variants": {"x": {}}, "arms": ["no"]}}},
            "studies.s.arms: got no, expected arms, of slow, fast",
        ),
        ({"studies": {"s": {"about": "a", "variants": {}}}}, "studies.s.variants: got none"),
        ({"studies": {"main": {"about": "a", "variants": {"x": {}}}}}, "studies.main"),
        ({"studies": {"a/b": {"about": "a", "variants": {"x": {}}}}}, "names of arms, studies"),
        (
            {"studies": {"a\nb": {"about": "a", "variants": {"x": {}}}}},
            "got 'a\\nb', expected a name",
        ),
        ({"studies": {"n" * 61: {"about": "a", "variants": {"x": {}}}}}, "of 61 letters, expected"),
        (
            {"studies": {"curves": {"about": "a", "variants": {"x": {}}}}},
            "studies.curves: got a name that results files have for curves of learning",
        ),
        (
            {"studies": {"samples": {"about": "a", "variants": {"x": {}}}}},
            "studies.samples: got a name that results files have for draws",
        ),
        *(
            (
                {"studies": {name: {"about": "a", "variants": {"x": {}}}}},
                f"studies.{name}: got a name that results files have for {what}",
            )
            for name, what in [
                ("config", "the settings"),
                ("metrics", "figures of merit"),
                ("claim_c", "claims"),
            ]
        ),
        *(
            (
                {"arms": {name: {"settings": {}}, "slow": {"settings": {}}}},
                f"arms.{name}: got a name that results files have for {what}",
            )
            for name, what in [("member", "networks"), ("epoch_slow", "epochs")]
        ),
        *(
            (
                {"search": {"trials": 1, "ranges": {key: {"low": 1.0, "high": 2.0}}}},
                f"search.ranges.{key}: got a range, expected none",
            )
            for key in ("seed", "members", "learning.n_epochs")
        ),
        ({"goal": 0.0}, "goal: got 0, expected above 0"),
        (
            {"claims": {"c": {"about": "a", "pairs": [["fast", "slow"], ["slow", "fast"]]}}},
            "claims.c.pairs: got fast and slow in two pairs, expected each pair once",
        ),
        ({"search": {"seed": 1}}, "search.seed: got 1, expected seeds that the reported"),
        (
            {"search": {"ranges": {"k": {"low": 0.0, "high": 1.0, "log": True}}}},
            "low: got 0, expected above 0 for a logarithm",
        ),
        (
            {"search": {"ranges": {"k": {"low": 2.0, "high": 1.0}}}},
            "high: got 1, expected above low, 2",
        ),
    ],
)
def test_a_design_that_makes_no_sense_is_refused(table, changed, told):
    assert told in problems(**{**table, **changed})


@pytest.mark.parametrize(
    ("place", "settings", "told"),
    [
        ("arms", {"data": "yin_yang"}, "arms.fast.settings.data: got a value, expected none"),
        ("arms", {"learning.n_epochs": 9}, "arms.fast.settings.learning.n_epochs"),
        ("arms", {"learning": {"n_epochs": 9}}, "arms.fast.settings.learning.n_epochs"),
        ("arms", {"learning.patience": 1}, "arms.fast.settings.learning.patience"),
        ("arms", {"learning.evaluate_every": 2}, "arms.fast.settings.learning.evaluate_every"),
        (
            "arms",
            {"event_files": {"validation_speakers": 3}},
            "arms.fast.settings.event_files.validation_speakers",
        ),
        ("arms", {"seed": 9}, "the key seed of the comparison"),
        ("settings", {"members": 9}, "settings.members: got a value"),
        ("studies", {"seed": 1}, "studies.s.variants.v.seed: got a value"),
        ("search", {"loss.temperature": 0.1}, "since loss.temperature is searched for"),
        ("search", {"loss": {"temperature": 0.1}}, "since loss.temperature is searched for"),
    ],
)
def test_what_would_make_a_comparison_unfair_is_refused(table, place, settings, told):
    if place == "settings":
        table["settings"] = settings
    elif place == "studies":
        table["studies"] = {"s": {"about": "a", "variants": {"v": settings}}}
    else:
        table["arms"]["fast"]["settings"] = settings
    if place == "search":
        ranges = {"loss.temperature": {"low": 0.1, "high": 1.0}}
        table["search"] = {"trials": 1, "ranges": ranges}
    assert told in problems(**table)


def test_one_arm_and_trials_without_ranges_are_refused(table):
    assert "search.ranges: got none" in problems(**{**table, "search": {"trials": 2}})
    del table["arms"]["fast"]
    assert "arms: got 1, expected at least two" in problems(**table)


def test_both_ends_of_a_range_are_checked(table):
    ranges = {"learning.averaged_share": {"low": -5.0, "high": 5.5}}
    table["search"] = {"trials": 1, "ranges": ranges}
    with pytest.raises(InputError) as error:
        Design(Comparison(**table))
    text = str(error.value)
    assert "arms.fast: range of learning.averaged_share: learning.averaged_share: got -5" in text
    assert "got 5.5" in text


def test_trainings_that_would_share_a_file_are_refused(table):
    table["studies"] = {
        "s": {"about": "a", "variants": {"v-w": {}}},
        "s-v": {"about": "a", "variants": {"w": {}}},
    }
    with pytest.raises(InputError, match=r"names: got two trainings s-v-w-fast\.h5"):
        Design(Comparison(**table))


def test_names_that_no_file_can_have_are_refused(table):
    name = "\N{FIRE}" * 60
    table["studies"] = {name: {"about": "a", "variants": {name: {}}}}
    with pytest.raises(InputError, match=r"names: got .* bytes, expected shorter names"):
        Design(Comparison(**table))


def test_settings_that_do_not_fit_are_told_with_their_arm_and_variant(table):
    table["arms"]["fast"]["settings"]["learning.learning_rat"] = 1.0
    table["studies"] = {"few": {"about": "n", "variants": {"0": {"train_samples": 0}}}}
    with pytest.raises(InputError) as error:
        Design(Comparison(**table))
    text = str(error.value)
    assert "arms.fast: learning.learning_rat" in text
    assert "studies.few.variants.0, arms.slow, arms.fast: train_samples: got 0" in text


def test_a_problem_of_all_arms_is_told_once(table):
    table["settings"] = {"network.hiden": [3]}
    table["search"] = {"trials": 1, "ranges": {"loss.temperature": {"low": 0.1, "high": 1.0}}}
    table["studies"] = {"few": {"about": "n", "variants": {"20": {"train_samples": 20}}}}
    with pytest.raises(InputError) as error:
        Design(Comparison(**table))
    (problem,) = error.value.problems
    assert problem.where == "arms.slow, arms.fast: network.hiden"
    table["settings"] = {}
    table["search"]["ranges"]["loss.temperature"]["high"] = 1e300
    with pytest.raises(InputError) as error:
        Design(Comparison(**table))
    (problem,) = error.value.problems
    assert problem.where == "arms.slow, arms.fast: loss.temperature"


def test_tables_of_settings_are_laid_over_those_of_the_base(table):
    table["settings"] = {"network": {"hidden": [3]}, "loss": {"temperature": 0.3}}
    design = Design(Comparison(**table))
    recipe = design.recipe(Cell(MAIN, "", "fast"), {})
    assert recipe.network.hidden == (3,)
    assert recipe.network.neuron is not None
    assert (recipe.loss.kind, recipe.loss.temperature) == ("cross_entropy", 0.3)


def test_the_recipe_of_the_documentation_is_one(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text(encoding="utf-8")
    block = re.search(r"(?m)^    base = (.*\n)(?:    .*\n|\n)+", page)
    assert block is not None
    path = tmp_path / "recipe.toml"
    path.write_text(textwrap.dedent(block.group()), encoding="utf-8")
    design = load_comparison(path)
    assert len(design.cells()) == 4
    design.check_trainings()


def test_too_few_pairs_to_find_a_difference_are_told(table):
    (told,) = Design(Comparison(**{**table, "members": 5})).remarks()
    assert "5 networks" in told
    assert "0.062 or more" in told
    assert "Set members to 6 or more" in told
    assert Design(Comparison(**{**table, "members": 6})).remarks() == []


def test_arms_that_are_the_same_are_told(table):
    table["arms"]["again"] = dict(table["arms"]["slow"])
    table["members"] = 10
    (told,) = Design(Comparison(**table)).remarks()
    assert told.startswith("arms slow, again are the same way to train")


def test_each_family_of_differences_has_a_smallest_p_value_of_its_own(table):
    """With 6 pairs two corrected differences cannot be told, one can."""
    table |= {"members": 6, "claims": {"c": {"about": "a", "pairs": [["fast", "slow"]]}}}
    assert Design(Comparison(**table)).remarks() == []
    table["arms"]["third"] = {"settings": {"learning.learning_rate": 0.01}}
    (told,) = Design(Comparison(**table)).remarks()
    assert "any difference of the arms significant" in told
    assert "corrected for 2 comparisons, is 0.062 or more. Set members to 7" in told
    table["claims"]["c"]["pairs"].append(["third", "slow"])
    (told,) = Design(Comparison(**table)).remarks()
    assert "any difference significant" in told
    (told,) = Design(Comparison(**{**table, "members": 2})).remarks()
    assert "is 1. Set members to 7" in told


@pytest.mark.parametrize("read", [load_comparison, None])
def test_a_base_that_is_missing_is_told_with_its_key(table, tmp_path, read):
    table["base"] = "elsewhere"
    if read is None:
        with pytest.raises(InputError, match=r"^base: got 'elsewhere'"):
            Design(Comparison(**table))
        return
    path = tmp_path / "c.toml"
    path.write_text(
        'base = "elsewhere"\nreference = "a"\n[arms.a]\nsettings = {}\n[arms.b]\nsettings = {}\n'
    )
    with pytest.raises(InputError, match=rf"^{path}: base: got 'elsewhere'"):
        read(path)


def test_a_key_that_leads_into_a_value_is_refused(table):
    table["settings"] = {"data.file": "x"}
    with pytest.raises(InputError, match=r"data\.file: got a key of a plain value"):
        Design(Comparison(**table))
