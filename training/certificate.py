"""How often the certificate errs: random machines on lasers, laws with known errors, exact draws.

Each of 200 machines is sampled by lasers. Additional chains, which are not judged, show the law
from which the lasers draw: by D_KL of their histogram from the exact law if there are enough draws,
otherwise by D_KL of the nearest law with the same means and pair moments, which is a lower bound.
Other draws come from laws with an exactly known D_KL from the machine's, and from the exact law:
independent draws, and Gibbs sampling that mixes. All are judged in three ways: by the certificate;
by the certificate of a machine too large for its exact law to be known; and by R-hat < 1.01 alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest, gamma

import lasersampling as ls
from lasersampling.experiments import Run, keeping, option
from lasersampling.sampling.certificate import (
    TOLERATED_NATS,
    Verdict,
    conditional_consistency,
    enumerated,
    exact_law,
    judged,
    judged_mixing,
    moments_beside,
    reference_of,
)
from lasersampling.statistics import autocorrelation_time

KINDS = ("random", "random", "modes", "frustrated")
DEVICES = (None, "laboratory", "harsh")
FEWEST_UNITS, MOST_UNITS = 2, 18
WEAKEST, STRONGEST = 0.25, 4.0
ADAPTATION: dict[str, Any] = {"n_rounds": 3, "n_draws": 80, "n_chains": 24}
JUDGED = {"short": (8, 150.0), "long": (16, 600.0)}
"""Chains that are judged, and for how long [ns]."""
BESIDE = 24
"""Further chains, as long as the longest that are judged, which show what the lasers draw."""
INDEPENDENT = {"short": (8, 60), "long": (16, 240)}
"""Chains and independent draws: one per refractory time of the lasers."""
FAULTS_NATS = (0.004, 0.4)
FARTHEST_TILT = 60.0
MIXED = 50.0
"""Autocorrelation times in chains of Gibbs sampling that count as mixed."""
USUAL_R_HAT = 1.01
RULES = {
    "certificate": "the certificate",
    "large": "the certificate without the exact law",
    "r_hat": "R-hat < 1.01 alone",
}
KINDS_OF_DRAWS = ("lasers", "faults", "exact", "gibbs")


@dataclass(frozen=True)
class Case:
    """A machine and the lasers that shall sample it.

    Its number fixes all the rest together with the seed; `kind` is that of the machine.
    """

    number: int
    machine: ls.BoltzmannMachine
    kind: str
    imperfections: str | None
    adapted: bool

    @classmethod
    def of(cls, seed: int, number: int) -> Case:
        """Draw a case; kinds, devices and adaptation take turns."""
        generator = np.random.default_rng([seed, number])
        kind = KINDS[number % len(KINDS)]
        n = int(generator.integers(FEWEST_UNITS, MOST_UNITS + 1))
        # Fields grow with the root of the number of units, so couplings fall with it.
        strength = np.exp(generator.uniform(np.log(WEAKEST), np.log(STRONGEST))) / np.sqrt(n / 4)
        if kind == "random":
            weights = np.triu(generator.normal(0.0, strength, (n, n)), 1)
        elif kind == "modes":
            patterns = generator.choice((-1.0, 1.0), (int(generator.integers(1, 3)), n))
            weights = np.triu(strength * patterns.T @ patterns / len(patterns), 1)
        else:
            present = generator.uniform(size=(n, n)) < 0.7
            weights = np.triu(strength * present * generator.choice((-1.0, 1.0, -1.0), (n, n)), 1)
        weights = weights + weights.T
        biases = generator.normal(0.0, min(strength, 1.0), n)
        if kind != "random":  # nearly symmetric between 0 and 1
            biases = 0.1 * biases - 0.5 * weights.sum(axis=1)
        turn = number // len(KINDS)
        return cls(
            number,
            ls.BoltzmannMachine(weights, biases),
            kind,
            DEVICES[turn % len(DEVICES)],
            turn // len(DEVICES) % 2 == 1,
        )

    def drawn_by_lasers(self, device: str, longest: float, seed: int) -> np.ndarray:
        """Draws of chains to be judged, then of additional ones, shape (chain, draw, unit)."""
        lasers = ls.Lasers(device, imperfections=self.imperfections, chip_seed=self.number)
        if self.adapted:
            lasers = ls.adapt(lasers, self.machine, seed=seed + self.number, **ADAPTATION)
        chains = JUDGED["long"][0] + BESIDE
        return lasers.sample(
            self.machine, lasers.draws_in(longest), n_chains=chains, seed=seed + self.number
        ).states


@dataclass(frozen=True, eq=False)
class Judged:
    """Draws and what was said of them.

    They are of a kind ("lasers", "faults" of known size, "exact" independent ones, "gibbs") and
    of a law that is off by `truth_nats`, which is `wrong` if that is more than is tolerated. It is
    `wrong_here` if their own D_KL exceeds the 95 % of its floor by so much.
    """

    kind: str
    length: str
    case: Case
    truth_nats: float
    wrong: bool
    wrong_here: bool
    verdicts: dict[str, Verdict]


class Bench:
    """A machine, what is known of it exactly, and its digital reference."""

    def __init__(self, case: Case, seed: int) -> None:
        self.case, self.seed = case, seed
        self.generator = np.random.default_rng([seed, case.number, 1])
        self.law = ls.exact_distribution(case.machine)
        self.states = ls.all_states(case.machine.n_units)
        self._exact = enumerated(case.machine, self.law)
        units = np.arange(case.machine.n_units)
        self._sampled, _ = reference_of(case.machine, units, seed + case.number)

    def judged(
        self, kind: str, length: str, states: np.ndarray, truth: tuple[float, bool]
    ) -> Judged:
        """Judge draws in all ways."""
        machine, units = self.case.machine, np.arange(self.case.machine.n_units)
        mixing = judged_mixing(machine, states, units, self.seed)
        consistency = conditional_consistency(machine, states, units)
        exact = exact_law(self.law, states)

        of_exact, of_sampled = (
            None if reference is None else moments_beside(machine, states, mixing, reference)
            for reference in (self._exact, self._sampled)
        )
        worst = np.nan_to_num(ls.r_hat(states), nan=-1.0).max()
        verdicts = {
            "certificate": judged(states, mixing, consistency, exact, of_exact)[0],
            "large": judged(states, mixing, consistency, None, of_sampled)[0],
            "r_hat": Verdict.AGREES if 0.0 < worst < USUAL_R_HAT else Verdict.UNMIXED,
        }
        wrong_here = exact.excess_nats > TOLERATED_NATS
        return Judged(kind, length, self.case, *truth, wrong_here, verdicts)

    def by_lasers(self, draws: np.ndarray, interval_ns: float) -> Iterator[Judged]:
        """Judge draws of lasers; chains beyond those of `JUDGED` say what they are drawn from."""
        truth = self.truth(draws[JUDGED["long"][0] :])
        for length, (n_chains, duration) in JUDGED.items():
            n_draws = min(round(duration / interval_ns), draws.shape[1])
            yield self.judged("lasers", length, draws[:n_chains, :n_draws], truth)

    def by_faults(self) -> Iterator[Judged]:
        """Judge independent draws of laws that are wrong by a known D_KL."""
        for length, shape in INDEPENDENT.items():
            nats = np.exp(self.generator.uniform(*np.log(FAULTS_NATS)))
            law, truth = self._tilted(nats)
            if truth > 0.5 * nats:  # some machines have no more than one state to be wrong about
                draws = self._drawn(law, shape)
                yield self.judged("faults", length, draws, (truth, truth > TOLERATED_NATS))

    def by_exact_draws(self) -> Iterator[Judged]:
        """Judge independent draws, and Gibbs chains where they mix, that start in exact draws."""
        n_draws = {name: 4 * shape[1] for name, shape in INDEPENDENT.items()}
        start = self._drawn(self.law, (16,))
        longer = ls.Gibbs().sample(
            self.case.machine, 4 * n_draws["long"], n_chains=16,
            seed=self.seed + self.case.number + 10**6, start={"states": start},
        ).states  # fmt: skip
        seen = [*np.moveaxis(longer, 2, 0), np.asarray(self.case.machine.energy(longer))]
        slowest = max(autocorrelation_time(one) for one in seen if np.ptp(one) > 0)
        for length, shape in INDEPENDENT.items():
            yield self.judged("exact", length, self._drawn(self.law, shape), (0.0, False))
            if n_draws[length] > MIXED * slowest:
                draws = ls.Gibbs().sample(
                    self.case.machine, n_draws[length], n_chains=shape[0],
                    seed=self.seed + self.case.number,
                    start={"states": self._drawn(self.law, shape[:1])},
                ).states  # fmt: skip
                yield self.judged("gibbs", length, draws, (0.0, False))

    def truth(self, states: np.ndarray) -> tuple[float, bool]:
        """D_KL of the law of draws less what chance adds, and whether it is not tolerated."""
        found = exact_law(self.law, states)
        divergence, floor, floor_95 = found.divergence_nats, found.floor_nats, found.floor_95_nats
        if not np.isfinite(found.joint_ess):
            return divergence, divergence > TOLERATED_NATS
        if found.is_coarse and found.excess_nats <= TOLERATED_NATS:
            divergence, floor, floor_95 = self._of_moments(states)
        return divergence - floor, divergence - floor_95 > TOLERATED_NATS

    def _of_moments(self, draws: np.ndarray) -> tuple[float, float, float]:
        """D_KL of the nearest law with the moments of the draws, to second order, and its floor."""
        parts = list(zip(*(np.array_split(x, 16) for x in (self.law, self.states)), strict=True))
        mean = sum(law @ pairs(states) for law, states in parts)
        second = sum((pairs(states) * law[:, None]).T @ pairs(states) for law, states in parts)
        covariance = second - np.outer(mean, mean)
        inverse = np.linalg.pinv(covariance, rcond=1e-8, hermitian=True)
        halves = draws.reshape(2 * len(draws), -1, draws.shape[2])
        batches = np.stack([pairs(half).mean(axis=0) for half in halves])
        n = len(batches)
        difference = batches.mean(axis=0) - mean
        noise = inverse @ np.cov(batches.T) / n
        floor = 0.5 * float(np.trace(noise))
        # A trace of squares out of n batches is too large by the squared trace over n - 1.
        variance = 0.5 * float(np.trace(noise @ noise)) - 2.0 * floor**2 / (n - 1)
        variance = max(variance, 2.0 * floor**2 / len(mean))
        floor_95 = float(gamma.ppf(0.95, floor**2 / variance, scale=variance / floor))
        return 0.5 * float(difference @ inverse @ difference), floor, floor_95

    def _tilted(self, nats: float) -> tuple[np.ndarray, float]:
        """Change the law along the energy, a unit, a pair or a mode until D_KL is this."""
        n = self.case.machine.n_units
        top = self.states[self.law.argmax()]
        i, j = self.generator.choice(n, 2, replace=False)
        along = [
            self.case.machine.energy(self.states),
            self.states[:, i].astype(np.float64),
            (self.states[:, i] * self.states[:, j]).astype(np.float64),
            ((self.states == top).sum(axis=1) > n / 2).astype(np.float64),
        ][self.generator.integers(4)]
        sign = self.generator.choice((-1.0, 1.0))
        logarithm = np.log(np.maximum(self.law, 1e-300))

        def changed(by: float) -> tuple[np.ndarray, float]:
            exponent = logarithm + sign * by * along
            weight = np.exp(exponent - exponent.max())
            weight /= weight.sum()
            return weight, ls.kl_divergence(weight, self.law)

        low, high = 0.0, FARTHEST_TILT
        for _ in range(40):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if changed(middle)[1] > nats else (middle, high)
        return changed(high)

    def _drawn(self, law: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        return self.states[self.generator.choice(law.size, size=shape, p=law)]


def pairs(states: np.ndarray) -> np.ndarray:
    """Units and products of pairs of them, shape (state, feature)."""
    z = states.astype(np.float64)
    first, second = np.triu_indices(z.shape[1], 1)
    return np.concatenate([z, z[:, first] * z[:, second]], axis=1)


def kept(path: Path, case: Case, device: str, longest: float, seed: int) -> np.ndarray:
    """Draws of lasers out of a file, if they are there, else drawn and kept."""
    about = f"machine {case.number} of seed {seed} on {device}, {longest:g} ns"
    if not path.exists():
        with keeping(None):  # what is kept here is this file
            states = case.drawn_by_lasers(device, longest, seed)
        with path.open("wb") as file:
            bits = np.packbits(states.astype(bool))
            np.savez(file, shape=states.shape, bits=bits, about=about)
    with np.load(path, allow_pickle=False) as arrays:
        if str(arrays["about"]) != about:
            expected = f"{about}, or --overwrite"
            raise ls.InputError.single(str(path), f"draws of {arrays['about']}", expected)
        shape = tuple(int(size) for size in arrays["shape"])
        bits = np.unpackbits(arrays["bits"], count=int(np.prod(shape)))
    return bits.reshape(shape).astype(np.int8)


@dataclass(frozen=True)
class Settings:
    """Judge draws of lasers and of known laws, and count what was said wrongly."""

    machines: int = option(200, "Random machines.", min=1)
    device: str = option("D6", "Device file or name.")

    longest_ns: float = JUDGED["long"][1]

    def smallest(self) -> Settings:
        return replace(self, machines=3, longest_ns=40.0)


class Piece(NamedTuple):
    """A machine by its number, and the file of its draws."""

    number: int
    draws: Path
    device: str
    longest_ns: float
    seed: int


def all_judged(piece: Piece) -> list[Judged]:
    """Draw from a machine in all ways, or take the draws of lasers that were kept, and judge."""
    case = Case.of(piece.seed, piece.number)
    states = kept(piece.draws, case, piece.device, piece.longest_ns, piece.seed)
    bench = Bench(case, piece.seed)
    found = list(bench.by_lasers(states, ls.Lasers(piece.device).draw_interval_ns))
    return [*found, *bench.by_faults(), *bench.by_exact_draws()]


def main(settings: Settings, run: Run) -> None:
    config = {
        "machines": settings.machines, "device": settings.device,
        "longest_ns": settings.longest_ns, "beside": BESIDE, "adaptation": ADAPTATION,
    }  # fmt: skip
    with run.results(config) as file:
        lasers = ls.Lasers(settings.device)
        run.calibrate(None, lasers)
        pieces = [
            Piece(number, run.kept(f"{number}.npz").absolute(), settings.device,
                  settings.longest_ns, run.seed)
            for number in range(settings.machines)
        ]  # fmt: skip
        found = run.each(all_judged, pieces, "sampling and judging")
        write(file, [judged for own in found for judged in own])


def write(file: ls.ResultsFile, found: list[Judged]) -> None:
    """Write what was said of all draws, and how often it was wrong."""
    codes = {verdict: code for code, verdict in enumerate(Verdict)}
    for kind in KINDS_OF_DRAWS:
        own = [one for one in found if one.kind == kind]
        columns = {
            "units": ([one.case.machine.n_units for one in own], "units of the machine"),
            "long": ([one.length == "long" for one in own], "1 for long runs"),
            "truth": ([one.truth_nats for one in own], "D_KL of the law that is drawn from, nats"),
            "wrong": ([one.wrong for one in own], "1 if that is not tolerated"),
            "wrong_here": ([one.wrong_here for one in own], "1 if the draws themselves show it"),
        }
        for rule, about in RULES.items():
            said = f"0 agrees, 1 biased, 2 does not mix, 3 cannot be judged: {about}"
            columns[rule] = [codes[one.verdicts[rule]] for one in own], said
        for name, (values, about) in columns.items():
            file.write(
                f"{kind}/{name}", np.array(values, dtype=np.float64), (f"{kind}_judged",),
                units="1", description=about,
            )  # fmt: skip
    names = list(questions(found))
    table = np.zeros((len(names), len(RULES), 5))
    for row, (name, (own, complaint)) in enumerate(questions(found).items()):
        for column, rule in enumerate(RULES):
            verdicts = [one.verdicts[rule] for one in own]
            bad = (Verdict.BIASED, Verdict.UNMIXED) if complaint else (Verdict.AGREES,)
            times = sum(verdict in bad for verdict in verdicts)
            open_ = sum(verdict is Verdict.UNKNOWN for verdict in verdicts)
            low, high = (0.0, 1.0)
            if own:
                low, high = binomtest(times, len(own)).proportion_ci(method="exact")
                about = f"{name}, {RULES[rule]}"
                file.metric(
                    f"{name}_{rule}", times / len(own), description=about, interval=(low, high)
                )
            table[row, column] = times, len(own), low, high, open_
            print(
                f"{name}, {RULES[rule]}: {times} of {len(own)}, 95 % {100 * low:.1f} to "
                f"{100 * high:.1f} %, not judged {open_}"
            )
    columns_of_table = {
        "times": "how often", "of": "of how many", "low": "lower end of 95 % (exact binomial)",
        "high": "upper end", "open": "cannot be judged",
    }  # fmt: skip
    for place, (name, text) in enumerate(columns_of_table.items()):
        file.write(f"rates/{name}", table[:, :, place], ("question", "rule"), units="1",
                   description=text)  # fmt: skip
    file.attributes("rates", {"questions": names, "rules": list(RULES)})


def questions(found: list[Judged]) -> dict[str, tuple[list[Judged], bool]]:
    """What is counted: agreement with draws that are wrong, complaints of draws that are right."""

    def of(kind: str) -> list[Judged]:
        return [one for one in found if one.kind == kind]

    return {
        "agreement_lasers": ([one for one in of("lasers") if one.wrong], False),
        "agreement_lasers_here": ([one for one in of("lasers") if one.wrong_here], False),
        "agreement_faults": ([one for one in of("faults") if one.wrong], False),
        "complaint_exact": (of("exact"), True),
        "complaint_gibbs": (of("gibbs"), True),
    }


if __name__ == "__main__":
    ls.experiment(main, Settings, figures=["certificate"])
