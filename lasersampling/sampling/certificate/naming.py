"""Units in words: by their names if they have some, otherwise by their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_MOST_LISTED = 5


def named(unit: int, names: Sequence[str] = ()) -> str:
    """Name one unit.

    Parameters
    ----------
    unit : int
        Its number.
    names : sequence of str
        Names of all units of the machine; numbers if empty.

    Examples
    --------
    >>> named(2), named(1, ("rain", "alarm"))
    ('unit 2', 'unit alarm')
    """
    return f"unit {names[unit] if names else int(unit)}"


def listed(units: Iterable[int], names: Sequence[str] = ()) -> str:
    """Name some units, of which the first five are listed.

    Parameters
    ----------
    units : iterable of int
        Their numbers.
    names : sequence of str
        Names of all units of the machine; numbers if empty.

    Examples
    --------
    >>> listed([4]), listed(range(7))
    ('unit 4', 'units 0, 1, 2, 3, 4 and 2 more')
    """
    each = [str(names[unit] if names else int(unit)) for unit in units]
    more = f" and {len(each) - _MOST_LISTED} more" if len(each) > _MOST_LISTED else ""
    return f"unit{'s' if len(each) > 1 else ''} {', '.join(each[:_MOST_LISTED])}{more}"
