import numpy as np

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
