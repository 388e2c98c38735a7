"""What commands and experiments share: exit codes, signals, progress, terminals, configurations.

No command and no experiment: these stand in `lasersampling.cli` and `lasersampling.experiments`,
which know nothing of each other.
"""
