import os
import subprocess

import pytest

from lasersampling.results.provenance import git_commit


@pytest.fixture
def clone(tmp_path, monkeypatch):
    # Tests may run in a hook, where git's variables point at the hook's repository.
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)

    def git(*words):
        names = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *names, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "--quiet")
    (tmp_path / "file").write_text("a")
    git("add", "file")
    git("commit", "--quiet", "--message", "first")
    return tmp_path, git("rev-parse", "HEAD")


def test_commit_of_a_clean_and_of_a_changed_clone(clone):
    folder, commit = clone
    assert git_commit(folder) == commit
    (folder / "file").write_text("b")
    assert git_commit(folder) == f"{commit}-dirty"


def test_variables_of_a_hook_do_not_mislead(clone, monkeypatch, tmp_path_factory):
    folder, commit = clone
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("other")))
    assert git_commit(folder) == commit


def test_unknown_outside_a_clone_within_another_one_and_before_the_first_commit(clone, tmp_path):
    inner = tmp_path / "site-packages"
    inner.mkdir()
    assert git_commit(inner) == "unknown"
    (inner / ".git").mkdir()
    assert git_commit(inner) == "unknown"
    subprocess.run(["git", "init", "--quiet"], cwd=inner, check=True)
    assert git_commit(inner) == "unknown"


def test_unknown_without_git(clone, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert git_commit(clone[0]) == "unknown"
