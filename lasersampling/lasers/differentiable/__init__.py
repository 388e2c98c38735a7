"""The rate equations in torch, with gradients, for accelerators and the design of devices.

The only room of `lasers` that imports torch.
"""
