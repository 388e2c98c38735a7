"""Data to learn from."""

from lasersampling.datasets.digits import Digits, label_units, load_digits

__all__ = ["Digits", "label_units", "load_digits"]
