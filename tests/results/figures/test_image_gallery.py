import numpy as np
import pytest

from lasersampling.results.figures.image_gallery import plot
from lasersampling.results.records import write_images


def extents(axes):
    return [tuple(round(float(x), 2) for x in image.get_extent()) for image in axes.images]


def test_bands_of_samplers_columns_of_labels_then_free_images(make):
    figure = plot(make("image_gallery"))
    lasers, gibbs = figure.axes
    assert lasers.get_title(loc="left") == "Nanolasers · label recognised in 93.1 ± 1.2 %"
    assert gibbs.get_title(loc="left") == "Gibbs sampling"
    assert figure.get_suptitle() == "Digits of three lasers"
    # Three images of label 0 in two columns, one of label 1, then three free ones in two rows.
    assert extents(lasers) == [
        (0.0, 1.0, 1.0, 0.0),
        (0.0, 1.0, 2.1, 1.1),
        (1.1, 2.1, 1.0, 0.0),
        (2.2, 3.2, 1.0, 0.0),
        (4.9, 5.9, 1.0, 0.0),
        (4.9, 5.9, 2.1, 1.1),
        (6.0, 7.0, 1.0, 0.0),
    ]
    assert [text.get_text() for text in lasers.texts] == ["0", "1", "free"]
    assert not gibbs.texts


def test_images_are_shown_unscaled(make):
    def faint(file):
        write_images(file, "data", np.full((1, 2, 2), 0.25), [3])

    (axes,) = plot(make("image_gallery", faint)).axes
    (image,) = axes.images
    assert image.get_clim() == (0, 1)
    np.testing.assert_array_equal(image.get_array(), np.full((2, 2), 0.25))


@pytest.mark.parametrize(("n_images", "n_data"), [(4, 20), (12, 20), (3, 2)])
def test_a_gallery_of_one_label_is_filled(make, n_images, n_data):
    """Data do not take more room than what was drawn, which is shown as a whole."""

    def one(file):
        for name, n in (("lasers", n_images), ("gibbs", n_images), ("data", n_data)):
            write_images(file, name, np.zeros((n, 2, 2)), np.full(n, 3))

    lasers, gibbs, data = plot(make("image_gallery", one)).axes
    assert len(lasers.images) == len(gibbs.images) == n_images
    assert len(data.images) == min(n_data, n_images)
    for axes in (lasers, gibbs, data):
        right = max(extent[1] for extent in extents(axes))
        assert right <= axes.get_xlim()[1]
    assert max(extent[1] for extent in extents(lasers)) > 0.7 * lasers.get_xlim()[1]
