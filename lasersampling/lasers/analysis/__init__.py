"""lasers/analysis."""
