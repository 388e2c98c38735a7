"""sampling/neurons."""
