"""Names of figures of merit for people to read: the one table of them.

In results files and JSON a figure of merit has the name of its measure and, if there are several
columns to compare, the name of the sampler or the stage to which it belongs:
``kl_sample_target_gibbs``. Here stand the words for both, the unit in which a measure is shown, and
in which order each command shows its measures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

SHOWN = 5
"""Measures that a command shows if not all are asked for."""

_PERCENT = ("%", 100.0)


@dataclass(frozen=True)
class Measure:
    """What a figure of merit measures, in words.

    Attributes
    ----------
    words : str
        What is measured.
    unit : str
        Unit in which it is shown; empty for plain numbers.
    factor : float
        Factor from the stored value to this unit [1].
    digits : int
        Significant digits of values without an error.
    """

    words: str
    unit: str = ""
    factor: float = 1.0
    digits: int = 4

    @property
    def title(self) -> str:
        """The words, with the unit in brackets.

        Examples
        --------
        >>> MEASURES["kl_sample_target"].title
        'D_KL(sampled ‖ target) (nats)'
        """
        return f"{self.words} ({self.unit})" if self.unit else self.words


MEASURES: dict[str, Measure] = {
    # Samples of a machine or a target.
    "kl_sample_target": Measure("D_KL(sampled ‖ target)", "nats"),
    "kl_corrected": Measure("D_KL(sampled ‖ target), less bias", "nats"),
    "kl_floor": Measure("D_KL of exact draws", "nats", digits=2),
    "kl_floor_95": Measure("D_KL of exact draws, 1 in 20 above", "nats", digits=2),
    "kl_target_sample": Measure("D_KL(target ‖ sampled)", "nats"),
    "kl_target_sample_corrected": Measure("D_KL(target ‖ sampled), less bias", "nats"),
    "total_variation": Measure("total variation distance"),
    "total_variation_corrected": Measure("total variation, less bias"),
    "p_value": Measure("p-value (chi-square)", digits=2),
    "mean_error_max": Measure("largest error of a unit's mean", digits=2),
    "ess_joint": Measure("effective sample size", digits=3),
    "ess_min": Measure("effective size, worst unit", digits=3),
    "r_hat_max": Measure("split R-hat, worst unit"),
    # Posteriors.
    "mean_abs_error": Measure("mean error of P(z = 1 | evidence)"),
    "ideal_abs_error": Measure("mean error of P(z = 1 | evidence), as many exact draws", digits=2),
    "max_abs_error": Measure("largest error of P(z = 1 | evidence)", digits=2),
    # Images.
    "label_accuracy": Measure("label read rightly", *_PERCENT),
    "covered_classes": Measure("classes in free images"),
    "pixel_mean_error": Measure("pixel means, off from Gibbs, labelled", digits=2),
    "pixel_mean_error_free": Measure("pixel means, off from Gibbs, free", digits=2),
    "recognition": Measure("held-out images recognised", *_PERCENT),
    "log_probability": Measure("log probability of image and label", "nats"),
    "adversarial_accuracy": Measure("told apart from training images", *_PERCENT),
    "mean_error": Measure("rms error of pixel means"),
    "correlation_error": Measure("rms error of pixel covariances"),
    "neighbour_distance": Measure("distance to the nearest training image", "pixels"),
    "effective_classes": Measure("classes visited, exp of entropy"),
    "switches_per_read": Measure("changes of class per reading"),
    # Completions.
    "unknown_pixels": Measure("pixels that were completed"),
    "n_completions": Measure("completions"),
    "completion_spread": Measure("standard deviation of a pixel (guessing: 0.5)", digits=2),
    # Classifiers.
    "test_accuracy": Measure("test samples decided right", *_PERCENT),
    "test_accuracy_worst": Measure("test samples decided right, worst network", *_PERCENT),
    "test_accuracy_spread": Measure(
        "test samples decided right, spread over networks", *_PERCENT, digits=2
    ),
    "decision_time": Measure("time of the decision", "τ_syn"),
    "hidden_spikes": Measure("hidden spikes per decision"),
    "n_parameters": Measure("trained numbers of a network"),
    "epoch_time": Measure("time of an epoch over number of networks", "s", digits=2),
    # Comparisons.
    "fresh_accuracy": Measure("fresh samples decided right", *_PERCENT),
    "accuracy": Measure("test samples decided right", *_PERCENT),
    "difference": Measure("difference from the reference", "% points", 100.0),
    "epochs_to_goal": Measure("epochs to the goal, median", digits=3),
    "processor_time_to_goal_s": Measure("processor time to the goal, median", "s", digits=3),
    "spikes_to_goal": Measure("spikes to the goal, median", digits=3),
    # Devices.
    "r0": Measure("pump of half activation", "P/P_th"),
    "alpha": Measure("slope of the activation", "per P/P_th"),
    "fit_rms": Measure("rms residual of the activation", digits=2),
    "synapse_strength": Measure("weight measured per weight asked for"),
    "synapse_bias_shift": Measure("shift of the bias per weight"),
    "sample_time_ns": Measure("time per independent sample", "ns"),
    "sample_time_tau": Measure("time per independent sample", "τ_ref"),
    "sample_energy_fj": Measure("electrical energy per independent sample", "fJ"),
    "samples_per_s": Measure("independent samples", "1/s"),
    "rate_per_ns": Measure("spikes of the laser", "1/ns"),
    "spike_rate_per_ns": Measure("spikes at half activation", "1/ns"),
    "spike_energy_fj": Measure("electrical energy per spike", "fJ"),
    "synapse_energy_fj": Measure("energy per spike and target, weight 1", "fJ"),
    "pulse_energy_fj": Measure("light of a pulse coupled out", "fJ"),
    "pulse_photons": Measure("photons of a pulse that leave the cavity"),
    "power_uw": Measure("electrical power of a laser", "µW"),
    "machine_power_uw": Measure("electrical power of all lasers", "µW"),
    "optical_power_uw": Measure("light coupled out of a laser", "µW"),
    "current_ua": Measure("pump current of a laser", "µA"),
    "voltage_v": Measure("voltage of the junctions, assumed", "V"),
    "quantum_efficiency": Measure("photons out per electron in"),
}
"""Words of each measure, by the name that it has in files, in the usual order."""

FACTS: dict[str, str] = {
    "weight_std": "standard deviation of the weights",
    "weight_max_abs": "largest weight, absolute",
    "bias_mean": "mean bias",
    "bias_std": "standard deviation of the biases",
    "accuracy_mean": "share decided right, mean",
    "accuracy_worst": "share decided right, worst",
    "longest_delay_tau_syn": "longest delay (τ_syn)",
    "mean_tau_mem_tau_syn": "mean τ_mem (τ_syn)",
    "mean_refractory_tau_syn": "mean refractory period (τ_syn)",
    "tau_syn_s": "τ_syn (s)",
    "input_copies": "copies of each input",
    "read_outs": "read-outs",
    "schema_version": "version of the layout",
    "created_at": "made at",
    "library_version": "version of lasersampling",
    "git_commit": "commit",
    "wall_time_s": "wall time (s)",
}
"""Words of what describes a file, where they are not its name without underscores."""

STAGES: dict[str, str] = {
    "before": "before learning",
    "lasers": "lasers",
    "renewal": "renewal neurons",
    "gibbs": "Gibbs sampling",
    "data": "held-out images",
    "held_out": "held-out images",
    "linear": "logistic regression",
    "kernel": "kernel machine",
}
"""Words of samplers and stages, by the names that stand in names of figures of merit, in order."""

_AT = "@"
"""What stands in names of figures of merit of a sweep before the number of the combination."""

_BEFORE = ("linear", "kernel")
"""What stands before the name of the measure instead of after it."""

_OF_ANY = (
    "fresh_accuracy", "accuracy", "difference", "epochs_to_goal", "processor_time_to_goal_s",
    "spikes_to_goal",
)  # fmt: skip
"""Measures that are followed by the name of a method, which may be any."""

_OF_SAMPLES = (
    "kl_sample_target", "kl_floor", "total_variation", "p_value", "ess_joint", "kl_corrected",
    "kl_floor_95", "kl_target_sample", "kl_target_sample_corrected", "total_variation_corrected",
    "mean_error_max", "ess_min", "r_hat_max",
)  # fmt: skip


_DEVICE = {"": "device"}
"""Head for figures of merit of the device that stand beside those of samplers."""


@dataclass(frozen=True)
class Ending:
    """What a command shows at its end.

    Attributes
    ----------
    measures : tuple of str
        Measures by importance: the first five are shown if not all are asked for.
    heads : mapping of str to str
        Words of samplers and stages where they differ from `STAGES`; the empty name stands for
        figures of merit that name none.
    """

    measures: tuple[str, ...] = tuple(MEASURES)
    heads: Mapping[str, str] = field(default_factory=dict)

    def head(self, stage: str) -> str:
        """Give the words for a sampler or a stage.

        Examples
        --------
        >>> ENDINGS["fit"].head(""), ENDINGS["fit"].head("gibbs"), Ending().head("one_method")
        ('after learning', 'Gibbs sampling', 'one method')
        """
        words = self.heads.get(stage, STAGES.get(stage))
        return stage.replace("_", " ") if words is None else words


ENDINGS: dict[str, Ending] = {
    "sample": Ending(_OF_SAMPLES, {"": "lasers"}),
    "fit": Ending(_OF_SAMPLES, {"": "after learning"}),
    "infer": Ending(("mean_abs_error", "ideal_abs_error", "max_abs_error"), _DEVICE),
    "generate": Ending(
        (
            "label_accuracy", "covered_classes", "pixel_mean_error", "pixel_mean_error_free",
            "completion_spread", "unknown_pixels", "n_completions",
        ),
        _DEVICE,
    ),
    "classify": Ending(
        (
            "test_accuracy", "test_accuracy_worst", "decision_time", "hidden_spikes",
            "n_parameters", "test_accuracy_spread", "epoch_time",
        ),
        {"": "networks"},
    ),
    "compare": Ending(_OF_ANY),
    "calibrate": Ending(
        (
            "r0", "alpha", "synapse_strength", "sample_time_ns", "sample_energy_fj",
            *(
                name
                for name in list(MEASURES)[list(MEASURES).index("fit_rms") :]
                if name not in ("synapse_strength", "sample_time_ns", "sample_energy_fj")
            ),
        ),
        {"": "measured"},
    ),
}  # fmt: skip
"""What each command shows at its end, by its name."""


def parsed(name: str) -> tuple[str, str]:
    """Take the name of a figure of merit apart.

    Parameters
    ----------
    name : str
        Its name in a results file.

    Returns
    -------
    measure, stage : str
        Name of the measure, and of the sampler or stage; the latter may be empty. A name of which
        nothing is known is a measure.

    Examples
    --------
    >>> parsed("kl_sample_target_gibbs"), parsed("kl_floor_95"), parsed("linear_test_accuracy")
    (('kl_sample_target', 'gibbs'), ('kl_floor_95', ''), ('test_accuracy', 'linear'))
    >>> parsed("difference_one_method"), parsed("speed")
    (('difference', 'one_method'), ('speed', ''))
    """
    if name in MEASURES:
        return name, ""
    if _AT in name:
        measure, _, place = name.rpartition(_AT)
        return measure, f"{_AT}{place}"
    for stage in STAGES:
        measure = name.removeprefix(f"{stage}_")
        if stage in _BEFORE and measure in MEASURES:
            return measure, stage
        measure = name.removesuffix(f"_{stage}")
        if measure != name and stage not in _BEFORE:
            return measure, stage
    for measure in _OF_ANY:
        if name.startswith(f"{measure}_"):
            return measure, name.removeprefix(f"{measure}_")
    return name, ""


def at(name: str, place: int) -> str:
    """Name a figure of merit of one of the combinations of values of a sweep.

    Examples
    --------
    >>> at("p_value", 2), parsed("p_value@2"), parsed("p_value_gibbs@2")
    ('p_value@2', ('p_value', '@2'), ('p_value_gibbs', '@2'))
    """
    return f"{name}{_AT}{place}"


def measure_of(name: str, units: str = "1", description: str = "") -> Measure:
    """Give the words for a measure; one that stands in no table is called by its description.

    Parameters
    ----------
    name : str
        Name of the measure, without sampler or stage.
    units : str
        Units of the stored value.
    description : str
        Description of the figure of merit in its file.

    Examples
    --------
    >>> measure_of("p_value").words, measure_of("dead_time", "ns").title
    ('p-value (chi-square)', 'dead time (ns)')
    """
    if name in MEASURES:
        return MEASURES[name]
    stem, stage = parsed(name)
    if stem in MEASURES and stage in STAGES:  # where columns are no samplers
        known = MEASURES[stem]
        return replace(known, words=f"{known.words}, {STAGES[stage]}")
    return Measure(description or name.replace("_", " "), "" if units == "1" else units)


def fact(name: str) -> str:
    """Give the words for what describes a file.

    Examples
    --------
    >>> fact("wall_time_s"), fact("trained_on")
    ('wall time (s)', 'trained on')
    """
    return FACTS.get(name, name.replace("_", " "))


def command_of(command_line: str) -> str:
    """Find out which command wrote a file, by the command line in it; empty if that is not known.

    Examples
    --------
    >>> command_of("lasersampling fit table.csv --out run.h5"), command_of("python mine.py")
    ('fit', '')
    """
    words: Sequence[str] = command_line.split()
    known = len(words) > 1 and words[0] == "lasersampling" and words[1] in ENDINGS
    return words[1] if known else ""
