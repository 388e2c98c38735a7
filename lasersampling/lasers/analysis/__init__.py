"""Lasers without noise or with little: pulses, thresholds, stability, first passages, emission.

Works on one laser; networks are simulated elsewhere.
"""
