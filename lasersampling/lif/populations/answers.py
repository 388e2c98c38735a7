"""How networks answer: by which output neuron spikes first, most often, or has most voltage."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from lasersampling.checks import refuse
from lasersampling.config import Positive, validated
from lasersampling.errors import Problem
from lasersampling.lif.network import UNDECIDED, decisions
from lasersampling.lif.network import Activity as LayerActivity
from lasersampling.lif.populations.activity import Activity

AnswerKind = Literal["first-spike", "count", "maximum", "integral"]

_DESCRIPTIONS = {
    "first-spike": "time of the first spike", "count": "number of spikes",
    "maximum": "largest voltage", "integral": "integral of the voltage",
}  # fmt: skip
_BEST = {
    "first-spike": "first spike", "count": "most spikes",
    "maximum": "largest voltage", "integral": "largest integral of the voltage",
}  # fmt: skip

VOLTAGES: tuple[AnswerKind, ...] = ("maximum", "integral")
"""Answers of leaky integrators without threshold."""


@validated
class Answer:
    """What of the output neurons is the answer of a network; the largest or earliest one wins.

    Attributes
    ----------
    kind : "first-spike", "count", "maximum" or "integral"
        Time of the first spike, number of spikes, largest voltage, or integral of the voltage.
    until : float or None
        When runs end; None to go on until nothing happens any more [tau_syn].
    decay : float or None
        The integral is weighted by exp(-t / decay) if this is given [tau_syn].

    Raises
    ------
    InputError
        With all problems found, also for voltages without a time until which they are read.

    Examples
    --------
    >>> import torch
    >>> from lasersampling.lif.populations.answers import Answer
    >>> Answer("count").decided(torch.tensor([[[2, 3], [0, 0]]]))
    tensor([[ 1, -1]])
    """

    kind: AnswerKind = "first-spike"
    until: Positive | None = None
    decay: Positive | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.kind in VOLTAGES and self.until is None:
            problems.append(Problem("until", "none", "a time until which voltages are read"))
        if self.decay is not None and self.kind != "integral":
            problems.append(Problem("decay", f"{self.decay:g}", f"none for {self.kind}"))
        refuse(problems)

    @property
    def sign(self) -> int:
        """1 if the largest answer wins, -1 if the smallest."""
        return -1 if self.kind == "first-spike" else 1

    @property
    def unit(self) -> str:
        """Unit of the answers."""
        return "tau_syn" if self.kind in ("first-spike", "integral") else "1"

    @property
    def description(self) -> str:
        """What an answer is."""
        return _DESCRIPTIONS[self.kind]

    @property
    def best(self) -> str:
        """What makes a neuron win."""
        return _BEST[self.kind]

    def of(self, activity: LayerActivity | Activity[Any]) -> Tensor:
        """Return the answers, (member, sample, class), in tau_syn, or 1 for counts and voltages.

        Parameters
        ----------
        activity : Activity
            What a network did.

        Raises
        ------
        InputError
            If the output neurons do not spike where spikes are the answer, or the reverse.
        """
        if isinstance(activity, LayerActivity):
            return activity.output
        if self.kind == "first-spike":
            first: Tensor = activity.spikes().first()
            return first
        if self.kind == "count":
            counts: Tensor = activity.spikes().counts()
            return counts
        voltages = activity.voltages()
        return voltages.maximum() if self.kind == "maximum" else voltages.integral(self.decay)

    def decided(self, answers: Tensor) -> Tensor:
        """Return the numbers of the winning neurons, (member, sample); -1 where none spikes.

        Of neurons with equal answers that of the lowest number wins.

        Parameters
        ----------
        answers : Tensor, shape (member, sample, class)
            As from `of`.
        """
        if self.kind == "first-spike":
            return decisions(answers)
        best = answers.max(dim=-1, keepdim=True).values
        # argmax does not say which of equals it takes: the number of neurons before the first best.
        lowest = (answers == best).to(torch.int64).cumsum(-1).eq(0).sum(-1)
        if self.kind == "count":
            return torch.where(best[..., 0] > 0, lowest, UNDECIDED)
        return lowest


FIRST_SPIKE = Answer()
"""The first spike of a whole run."""
