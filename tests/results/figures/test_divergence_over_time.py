import numpy as np
import pytest

from lasersampling.results.figures.divergence_over_time import plot


def test_divergence_and_ideal_on_logarithmic_axes(make):
    (axes,) = plot(make("divergence_over_time")).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    ideal, sampled, single = axes.lines
    # The line of the ideal sampler begins with the single chains, which share it.
    np.testing.assert_allclose(np.asarray(ideal.get_xdata()), [2.5, 10, 100, 1000])
    np.testing.assert_allclose(np.asarray(ideal.get_ydata()), [0.4, 0.1, 0.01, 0.001])
    # A divergence of zero has no place on the axis.
    np.testing.assert_allclose(np.asarray(sampled.get_xdata()), [100, 1000])
    np.testing.assert_allclose(np.asarray(single.get_xdata()), [2.5, 25, 250])
    legend = axes.get_legend()
    assert legend is not None
    shown = [text.get_text() for text in legend.get_texts()]
    assert len(shown) == 3
    assert shown[2] == "single chains, mean ± standard deviation"
    assert shown[0].startswith("ideal sampler")
    (above,) = axes.child_axes
    assert above.get_xlabel() == r"in refractory times $\tau$ = 2.5 ns"
    assert axes.get_xlabel() == "sampling time, all chains (ns)"
    assert "0.02 after 1 000 ns · ideal sampler 0.001" in axes.get_title(loc="left")


@pytest.mark.parametrize(
    ("ideal", "drawn", "title"),
    [([40.0, 0.6, 0.1], [0.1], "ideal sampler 0.1"), ([40.0, 4.0, 2.0], None, "unknown, too few")],
)
def test_the_ideal_is_drawn_where_its_formula_holds(make, ideal, drawn, title):
    """Not 40 nats for fewer effective draws than states."""

    def short(file):
        for name, values in (
            ("time_ns", [1.0, 2.0, 4.0]), ("kl_sample_target", [2.0, 0.5, 0.1]), ("ideal", ideal),
        ):  # fmt: skip
            file.write(f"divergence/{name}", values, ("time_ns",), units="1", description="")

    (axes,) = plot(make("divergence_over_time", short)).axes
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in axes.lines}
    found = [values for label, values in lines.items() if label.startswith("ideal")]
    assert len(found) == (drawn is not None)
    if drawn is not None:
        np.testing.assert_allclose(found[0], drawn)
    assert title in axes.get_title(loc="left")


def test_samplers_without_a_time_count_draws(make):
    def draws(file):
        for name in ("draws", "kl_sample_target", "ideal"):
            file.write(f"divergence/{name}", [1.0, 2.0], ("draws",), units="1", description="")

    (axes,) = plot(make("divergence_over_time", draws)).axes
    assert axes.get_xlabel() == "draws, all chains"
