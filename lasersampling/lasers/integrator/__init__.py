"""The compiled integrator of laser networks: bundles of lanes, noise, pulses on their way, state.

Its public function is `lasersampling.lasers.simulation.simulate`. No physics of other devices.
"""
