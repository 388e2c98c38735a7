"""learning/spikes."""
