import numpy as np

from lasersampling.datasets import yin_yang_spikes
from lasersampling.datasets.yin_yang import CLASS_NAMES, DOT, YANG, YIN
from lasersampling.results.figures import spike_times


def test_a_network_without_spikes_is_drawn(make):
    def silent(file):
        for name, values, dims in (
            ("output_time", np.full((1, 6, 3), np.inf), ("member", "sample", "output")),
            ("label", np.arange(6) % 3, ("sample",)),
        ):
            file.write(f"test/{name}", values, dims, units="1", description=name)

    separation = spike_times.plot(make("spike_times", silent)).axes[1]
    legend = separation.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "wrong (0)", "right (0)",
    ]  # fmt: skip


def test_classes_with_names_have_one_name(make):
    def named(file):
        times = np.arange(18.0).reshape(1, 6, 3)
        for name, values, dims in (
            ("output_time", times, ("member", "sample", "output")),
            ("label", np.arange(6) % 3, ("sample",)),
            ("class_name", list(CLASS_NAMES), ("class",)),
        ):
            file.write(f"test/{name}", values, dims, units="1", description=name)

    raster = spike_times.plot(make("spike_times", named)).axes[0]
    assert [text.get_text() for text in raster.texts] == ["yang", "yin", "dot"]
    legend = raster.get_legend()
    assert legend is not None
    shown = [text.get_text() for text in legend.get_texts()]
    assert shown == ["neuron of yang", "neuron of yin", "neuron of dot"]
    data = yin_yang_spikes({"train": 20, "validation": 20, "test": 20})
    assert data.class_names == CLASS_NAMES
    for number, name in ((YANG, "yang"), (YIN, "yin"), (DOT, "dot")):
        assert CLASS_NAMES[number] == name


def test_leads_are_counted_as_right_and_wrong(make):
    """Samples 0 and 1 are right, 2 is wrong, and in 3 only one neuron spikes."""

    def four(file):
        times = np.array([[[1.0, 1.2], [1.5, 1.1], [1.3, 1.0], [1.0, np.inf]]])
        file.write(
            "test/output_time", times, ("member", "sample", "output"), units="1", description=""
        )
        file.write("test/label", [0, 1, 0, 0], ("sample",), units="1", description="")

    separation = spike_times.plot(make("spike_times", four)).axes[1]
    legend = separation.get_legend()
    assert legend is not None
    shown = [text.get_text() for text in legend.get_texts()]
    assert shown == ["wrong (1)", "right (2)"]
