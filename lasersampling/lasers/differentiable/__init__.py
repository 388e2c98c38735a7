"""The rate equations in torch, with gradients, for accelerators and the design of devices.

This is the only room of `lasers` that imports torch.
"""
