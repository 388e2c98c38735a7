"""lasers/integrator."""
