"""Drawing: the one style of all figures, and functions that draw plain arrays on axes.

`Samples.plot` and its like call them, and so do the figures of results files. Whoever imports this
package imports matplotlib; nothing of the project's own objects or files may enter.
"""
