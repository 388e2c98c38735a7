"""How the loops of this room are compiled."""

from typing import Any

PLAIN: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}

BARE: dict[str, Any] = {**PLAIN, "_nrt": False}
"""For functions that make no arrays. They do not count the references to those that they are given,
which takes numba more time than small functions do, and most when threads share an array."""
