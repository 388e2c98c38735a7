"""lasers/differentiable."""
