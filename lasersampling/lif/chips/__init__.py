"""lif/chips."""
