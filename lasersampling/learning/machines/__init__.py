"""Learning distributions with Boltzmann machines: gradients, samplers in the loop, the local rule.

Nothing here knows what a picture is: `lasersampling.learning.pictures` has a room of its own.
"""
