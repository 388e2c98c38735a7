"""Classification by spike times: task, recipes, emulated chips in the loop, a linear baseline.

The networks themselves do not belong here: they stand in `lasersampling.lif`.
"""
