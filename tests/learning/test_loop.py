import numpy as np
import pytest
import torch
from numba.core import event

from lasersampling.errors import InputError, LaserSamplingError, SubstrateError
from lasersampling.learning.checkpoints import Checkpoints
from lasersampling.learning.descent import Descent
from lasersampling.learning.early_stopping import Plateau
from lasersampling.learning.history import History
from lasersampling.learning.loop import train
from lasersampling.learning.packing import pack
from lasersampling.learning.task import Measurement, Step


class Quadratic:
    """A task of two members that has nothing to do with spikes: a noisy parabola."""

    n_batches = 3

    def __init__(self, seed=0, noise=0.1):
        self.x = torch.nn.Parameter(torch.tensor([[3.0, -2.0], [1.0, 4.0]], dtype=torch.float64))
        self.generator = torch.Generator().manual_seed(seed)
        self.noise = noise
        self.held = None
        self.finished = 0

    def named_parameters(self):
        return {"x": self.x}

    def begin_epoch(self, epoch):
        self.epoch = epoch

    def write_gradients(self, batch):
        # By hand, as moments of a sampler would be written.
        draw = torch.randn(self.x.shape, generator=self.generator, dtype=torch.float64)
        assert self.x.grad is None
        self.x.grad = self.x.detach() + self.noise * draw
        return Step({"loss": 0.5 * (self.x.detach() ** 2).sum(1).numpy()}, self.held)

    def finish_step(self):
        self.finished += 1

    def evaluate(self, epoch):
        if epoch % 2:
            return {}
        return {"distance": Measurement.of(self.x.detach().norm(dim=1).numpy(), 0.1)}

    def state(self):
        return {"generator": self.generator.get_state()}

    def set_state(self, state):
        self.generator.set_state(state["generator"])


class Compiled(Quadratic):
    """Compiles for 30 s in the first batch; each batch takes 2 s."""

    def __init__(self, now):
        super().__init__()
        self.now = now

    def write_gradients(self, batch):
        self.now[0] += 2.0
        if batch == self.epoch == 0:
            with event.trigger_event("numba:compile"):
                self.now[0] += 30.0
        return super().write_gradients(batch)


def test_times_of_epochs_leave_out_what_is_compiled(monkeypatch):
    now = [0.0]
    for clock in ("perf_counter", "process_time"):
        monkeypatch.setattr(f"time.{clock}", lambda: now[0])
    task = Compiled(now)
    descent = Descent(torch.optim.SGD([task.x], lr=0.1))
    history = train(task, descent, n_epochs=2)
    assert history.arrays()["epoch_time_s"].tolist() == [6.0, 6.0]
    assert history.arrays()["epoch_processor_time_s"].tolist() == [6.0, 6.0]


def final(task):
    return task.x.detach().numpy().copy()


OPTIMISERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.05),
}
SCHEDULES = {
    "none": lambda o: None,
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 2, 0.5),
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 10),
    "lambda": lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda k: 0.9**k),
}


def run(n_epochs=8, optimiser="adam", schedule="none", gradient_limit=None, **options):
    task = Quadratic()
    made = OPTIMISERS[optimiser]([task.x])
    descent = Descent(made, SCHEDULES[schedule](made), gradient_limit)
    return task, train(task, descent, n_epochs=n_epochs, **options)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_going_on_gives_the_same_bits(optimiser, schedule, kept):
    chosen = {"optimiser": optimiser, "schedule": schedule}
    whole, history = run(**chosen, checkpoints=Checkpoints(kept, 0.0))
    assert len(kept.states) == 8
    for state in kept.states[:-1:3]:
        again, more = run(**chosen, checkpoints=Checkpoints(resume=state))
        assert np.array_equal(final(again), final(whole))
        for name, values in history.arrays().items():
            if not name.endswith("_time_s"):
                assert np.array_equal(more.arrays()[name], values, equal_nan=True)


def test_a_checkpoint_has_as_many_arrays_however_long_the_history(kept):
    run(checkpoints=Checkpoints(kept, 0.0))
    n_arrays = [len(pack(state)[1]) for state in kept.states]
    assert n_arrays[1] == n_arrays[-1]


def test_checkpoints_with_a_list_of_rows_are_gone_on_from(kept):
    """As they were stored before."""
    _, history = run(checkpoints=Checkpoints(kept, 0.0))
    old = {**kept.states[3], "history": {n: list(v) for n, v in kept.states[3]["history"].items()}}
    _, more = run(checkpoints=Checkpoints(resume=old))
    assert np.array_equal(more.arrays()["loss"], history.arrays()["loss"])


def test_it_learns_and_records():
    seen: list[tuple[int, int]] = []
    fractions: list[float] = []
    task, history = run(
        40, callbacks=[lambda p: seen.append((p.epoch, p.n_epochs))], progress=fractions.append
    )
    rows = history.arrays()
    assert np.linalg.norm(final(task)) < 0.5
    assert rows["loss"].shape == (40, 2)
    assert rows["loss"][-1].max() < 0.1 < rows["loss"][0].min()
    assert np.isnan(rows["distance"][1::2]).all()
    assert np.isfinite(rows["distance"][::2]).all()
    assert (rows["distance_se"][::2] == 0.1).all()
    assert rows["learning_rate_0"].tolist() == [0.1] * 40
    assert task.finished == 40 * 3
    assert seen[-1] == (40, 40)
    assert fractions == [k / 40 for k in range(1, 41)]


def test_held_members_stay_and_the_others_move():
    task = Quadratic(noise=0.0)
    free = Quadratic(noise=0.0)
    for made, held in ((task, torch.tensor([True, False])), (free, None)):
        made.held = held
        train(made, Descent(torch.optim.Adam([made.x], lr=0.1)), n_epochs=4)
    assert task.x[0].tolist() == [3.0, -2.0]
    assert torch.equal(task.x[1], free.x[1])


def test_members_held_for_a_while_go_on_as_if_nothing_had_been():
    """For an optimiser that counts nothing per parameter, and after memory was made."""
    for make in (
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        lambda p: torch.optim.RMSprop(p, lr=0.01),
    ):
        task, free = Quadratic(noise=0.0), Quadratic(noise=0.0)
        optimiser = make([task.x])
        for held in (torch.tensor([True, False]), None):
            task.held = held
            train(task, Descent(optimiser), n_epochs=2)
        train(free, Descent(make([free.x])), n_epochs=2)
        assert torch.equal(task.x[0], free.x[0])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SubstrateError])
def test_an_interruption_leaves_the_last_whole_epoch(error, kept):
    class Stop:
        def __call__(self, progress):
            if progress.epoch == 5:
                raise error

    with pytest.raises(error):
        run(callbacks=[Stop()], checkpoints=Checkpoints(kept, 1e9))
    (resumed,) = kept.states
    assert resumed["epoch"] == 4
    again, _ = run(checkpoints=Checkpoints(resume=resumed))
    assert np.array_equal(final(again), final(run()[0]))


def test_gradients_are_clipped_and_must_be_finite():
    task = Quadratic(noise=0.0)
    train(task, Descent(torch.optim.SGD([task.x], lr=1.0), gradient_limit=0.01), n_epochs=1)
    assert torch.allclose(task.x[0], torch.tensor([2.97, -1.97]).double())
    task = Quadratic(noise=float("nan"))
    with pytest.raises(LaserSamplingError, match=r"epoch 1: the gradient of x is not finite"):
        train(task, Descent(torch.optim.SGD([task.x], lr=1.0)), n_epochs=1)


def test_a_state_of_something_else_is_refused(kept):
    run(2, checkpoints=Checkpoints(kept))
    state = kept.states[-1]
    state["parameters"] = {"y": torch.zeros(3)}
    with pytest.raises(InputError, match="resume"):
        run(4, checkpoints=Checkpoints(resume=state))


def test_a_plateau_respects_the_noise():
    """Steps of half a standard error are no improvement alone, but they add up."""
    steady, slow = Plateau("d", 2), Plateau("d", 3)
    values = [1.0, 0.95, 0.9, 0.85, 0.8, 0.75]
    assert [steady.should_stop(Measurement.of(v, 0.1)) for v in values].index(True) == 2
    assert not any(slow.should_stop(Measurement.of(v, 0.1)) for v in [*values, 0.7, 0.65])
    exact = Plateau("d", 2)
    assert not any(exact.should_stop(Measurement.of(v)) for v in values)
    growing = Plateau("d", 1, larger_is_better=True)
    assert [growing.should_stop(Measurement.of(v)) for v in (0.5, 0.6, 0.6)] == [False, False, True]
    # Members are independent: the error of the mean of 100 is a tenth.
    many = Plateau("d", 1)
    stops = [many.should_stop(Measurement.of(np.full(100, v), 0.1)) for v in values]
    assert not any(stops)


def test_training_stops_on_a_plateau_and_can_go_on_from_a_stop(kept):
    stopping = Plateau("distance", 2)
    _, history = run(200, stopping=stopping, checkpoints=Checkpoints(kept))
    assert 6 < history.n_epochs < 100
    resumed = Checkpoints(resume=kept.states[-1])
    _, more = run(200, stopping=Plateau("distance", 2), checkpoints=resumed)
    assert more.n_epochs == history.n_epochs
    with pytest.raises(InputError, match="'accuracy', expected one of distance"):
        run(2, stopping=Plateau("accuracy", 2))


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: run(n_epochs=0), "n_epochs"),
        (lambda: run(gradient_limit=0.0), "gradient_limit"),
        (lambda: run(gradient_limit=float("inf")), "gradient_limit"),
        (lambda: Checkpoints(interval_s=-1.0), "interval_s"),
        (lambda: Checkpoints(interval_s=float("nan")), "interval_s"),
        (lambda: Plateau("x", 0), "patience"),
    ],
)
def test_bad_input_is_refused(make, where):
    with pytest.raises(InputError, match=f"^{where}: got"):
        make()


def test_threads_are_as_before():
    before = torch.get_num_threads()
    run(1)
    assert torch.get_num_threads() == before


def test_a_quantity_that_comes_later_is_padded():
    history = History()
    history.add({"a": np.zeros(2)})
    history.add({"a": np.ones(2), "b": np.ones(())})
    history.add({"b": np.ones(())})
    arrays = history.arrays()
    assert arrays["b"].tolist()[1:] == [1.0, 1.0]
    assert np.isnan(arrays["b"][0])
    assert np.isnan(arrays["a"][2]).all()
