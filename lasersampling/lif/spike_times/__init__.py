"""First spike times of LIF neurons and their exact derivatives, compiled and vectorised.

Networks, losses and files of such neurons stand outside.
"""
