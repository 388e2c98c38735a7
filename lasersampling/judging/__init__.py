"""Judging what was drawn or learned: samples, posteriors, fits, pictures, decisions by spikes.

Gives figures of merit with errors and reasons, and lays them out in a results file. Nothing is
stored, read or drawn here by itself: that is `lasersampling.results`.
"""
