"""Import closures: what a stored measurement depends on."""

import pytest

from lasersampling import closure
from lasersampling.closure import code_of, digest_of, import_closure

CALIBRATION = "lasersampling.sampling.neurons.calibration"
NEEDED = ["lasers/spikes.py", "lasers/device.py", "lasers/synapse.py", "lasers/network.py",
          "sampling/neurons/translation.py", "lasers/integrator/kernel.py"]  # fmt: skip


@pytest.mark.parametrize("changed", NEEDED)
def test_code_that_a_calibration_needs_changes_its_key(monkeypatch, changed):
    before = digest_of(CALIBRATION)
    real = closure.code_of
    marked = (closure._ROOT / changed).read_text(encoding="utf-8")
    monkeypatch.setattr(
        closure, "code_of", lambda source: real(source) + "x = 2" * (source == marked)
    )
    assert digest_of(CALIBRATION) != before


def test_code_above_it_does_not():
    names = {path.relative_to(closure._ROOT).as_posix() for path in import_closure(CALIBRATION)}
    assert set(NEEDED) <= names
    assert "sampling/neurons/sampler.py" not in names
    assert not any(name.startswith(("cli/", "results/", "learning/")) for name in names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1  # one\n", "x = 1\n"),
        ('"""About."""\n\ndef f():\n    """F."""\n    return "#"\n', 'def f():\n    return "#"\n'),
        ("import os\n\n\nos.sep\n", "import os\nos.sep\n"),
    ],
)
def test_words_do_not_count(one, other):
    assert code_of(one) == code_of(other)


def test_code_counts():
    assert code_of("x = '# 1'\n") != code_of("x = '# 2'\n")
