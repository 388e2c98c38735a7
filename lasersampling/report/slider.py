"""The distribution of states as it takes shape: what the page shows behind a slider."""

from __future__ import annotations

from typing import Any

import numpy as np

from lasersampling.plots.style import state_words
from lasersampling.report.words import spoken, visible
from lasersampling.results.contents import Results
from lasersampling.statistics.divergences import kl_divergence

_MOST_STATES = 32
_N_FRAMES = 25
_MOST_BYTES = 1 << 28
"""Draws of more bytes are not read for the slider."""


def has_frames(results: Results) -> bool:
    """Say whether a file holds draws, and a target over few states, to be shown in time.

    Parameters
    ----------
    results : Results
        A results file, loaded or not.
    """
    drawn = results.contents.get("samples/state")
    return (
        drawn is not None
        and len(drawn.shape) == 3
        and drawn.dtype == "int8"
        and int(np.prod(drawn.shape)) <= _MOST_BYTES
        and "distribution/target" in results.contents
        and "units" in results.attributes["distribution"]
    )


def frames_of(results: Results) -> dict[str, Any] | None:
    """Count states after more and more draws.

    Parameters
    ----------
    results : Results
        A results file with the groups ``samples`` and ``distribution`` loaded; see `has_frames`.

    Returns
    -------
    dict or None
        `target` and, for each of the `frames`, its `label`, `sampled` and `kl` [nats], for the most
        probable states with their `names`; None if draws and target do not fit.

    Raises
    ------
    InputError
        If a variable is missing.
    """
    target = results.array("distribution/target").astype(float)
    units = np.atleast_1d(results.attributes["distribution"]["units"])
    states = results.array("samples/state")
    n_units = len(units)
    fits = target.shape == (2**n_units,) and units.dtype.kind in "iu" and states.size > 0
    if not fits or units.min(initial=0) < 0 or units.max(initial=0) >= states.shape[2]:
        return None
    number = states[:, :, units].astype(np.int64) @ (1 << np.arange(n_units))
    order = np.argsort(-target, kind="stable")[:_MOST_STATES]
    n_chains, n_draws = number.shape
    interval = results.groups["samples"].get("interval_ns")
    frames = []
    counts, done = np.zeros(len(target), dtype=np.int64), 0
    for stop in np.unique(np.geomspace(1, n_draws, _N_FRAMES).round().astype(int)):
        counts += np.bincount(number[:, done:stop].ravel(), minlength=len(target))
        done = int(stop)
        sampled = counts / counts.sum()
        frames.append(
            {
                "label": _label(done, n_chains, interval),
                "kl": f"{kl_divergence(sampled, target):.3g}",
                "sampled": [float(f"{p:.4g}") for p in sampled[order]],
            }
        )
    attributes = results.attributes["distribution"]
    words = visible(spoken(state_words(attributes, "state of the units, first unit on the left")))
    return {
        "target": [float(f"{p:.4g}") for p in target[order]],
        "names": ["".join(str(state >> k & 1) for k in range(n_units)) for state in order],
        "about": words,
        "n_states": len(target),
        "frames": frames,
    }


def _label(draws: int, n_chains: int, interval: Any) -> str:
    chains = "1 chain" if n_chains == 1 else f"{n_chains} chains"
    each = f"{draws:,} draw{'s' if draws > 1 else ''}".replace(",", "\u202f")
    if interval is None or interval.data.size != 1:
        return f"{each} of each of {chains}"
    time_ns = draws * float(interval.data.item())
    return f"{time_ns:.4g} ns: {each} of each of {chains}"
