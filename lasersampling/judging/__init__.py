"""Figures of merit of what was drawn or learned: samples, posteriors, fits, pictures, decisions.

They come with errors, and with a reason where they are missing, and know their layout in a results
file. Storing, reading and drawing do not belong here: they stand in `lasersampling.results`.
"""
