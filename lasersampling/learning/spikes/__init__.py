"""Classification by spike times: task, recipes, emulated chips in the loop, a linear baseline.

The networks themselves are `lasersampling.lif`.
"""
