"""The compiled integrator of laser networks: scheme, noise, pulses on their way, states to resume.

It is used through `lasersampling.lasers.simulation.simulate` only, and knows no other physics than
the rate equations.
"""
