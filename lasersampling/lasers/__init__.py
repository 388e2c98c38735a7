"""Nanolasers with a gain section and a saturable absorber: devices, dynamics, networks.

Times are in ns, photons and carriers are numbers, pumps are electrons per ns. Nothing here knows
Boltzmann machines: lasers as sampling neurons are `lasersampling.sampling.neurons`. Modules are
imported where they are needed, since the compiled ones take a moment to load.
"""
