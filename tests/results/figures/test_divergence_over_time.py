import numpy as np

from lasersampling.results.figures.divergence_over_time import plot


def test_divergence_and_ideal_on_logarithmic_axes(make):
    (axes,) = plot(make("divergence_over_time")).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    ideal, sampled, single, ideal_of_single = axes.lines
    np.testing.assert_allclose(ideal.get_ydata(), [0.1, 0.01, 0.001])
    # A divergence of zero has no place on the axis.
    np.testing.assert_allclose(sampled.get_xdata(), [100, 1000])
    np.testing.assert_allclose(single.get_xdata(), [2.5, 25, 250])
    np.testing.assert_allclose(ideal_of_single.get_ydata(), [0.4, 0.04, 0.004])
    (above,) = axes.child_axes
    assert above.get_xlabel() == r"in refractory times $\tau$ = 2.5 ns"
    assert axes.get_xlabel() == "sampling time, all chains (ns)"
    assert "0.02 after 1 000 ns · ideal sampler 0.001" in axes.get_title(loc="left")


def test_samplers_without_a_time_count_draws(make):
    def draws(file):
        for name in ("draws", "kl_sample_target", "ideal"):
            file.write(f"divergence/{name}", [1.0, 2.0], ("draws",), units="1", description="")

    (axes,) = plot(make("divergence_over_time", draws)).axes
    assert axes.get_xlabel() == "draws, all chains"
