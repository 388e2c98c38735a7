"""What a training records, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class History:
    """What was recorded, a row for each epoch.

    Attributes
    ----------
    rows : dict of str to list of ndarray, each of shape () or (member,)
        By quantity; those measured with a standard error have another row ``<name>_se``. Epochs in
        which a quantity was not measured hold nan.
    """

    rows: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)

    @property
    def n_epochs(self) -> int:
        """Epochs recorded."""
        return max((len(row) for row in self.rows.values()), default=0)

    def add(self, values: dict[str, NDArray[np.float64]]) -> None:
        """Add an epoch."""
        n_before = self.n_epochs
        for name, value in values.items():
            missing = [np.full_like(value, np.nan)] * n_before
            self.rows.setdefault(name, missing).append(np.asarray(value, dtype=np.float64))
        for row in self.rows.values():
            if len(row) == n_before:
                row.append(np.full_like(row[-1], np.nan))

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the rows as arrays, shape (epoch,) or (epoch, member)."""
        return {name: np.stack(row) for name, row in self.rows.items()}
