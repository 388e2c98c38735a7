"""First spike times of LIF neurons and their exact derivatives, compiled and vectorised.

This room knows single layers only: networks, losses and files stand outside and use it.
"""
