"""Learning machines from data."""
