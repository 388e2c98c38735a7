"""The exact jump process of photons and carriers, which the rate equations approximate.

For checks of the equations; too slow for sampling.
"""
