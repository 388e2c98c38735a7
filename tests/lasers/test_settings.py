"""Settings of simulations are refused where they are made, wherever they are used."""

import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.settings import (
    JumpSettings,
    RecordingSettings,
    SimulationSettings,
    StepSettings,
    TraceRequest,
)

WRONG: dict[str, list[object]] = {
    "burn_in_ns": [-1.0, float("inf"), float("nan"), "1"],
    "refractory_time_ns": [0.0, -1.0, float("inf")],
    "n_threads": [0, 1.5, True],
    "traces": ["all"],
    "step_ps": [0.0, -1.0, float("nan"), float("inf")],
    "noise": [1, "yes"],
    "common_step": [0],
    "recall_ns": [-1.0, float("inf")],
    "photon_histogram": [-1, 1.5],
    "chains": [(2, 2), (3, 1), (0, 1, 2), "all"],
}
KINDS = (RecordingSettings, StepSettings, SimulationSettings, JumpSettings)


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_is_checked(kind):
    for name in kind.__dataclass_fields__:
        for value in WRONG[name]:
            with pytest.raises(InputError, match=f"^{name}: got"):
                kind(**{name: value})
    with pytest.raises(InputError, match="an unknown key, expected one of"):
        kind(step_ns=1.0)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (((0,), 0, 5, 0), "interval_ps: got 0"),
        (((0,), 5, 5, 1), "stop_ns: got 5, expected more than start_ns, 5 ns"),
        (((0,), -1, 5, 1), "start_ns: got -1"),
        (((0,), 0, float("inf"), 1), "stop_ns: got inf"),
        (((-1,), 0, 5, 1), r"lasers\[0\]: got -1"),
        ((0, 0, 5, 1), "lasers: got 0"),
    ],
)
def test_requests_for_traces_are_checked(request_, message):
    with pytest.raises(InputError, match=message):
        TraceRequest(*request_)
