import os
import subprocess
import sys
import threading

import pytest

from lasersampling.atomic import atomic_path, reserved
from lasersampling.errors import InputError


def test_file_appears_at_the_end_of_the_block_and_nothing_else_stays(tmp_path):
    path = tmp_path / "run.h5"
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == tmp_path
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_exception_leaves_the_old_file_and_no_temporary(tmp_path):
    path = tmp_path / "run.h5"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_existing_file_is_refused_before_the_block_unless_overwritten(tmp_path):
    path = tmp_path / "run.h5"
    path.write_text("old")
    with pytest.raises(InputError, match="exists"), atomic_path(path, overwrite=False):
        pytest.fail("the block was entered")
    assert list(tmp_path.iterdir()) == [path]
    with atomic_path(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


def test_unusable_targets_are_refused_before_the_block(tmp_path):
    (tmp_path / "file").write_text("")
    targets = [tmp_path, tmp_path / "missing" / "x", tmp_path / "file" / "x", "/proc/x", os.devnull]
    for path in targets:
        with pytest.raises(InputError) as caught, atomic_path(path):
            pytest.fail("the block was entered")
        assert str(path) in str(caught.value)


def test_second_run_on_the_same_file_is_refused_and_disturbs_nothing(tmp_path):
    path = tmp_path / "run.h5"
    with atomic_path(path) as temporary:
        temporary.write_text("first")
        with pytest.raises(InputError, match="another run"), atomic_path(path):
            pytest.fail("the block was entered")
    assert path.read_text() == "first"


def test_what_a_killed_run_left_is_used_up(tmp_path):
    path = tmp_path / "run.h5"
    code = (
        "import os, sys; from lasersampling.atomic import atomic_path\n"
        "with atomic_path(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('a long half-written text'); os._exit(9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, path], check=False)
    assert killed.returncode == 9
    assert len(list(tmp_path.iterdir())) == 1
    with atomic_path(path) as temporary:
        assert temporary.read_bytes() == b""
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_symbolic_link_is_followed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    with atomic_path(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_many_runs_at_once_each_write_a_whole_file_or_are_refused(tmp_path):
    path = tmp_path / "run.h5"
    written, refused = [], []

    def work(number):
        text = str(number) * 1000
        try:
            with atomic_path(path) as temporary:
                temporary.write_text(text)
        except InputError:
            refused.append(number)
        else:
            written.append(text)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in written
    assert len(written) + len(refused) == 32
    assert list(tmp_path.iterdir()) == [path]


def test_a_reserved_file_is_refused_to_others_until_it_is_free(tmp_path):
    path = tmp_path / "run.h5"
    with reserved(path):
        with pytest.raises(InputError, match="another run is writing now"), reserved(path):
            pass
        # The run itself may write it meanwhile.
        with atomic_path(path) as temporary:
            temporary.write_text("half way")
    assert path.read_text() == "half way"
    with reserved(path):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]


def test_reserving_needs_a_directory(tmp_path):
    with pytest.raises(InputError, match="no directory"), reserved(tmp_path / "no" / "run.h5"):
        pass
