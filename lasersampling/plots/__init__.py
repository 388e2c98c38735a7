"""Drawing: the common style of all figures, and functions that draw plain arrays on axes.

`Samples.plot` and similar methods call them, and so do the figures of results files. This package
imports matplotlib; objects and files of this project may not enter.
"""
