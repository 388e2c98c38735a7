"""The device on which torch computes while a network learns."""

from __future__ import annotations

import torch

from lasersampling.errors import InputError


def usable_device(name: str | torch.device) -> torch.device:
    """Return a device that torch can compute on, here and now, in double precision.

    Parameters
    ----------
    name : str or torch.device
        As torch names it: ``cpu``, ``cuda``, ``cuda:1``.

    Raises
    ------
    InputError
        If torch knows no such device, or cannot use it.

    Examples
    --------
    >>> from lasersampling.learning.devices import usable_device
    >>> usable_device("cpu")
    device(type='cpu')
    """
    usable = "cpu"
    if torch.cuda.is_available():
        usable += ", cuda or one of cuda:0 to cuda:" + str(torch.cuda.device_count() - 1)
    expected = f"a device that torch can use here, in double precision: {usable}"
    try:
        device = torch.device(name)
        if device.type == "meta":
            raise InputError.single("torch_device", "meta, which holds no values", expected)
        torch.zeros(1, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        got = f"{name!r}: {reason:.120}"
        raise InputError.single("torch_device", got, expected) from None
    return device
