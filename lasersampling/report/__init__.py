"""Results files as one page of HTML for people: what was found, how to repeat it, figures.

The page is made from results files alone, loads nothing from elsewhere and computes no figure of
merit; those stand in the files.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.report.page import render as render
    from lasersampling.report.page import write_report as write_report
else:
    __all__, __getattr__ = on_demand(__name__)
