"""Arrays of results files in the formats of other tools: CSV, Parquet, netCDF, a layout like NWB.

What is exported stands in the results file; nothing is computed here.
"""

from typing import TYPE_CHECKING

from lasersampling.on_demand import on_demand

if TYPE_CHECKING:
    from lasersampling.export.writing import export as export
    from lasersampling.export.writing import planned as planned
else:
    __all__, __getattr__ = on_demand(__name__)
