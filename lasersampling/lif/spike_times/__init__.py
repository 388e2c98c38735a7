"""lif/spike_times."""
