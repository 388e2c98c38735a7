from functools import partial

import pytest

from lasersampling.keeping import kept
from lasersampling.results import ResultsFile
from lasersampling.results.run_file import RunFile
from lasersampling.results.unfinished import unfinished


@pytest.mark.parametrize(
    ("command", "goes_on"),
    [
        ("lasersampling sample m --out 'a b.h5'", "lasersampling sample --resume '{path}'"),
        ("python training/x.py --out r.h5", "python training/x.py --out r.h5 --resume"),
        ("", ""),
    ],
)
@pytest.mark.parametrize(("n", "words"), [(1, "1 step is kept"), (3, "3 steps are kept")])
def test_a_run_that_was_stopped_says_what_is_kept_and_how_it_goes_on(
    tmp_path, command, goes_on, n, words
):
    path = tmp_path / "a b.h5"
    with (
        pytest.raises(KeyboardInterrupt),
        RunFile.open(path, command=command, seed=1, config="") as file,
    ):
        for k in range(n):
            kept("part", partial(int, k))
        running = unfinished(path)
        assert running is not None
        assert (running.kept, running.goes_on) == (f"{words}, and it is running now", "")
        raise KeyboardInterrupt
    left = unfinished(path)
    assert left is not None
    assert (left.kept, left.goes_on) == (words, goes_on.format(path=path))
    resumed = RunFile.open(path, command=command, seed=1, config="", goes_on=True)
    with resumed as file, file.finish():
        pass
    assert unfinished(path) is None


def test_pieces_of_a_sweep_are_counted_and_its_whole_command_goes_on(tmp_path):
    path, command = tmp_path / "k.h5", "lasersampling sweep sample m --over draws=1,2 --out k.h5"
    with ResultsFile.create(path, command=command, seed=0, config="") as file:
        file.attributes("/", {"complete": False})
        file.write("pieces/seed", [0, 1], ("piece",), units="1", description="seed")
    left = unfinished(path)
    assert left is not None
    assert str(left) == (
        f"this run has not come to its end; 2 pieces are kept; go on with: {command} --resume"
    )
