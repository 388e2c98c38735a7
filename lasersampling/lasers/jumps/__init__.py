"""lasers/jumps."""
