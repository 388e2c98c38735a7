"""Images drawn by several samplers, one band for each."""

from __future__ import annotations

import os

from matplotlib.figure import Figure

from lasersampling.plots import gallery, style
from lasersampling.results.contents import Results
from lasersampling.results.reading import read_results


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot a gallery: one band for each sampler, one column for each label, then free images.

    Parameters
    ----------
    path : path-like
        Results file with ``/images``: one or more of `lasers`, `renewal`, `gibbs`, `data`, of
        shape (sample, row, column) with values 0 (white) to 1 (black), and for each of them
        `<name>_label` (sample), -1 for images drawn without a label; `class_name` (class), if
        classes have names. The first two images of each label are shown, and more if there are few
        labels. Metrics `label_accuracy_<name>` are written above the bands, and the text attribute
        `headline` of the group above the figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no images.
    """
    results = read_results(path, groups=("images",))
    images = results.group("images")
    bands = [
        gallery.Band(
            _title(results, name), results.array(f"images/{name}"),
            results.array(f"images/{name}_label"), is_beside=name == "data",
        )
        for name in [name for name in gallery.TITLES if name in images] or ["lasers"]
    ]  # fmt: skip
    names = results.array("images/class_name").tolist() if "class_name" in images else ()
    with style.style():
        return gallery.draw(bands, names, results.attributes["images"].get("headline"))


def _title(results: Results, name: str) -> str:
    accuracy = results.metrics.get(f"label_accuracy_{name}")
    if accuracy is None:
        return gallery.TITLES[name]
    error = accuracy.standard_error
    spread = f" ± {100 * error:.1f}" if error else ""
    return f"{gallery.TITLES[name]} · label recognised in {100 * accuracy.value:.1f}{spread} %"
