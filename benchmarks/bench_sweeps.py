"""What sweeps cost beside the work: messages, processes, records; see docs/scaling.md."""

import argparse
import pickle
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lasersampling.results import Metric
from lasersampling.sweeps import Axis, Cell, Grid, Outcome, Swept
from lasersampling.sweeps.piece import Piece
from lasersampling.sweeps.record import Record
from lasersampling.workers import Processes, Workers


def nothing(number: int) -> int:
    return number


def took_s(work: Callable[[], object], turns: int = 3) -> float:
    """Least time of some turns."""
    times = []
    for _ in range(turns):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def outcome(number: int, n_metrics: int = 13) -> Outcome:
    """One as of `sample`."""
    value = 0.1234567890123 + number
    metrics = {
        f"measure_{k}": Metric(value + k, 0.01 * value, "1", "what is measured, in some words")
        for k in range(n_metrics)
    }
    command = f"lasersampling sample random_five --set=draws={number} --seed 0"
    return Outcome(Cell((str(number),), 0), command, metrics, 1.0, "0" * 40)


def record_costs(counts: list[int], folder: Path) -> None:
    """Time to keep one more piece, and to write a file of so many."""
    for count in counts:
        grid = Grid((Axis("draws", tuple(map(str, range(1, count + 2)))),), (0,))
        outcomes = {one.cell: one for one in map(outcome, range(1, count + 1))}
        swept = Swept(folder / "s.h5", ("sample",), grid, outcomes)
        (folder / "s.h5").unlink(missing_ok=True)
        with Record.open(swept, "bench", time.monotonic(), existing="refuse") as record:
            written_s = took_s(record.write, 1)
            last = outcome(count + 1)
            kept_s = took_s(lambda record=record, last=last: record.add(last))  # type: ignore[misc]
        size = (folder / "s.h5").stat().st_size / count
        print(
            f"{count:7,} pieces: one more {1e3 * kept_s:.2f} ms, file {written_s:.2f} s, "
            f"{size:.0f} B a piece"
        )


def dispatch(name: str, workers: Workers, count: int) -> None:
    """Time of a piece in which nothing is done."""
    begun, first = time.perf_counter(), 0.0
    for done, _ in enumerate(workers.results(nothing, range(count))):
        if done == 0:
            first = time.perf_counter()
    end = time.perf_counter()
    print(f"{name}: {first - begun:.1f} s to the first piece, {1e3 * (end - first) / count:.2f} ms "
          "for each other one")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, nargs="*", default=[100, 1000, 10_000, 99_999])
    parser.add_argument("--scheduler", help="address of a scheduler, whose workers are timed too")
    options = parser.parse_args()
    piece = Piece(
        Cell(("1000",), 0), tuple(outcome(1000).command.split()), Path("/home/me/s/a.h5"),
        can_resume=True, is_kept=False,
    )  # fmt: skip
    print(
        f"message to a worker {len(pickle.dumps(piece))} B, back {len(pickle.dumps(outcome(1)))} B"
    )
    with tempfile.TemporaryDirectory() as folder:
        record_costs(options.pieces, Path(folder))
    dispatch("two processes", Processes(2), 2000)
    if options.scheduler:
        from lasersampling.workers import Cluster

        dispatch("cluster", Cluster(options.scheduler), 2000)


if __name__ == "__main__":
    main()
