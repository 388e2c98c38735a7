from pathlib import Path

from lasersampling.commands.configuring import recipe_table
from lasersampling.comparison.settings import Comparison
from lasersampling.config import shipped_path


def base_of(path):
    return recipe_table(Path(path), Comparison)["base"]


def test_shipped_files_keep_their_names_so_that_what_is_stored_holds_elsewhere(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shipped = shipped_path("recipes", "yin_yang_methods")
    assert base_of(shipped) == "yin_yang"
    text = shipped.read_text(encoding="utf-8")
    own = tmp_path / "mine" / "methods.toml"
    own.parent.mkdir()
    own.write_text(text, encoding="utf-8")
    assert base_of(own) == "yin_yang"
    # A file of this name in the working directory would be taken for it.
    Path("yin_yang").write_text("", encoding="utf-8")
    assert base_of(own) == str(shipped_path("recipes", "yin_yang").absolute())
    # One beside the recipe is meant.
    (own.parent / "yin_yang").write_text(
        shipped_path("recipes", "yin_yang").read_text(encoding="utf-8"), encoding="utf-8"
    )
    assert base_of(own) == str(own.parent / "yin_yang")
