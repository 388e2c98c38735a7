"""Pages of docs/ are reached from the first page, lead somewhere, and show code that runs.

``make docs`` builds them, with every warning an error; here nothing is built.
"""

import re
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot
import pytest

import lasersampling

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for ending in ("md", "rst") for path in DOCS.rglob(f"*.{ending}"))
NAMES = [path.relative_to(DOCS).as_posix() for path in PAGES]
TUTORIALS = [page for page in PAGES if page.parent.name == "tutorials" and page.stem != "index"]
HOW_TO = [page for page in PAGES if page.parent.name == "how_to" and page.stem != "index"]
LONG = [DOCS / "learning.md", *HOW_TO, *TUTORIALS]
OUTSIDE = [ROOT / name for name in ("README.md", "RESULTS.md", "CONTRIBUTING.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def text_of(page):
    """The text of a page without code."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^( *)(```+|~~~+)(?!\{).*?^\1\2 *$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def entries(page):
    """The pages that the toctrees of a page list."""
    for block in re.findall(
        r"^```\{toctree\}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        for line in block.splitlines():
            if line.strip() and not line.startswith(":"):
                target = (page.parent / line.strip()).resolve()
                (found,) = (path for path in PAGES if path.with_suffix("") == target)
                yield found


def anchors(page):
    """The anchors of the headings of a page, as the forge and Sphinx make them."""
    text = text_of(page)
    for place in re.findall(r"^```\{include\} (\S+)", page.read_text(encoding="utf-8"), re.M):
        text += text_of((page.parent / place).resolve())
    for heading in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        yield re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def test_every_page_is_in_one_toctree_below_the_first_page():
    found, waiting = [], [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        found.append(page)
        waiting += entries(page)
    assert sorted(found) == PAGES


@pytest.mark.parametrize("page", [*PAGES, *OUTSIDE], ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(text_of(page)):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        reached = (page.parent / place).resolve() if place else page
        assert reached.is_file(), target
        if anchor and reached.suffix == ".md" and not anchor.startswith("lasersampling-"):
            assert anchor in list(anchors(reached)), target


def test_every_purpose_of_public_names_has_a_page():
    purposes = re.findall(r"^([A-Z][^.\n]*)\n    \w", lasersampling.__doc__ or "", re.MULTILINE)
    shown = [
        purpose
        for page in DOCS.rglob("*.rst")
        for purpose in re.findall(r"^\.\. public-names:: (.*)$", page.read_text("utf-8"), re.M)
    ]
    assert sorted(shown) == sorted(purposes)


def run_the_code_of(page, folder, monkeypatch):
    """Run the Python of a page as one program; in this process, where things are compiled."""
    monkeypatch.chdir(folder)
    matplotlib.use("agg")
    blocks = re.findall(
        r"^```(?:python|\{code-cell\} ipython3)\n((?::.*\n)*)(.*?)^```",
        page.read_text(encoding="utf-8"),
        flags=re.DOTALL | re.MULTILINE,
    )
    assert blocks
    code = "\n".join(block for _, block in blocks)
    exec(compile(code, str(page), "exec"), {"__name__": "__main__"})
    matplotlib.pyplot.close("all")


def test_code_of_results_files_runs(tmp_path, monkeypatch, capsys):
    run_the_code_of(DOCS / "results_files.md", tmp_path, monkeypatch)
    assert not re.search(r"\b(nan|inf)\b", capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.parametrize("page", LONG, ids=lambda page: page.stem)
def test_code_of_long_pages_runs(page, tmp_path, monkeypatch, capsys):
    run_the_code_of(page, tmp_path, monkeypatch)
    assert not re.search(r"\b(nan|inf)\b", capsys.readouterr().out)


@pytest.mark.slow
def test_the_pages_are_built_without_a_warning(tmp_path):
    for name in ("furo", "ipykernel", "myst_nb", "numpydoc", "sphinx_copybutton", "sphinx_design"):
        pytest.importorskip(name, reason="needs the extra docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    built = subprocess.run(
        [*command, str(DOCS), str(tmp_path / "pages")], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "pages" / "index.html").is_file()
