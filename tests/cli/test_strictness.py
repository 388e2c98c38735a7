import pytest
import typer

from lasersampling.cli.strictness import AGREES, NOT_CERTIFIED, enforce_again
from lasersampling.results import ResultsFile, read_results
from lasersampling.sampling.certificate import Verdict


@pytest.fixture
def complete(tmp_path):
    """Return a function that gives the results of a complete run with a verdict."""

    def results(verdict):
        path = tmp_path / "run.h5"
        with ResultsFile.create(path, command="", seed=0, config="", overwrite=True) as file:
            file.metric("error", 0.1)
            if verdict is not None:
                file.attributes("certificate", {"verdict": str(verdict)})
        return read_results(path)

    return results


def test_the_verdict_is_named_as_in_the_files():
    assert AGREES == Verdict.AGREES


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_a_complete_run_ends_as_it_did(complete, verdict):
    found = complete(verdict)
    enforce_again(found, strict=False)
    if verdict in (None, Verdict.AGREES):
        enforce_again(found, strict=True)
        return
    with pytest.raises(typer.Exit) as ended:
        enforce_again(found, strict=True)
    assert ended.value.exit_code == NOT_CERTIFIED
