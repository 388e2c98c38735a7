import errno
import os
import subprocess
import sys
import threading

import pytest

from lasersampling.atomic import atomic_path, check_outputs, reserved
from lasersampling.errors import InputError, LaserSamplingError


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


def test_symbolic_links_are_refused_as_files_and_followed_as_folders(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    target, link = folder / "target", tmp_path / "link"
    link.symlink_to(target)
    for content in (None, "precious"):
        if content is not None:
            target.write_text(content)
        with pytest.raises(InputError, match="a symbolic link to .*target"), atomic_path(link):
            pytest.fail("the block was entered")
    assert target.read_text() == "precious"
    (tmp_path / "elsewhere").symlink_to(folder)
    with atomic_path(tmp_path / "elsewhere" / "new") as temporary:
        temporary.write_text("new")
    assert (folder / "new").read_text() == "new"


@pytest.mark.parametrize("make", ["symlink_to", "hardlink_to"])
def test_a_temporary_name_that_is_another_file_too_is_refused(tmp_path, make):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    getattr(tmp_path / ".run.h5.partial", make)(precious)
    with pytest.raises(InputError, match="run.h5"), atomic_path(tmp_path / "run.h5"):
        pytest.fail("the block was entered")
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("how", ["same", "relative", "symlink", "hardlink", "partial", "folder"])
def test_inputs_are_never_outputs(tmp_path, monkeypatch, how, overwrite):
    monkeypatch.chdir(tmp_path)
    precious = tmp_path / "in.png"
    precious.write_text("precious")
    output, folders = precious, []
    if how == "relative":
        (tmp_path / "sub").mkdir()
        output = "sub/../in.png"
    elif how == "symlink":
        output = tmp_path / "out.png"
        output.symlink_to(precious)
    elif how == "hardlink":
        output = tmp_path / "out.png"
        output.hardlink_to(precious)
    elif how == "partial":
        precious = precious.rename(tmp_path / ".out.png.partial")
        output = "out.png"
    elif how == "folder":
        output, folders = tmp_path / "new.png", [tmp_path]
    inputs = [] if how == "folder" else [precious, "D6", ""]
    with pytest.raises(InputError, match="reads"):
        check_outputs([output], inputs=inputs, folders=folders, overwrite=overwrite)


def test_outputs_that_are_there_are_told_all_at_once(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text("")
    with pytest.raises(InputError) as caught:
        check_outputs([tmp_path / "a", tmp_path / "b", tmp_path / "c"])
    assert len(caught.value.problems) == 2
    check_outputs([tmp_path / "a", tmp_path / "c"], overwrite=True)


def test_a_name_too_long_for_its_temporary_file_is_refused_before_the_block(tmp_path):
    with pytest.raises(InputError, match="name too long"):
        check_outputs([tmp_path / ("x" * 250)])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_is_full_or_fails_leaves_what_was_there(tmp_path, number):
    path = tmp_path / "run.csv"
    path.write_text("old")
    with (
        pytest.raises(LaserSamplingError, match="run.csv: could not be written"),
        atomic_path(path) as temporary,
    ):
        temporary.write_text("half")
        raise OSError(number, os.strerror(number))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


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
