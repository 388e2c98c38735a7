"""Recipes of tasks in which only the times of spikes tell classes apart."""

from lasersampling.results import read_results


def test_a_timing_task_is_learned_by_its_name(run):
    chosen = ("network.hidden=[6]", "learning.n_epochs=1", "train_samples=200")
    ran = run(
        "classify", "intervals", "--out", "run.h5", "--quiet", *(f"--set={c}" for c in chosen)
    )
    assert ran.code == 0, ran.err
    results = read_results("run.h5")
    assert 'data = "intervals"' in results.config
    assert len(results.array("test/label")) == 1000
    assert 0.25 < results.metric("test_accuracy").value <= 1.0
