from lasersampling.results.figures.laser_dynamics import plot


def test_time_around_the_spike_has_three_scales(make):
    figure = plot(make("laser_dynamics"))
    photons = figure.axes[:3]
    assert [panel.get_xlim() for panel in photons] == [(-1.0, -0.05), (-50.0, 50.0), (0.05, 6.0)]
    labels = [panel.get_xlabel() for panel in figure.axes[6:9]]
    assert labels == ["time (ns)", "time (ps)", "time (ns)"]


def test_every_panel_has_a_letter_and_units(make):
    figure = plot(make("laser_dynamics"))
    titled = [panel for panel in figure.axes if r"\bf" in panel.get_title(loc="left")]
    assert len(titled) == 7
    assert all(panel.get_xlabel() and panel.get_ylabel() for panel in titled[1:])
