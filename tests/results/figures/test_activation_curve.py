import numpy as np
import pytest

from lasersampling.plots.activation import with_error
from lasersampling.results.figures.activation_curve import plot


def test_fit_and_residuals(make):
    main, residual = plot(make("activation_curve")).axes
    fit = main.lines[0]
    x, y = map(np.asarray, fit.get_data())
    np.testing.assert_allclose(np.interp(0.965, x, y), 0.5, atol=1e-3)
    points = next(line for line in residual.lines if line.get_marker() == "o")
    # The data lie 0.001 above the curve; the panel is in hundredths.
    np.testing.assert_allclose(np.asarray(points.get_ydata()), 0.1, atol=1e-9)
    text = main.texts[0].get_text()
    assert "34.0 ± 0.3" in text
    assert "3.5 ns" in text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (34.12, 0.31, "34.1 ± 0.3"),
        (0.96514, 0.0004, "0.9651 ± 0.0004"),
        (120.0, 13.0, "120 ± 13"),
        (0.5, None, "0.5"),
    ],
)
def test_values_are_rounded_to_their_errors(value, error, text):
    assert with_error(value, error) == text
