"""What commands do with the user's files, and that they look before they compute."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lasersampling.boltzmann import BoltzmannMachine, save_machine
from lasersampling.commands.configuring import recipe_table
from lasersampling.learning.machines.recipes import FitRecipe
from lasersampling.results import ResultsFile

RUNS = {
    "simulate D6": "raster",
    "calibrate D6": None,
    "sample machine.toml --sampler gibbs": "distribution",
    "sample machine.toml": "raster",
    "infer machine.toml": None,
    "fit distribution": None,
    "generate --from digits": None,
    "generate digits": None,
    "generate --from digits --complete picture.png --occlude lower": None,
    "classify yin_yang_small": "spike_times",
}
"""Commands, each with one of its figures; None for one that has the name of the results file."""

FIT_RECIPE = 'target = "{target}"\ndevice = "{device}"\n'


@pytest.fixture
def files(run):
    save_machine("machine.toml", BoltzmannMachine.random(3, seed=4))
    Image.fromarray(np.full((8, 8), 200, np.uint8)).save("picture.png")
    return run


def refused(ran, *texts):
    assert ran.code == 2, ran.err
    assert ran.out == ""
    assert all(line.startswith("lasersampling: bad input: ") for line in ran.err.splitlines())
    for text in texts:
        assert text in ran.err


@pytest.mark.parametrize("command", RUNS)
def test_a_figure_or_results_that_are_there_are_refused_before_anything_is_computed(files, command):
    name = RUNS[command]
    figure = Path("run.png" if name is None else f"run_{name}.png")
    figure.write_text("precious")
    refused(files(*command.split(), "--out", "run.h5"), f"{figure}: got a file that exists")
    assert figure.read_text() == "precious"
    figure.unlink()
    Path("run.h5").write_text("precious")
    refused(files(*command.split(), "--out", "run.h5"), "run.h5: got a file that exists")
    assert sorted(p.name for p in Path().iterdir()) == ["machine.toml", "picture.png", "run.h5"]


@pytest.mark.parametrize("command", RUNS)
def test_results_of_another_ending_are_refused(files, command):
    for name in ("notes.csv", "notes"):
        refused(files(*command.split(), "--out", name), f"{name}: got ", ".h5, .hdf5, .nc")
    assert not Path("notes.csv").exists()


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
def test_a_picture_to_complete_is_never_replaced(files, overwrite):
    before = Path("picture.png").read_bytes()
    command = "generate --from digits --complete picture.png --occlude lower --out picture.h5"
    refused(files(*command.split(), *overwrite), "picture.png: got a file that this run reads")
    Path("other.png").symlink_to("picture.png")
    command = "generate --from digits --complete picture.png --occlude lower --out other.h5"
    refused(files(*command.split(), *overwrite), "other.png")
    assert Path("picture.png").read_bytes() == before


def test_a_machine_and_a_folder_of_pictures_are_no_place_for_results(files):
    save_machine("machine.h5", BoltzmannMachine.random(3, seed=4))
    before = Path("machine.h5").read_bytes()
    for command in ("sample machine.h5 --sampler gibbs", "infer machine.h5", "fit machine.h5"):
        ran = files(*command.split(), "--out", "./machine.h5", "--overwrite")
        refused(ran, "machine.h5: got a file that this run reads")
    assert Path("machine.h5").read_bytes() == before
    Path("pictures").mkdir()
    ran = files("generate", "digits", "--set", "data.source=pictures", "--out", "pictures/run.h5")
    assert ran.code == 2
    for name in "ab":
        Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save(f"pictures/{name}.png")
    ran = files(
        *[
            "generate",
            "--from",
            "digits",
            "--set",
            "data.source=pictures",
            "--out",
            "pictures/run.h5",
        ]
    )
    refused(ran, "a file among those that this run reads")


def test_labels_are_checked_before_anything_is_computed(files):
    for command in (
        "generate --from digits --label 12",
        "generate --from digits --complete picture.png --occlude lower --label 12",
        "generate digits --label 3 --label 12",
    ):
        refused(files(*command.split(), "--out", "run.h5"), "--label: got 12, expected 0 to 9")
    assert not Path("run.h5").exists()


def test_names_alike_are_proposed(files):
    refused(files("simulate", "d6"), "'d6' (did you mean 'D6'?)")
    refused(files("classify", "yinyang"), "did you mean 'yin_yang'?")
    refused(files("sample", "D6"), "'D6', one of the devices")


@pytest.mark.parametrize(
    ("command", "recipe", "owner"),
    [
        ("fit", "yin_yang", "classify"),
        ("fit", "digits", "generate"),
        ("classify", "distribution", "fit"),
        ("generate", "yin_yang", "classify"),
    ],
)
def test_recipes_of_other_commands_are_named(files, command, recipe, owner):
    refused(files(command, recipe), f"got a recipe of lasersampling {owner}")


@pytest.mark.parametrize("command", ["fit", "classify"])
def test_what_cannot_be_resumed_is_named_for_what_it_is(files, command):
    for name, complete in (("done.h5", True), ("other.h5", None)):
        with ResultsFile.create(name, command="lasersampling some run", seed=0, config="") as file:
            file.write("a/b", 1.0, units="1", description="")
            if complete is not None:
                file.attributes("/", {"complete": complete})
    refused(files(command, "--resume", "done.h5"), "a run of another command", "some run")
    refused(files(command, "--resume", "other.h5"), "results without a checkpoint", "some run")


def test_a_file_of_spikes_is_not_taken_for_a_recipe(files):
    np.savez("mine.npz", train_times=np.ones((2, 2)))
    refused(files("classify", "mine.npz"), "mine.npz: got an archive of NumPy", "--set data=")


@pytest.mark.parametrize("device", ["own", "./own.toml", "~/own.toml", "D6"])
@pytest.mark.parametrize("target", ["t.csv", "../recipes/t.csv", "~/t.csv"])
def test_paths_in_a_recipe_count_from_its_folder(tmp_path, monkeypatch, device, target):
    from lasersampling.config import shipped_path

    folder, elsewhere = tmp_path / "recipes", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("HOME", str(folder))
    text = shipped_path("devices", "D6").read_text(encoding="utf-8")
    for name in ("own", "own.toml"):
        (folder / name).write_text(text, encoding="utf-8")
    for other in ("own", "own.toml", "D6", "t.csv"):  # which are not meant
        (elsewhere / other).write_text("nothing = 1\n")
    (folder / "r.toml").write_text(FIT_RECIPE.format(target=target, device=device))
    table = recipe_table(folder / "r.toml", FitRecipe)
    assert Path(table["target"]).resolve() == folder / "t.csv"
    assert table["device"]["name"] == "D6"


def test_a_device_beside_the_recipe_is_missed_there(tmp_path, run):
    (tmp_path / "r.toml").write_text(FIT_RECIPE.format(target="t.csv", device="own.toml"))
    Path("own.toml").write_text("")
    refused(run("fit", tmp_path / "r.toml"), f"an existing file in {tmp_path}")


def test_home_is_expanded_on_the_command_line(files, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    save_machine(tmp_path / "home.toml", BoltzmannMachine.random(2, seed=1))
    ran = files(
        *[
            "sample",
            "~/home.toml",
            "--sampler",
            "gibbs",
            "--draws",
            "100",
            "--out=~/run.h5",
            "--set",
            "burn_in=1",
        ]
    )
    assert ran.code == 0, ran.err
    assert (tmp_path / "run.h5").is_file()
    assert (tmp_path / "run_distribution.png").is_file()


def test_shells_complete_names_and_files(files):
    from typer.testing import CliRunner

    from lasersampling.cli.main import app

    def told(words):
        environment = {
            "_LASERSAMPLING_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
        result = CliRunner().invoke(app, [], env=environment, prog_name="lasersampling")
        return result.stdout.split()

    assert "simulate" in told("lasersampling sim")
    assert "D6" in told("lasersampling simulate D")
    assert told("lasersampling sample mach") == ["machine.toml"]
    assert "yin_yang" in told("lasersampling classify yin")
    assert "--occlude" in told("lasersampling generate --occ")


OF_RECIPES = {
    "fit": ('target = "t.csv"\ndevice = "own.h5"\n', "devices/D6"),
    "generate": ('device = "own.h5"\n', "devices/D6"),
    "classify": ('data = "yin_yang"\n[network]\nhidden = [4]\n[chip]\nmodel = "own.h5"\n', None),
    "fit --set sampler.kind=gibbs": (
        'target = "t.csv"\ndevice = "D6"\nimperfections = "own.h5"\n',
        "imperfections/laboratory",
    ),
    "classify --set chip.model=recipes/own.h5": (
        'data = "yin_yang"\n[network]\nhidden = [4]\n[chip]\nmodel = "ideal"\n', None,
    ),
}  # fmt: skip
"""Recipes that name a file of their own, and the shipped file that it is a copy of."""


@pytest.mark.parametrize("command", OF_RECIPES)
def test_files_that_a_recipe_names_are_never_replaced(files, command):
    from lasersampling.config import shipped_path

    text, model = OF_RECIPES[command]
    kind, _, name = (model or "chips/ideal").partition("/")
    folder = Path("recipes")
    folder.mkdir()
    (folder / "r.toml").write_text(text)
    (folder / "t.csv").write_text("a,b\n0,1\n1,0\n0,0\n1,1\n")
    content = shipped_path(kind, name).read_bytes()
    (folder / "own.h5").write_bytes(content)
    name, *more = command.split()
    ran = files(name, "recipes/r.toml", *more, "--out", "recipes/own.h5", "--overwrite")
    refused(ran, "recipes/own.h5: got a file that this run reads")
    assert (folder / "own.h5").read_bytes() == content
