"""The engine for `lif.populations` on a time grid, in torch: surrogate gradients, on any device.

Surrogates, settings and the loop over steps. No networks are described here, nothing is trained,
and nothing leaves the device of the parameters.
"""
