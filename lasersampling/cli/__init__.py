"""The command ``lasersampling``, one module for each subcommand: parses, calls the library, prints.

No computation of its own: whatever a user of Python may need stands in the layers below.
"""
