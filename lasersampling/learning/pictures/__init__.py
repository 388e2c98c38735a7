"""Machines of pictures: persistent contrastive divergence, recipes, a sampler in the loop.

The classifier that judges pictures is trained here too, since it learns from the same data. Nothing
here knows which sampler it learns with.
"""
