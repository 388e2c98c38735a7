"""Learning distributions with Boltzmann machines: gradients, samplers in the loop, the local rule.

Nothing that knows what a picture is.
"""
