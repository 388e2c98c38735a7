"""lif/exchange."""
