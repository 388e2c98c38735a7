"""The page in a real browser, where there is one: nothing fails, figures are seen."""

import base64
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from lasersampling.report import write_report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--enable-logging=stderr", "--virtual-time-budget=2000",
)  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this computer"),
]


@pytest.fixture
def browse(tmp_path):
    """Return a function that opens a page and gives what was printed: its elements, messages."""

    def opened(page, *arguments):
        command = [CHROMIUM, *ARGUMENTS, f"--user-data-dir={tmp_path / 'user'}", *arguments]
        done = subprocess.run(
            [*map(str, command), page.as_uri()],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        messages = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return done.stdout, messages

    return opened


@pytest.fixture(params=["friendly", "hostile", "several"])
def page(request, sampled, hostile, tmp_path):
    files = {
        "friendly": lambda: [sampled()],
        "hostile": lambda: [hostile],
        "several": lambda: [sampled("first.h5"), sampled("second.h5", 1), hostile],
    }
    return write_report(files[request.param](), tmp_path / "page.html")


def test_scripts_run_without_any_message(browse, page):
    elements, messages = browse(page, "--dump-dom")
    assert messages == []
    assert '<html lang="en" class="scripted">' in elements
    assert re.search(r"<output[^>]*>[^<]*D_KL\(sampled ‖ target\) = [^<]+ nats</output>", elements)


@pytest.mark.parametrize(("width", "scheme"), [(1280, 1), (400, 0)])
def test_figures_are_seen_in_their_colours(browse, sampled, tmp_path, width, scheme):
    page, picture = write_report([sampled()], tmp_path / "page.html"), tmp_path / "page.png"
    browse(
        page, f"--screenshot={picture}", f"--window-size={width},2600",
        f"--blink-settings=preferredColorScheme={scheme}",
    )  # fmt: skip
    colours = np.asarray(Image.open(picture).convert("RGB")).reshape(-1, 3)
    background = [0xFB, 0xFA, 0xF8] if scheme else [0x14, 0x16, 0x1A]
    assert colours[0].tolist() == background
    sampled_bars = [0xD5, 0x5E, 0x00] if scheme else [0xF0, 0x76, 0x3A]
    assert (np.abs(colours.astype(int) - sampled_bars).max(axis=1) <= 2).sum() > 300


def test_a_page_that_would_load_something_is_noticed(browse, page):
    """The test above can fail: the browser tells what the page may not do."""
    text = page.read_text(encoding="utf-8")
    image = base64.b64encode(b"no picture").decode()
    bad = (
        f'<script>alert(1)</script><img src="file:///etc/hostname"><img src="data:;base64,{image}">'
    )
    page.write_text(text.replace("<header>", f"<header>{bad}"), encoding="utf-8")
    _, messages = browse(page, "--dump-dom")
    assert sum("Content Security Policy" in line for line in messages) == 2
