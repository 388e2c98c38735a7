"""The exact jump process of photons and carriers, which the rate equations approximate.

It serves to check the equations, and is too slow for sampling; no sampler may depend on it.
"""
