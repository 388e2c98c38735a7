"""learning/pictures."""
