# SPDX-License-Identifier: Apache-2.0
"""The minute of churn of test_churn.py on this machine's own cgroups (v1), with renames and a real aggregator."""

import statistics
import subprocess
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pytest

from harness import cgroups, churn, images, programs, quantities
from harness.machine import Aggregator, Pods, Process
from harness.poller import Poller
from harness.waiting import wait_until

SECONDS, WARM_UP, RATE, WINDOW = 60, 15, 500, 4
# Between two moments at which a sample may have ended, in seconds.
STEP = 0.005
STEADY = {
    "busy": ("3f0d2a9e-0001-4e0a-9d53-0c6d1f7a8b21", "a" * 64, ["--cpu", "30", "--memory", "24"]),
    "idle": ("3f0d2a9e-0002-4e0a-9d53-0c6d1f7a8b21", "b" * 64, ["--memory", "40"]),
}


class Record:
    """What the kernel said of a container all along: wall time before and after, CPU time, working set."""

    def __init__(self, pods: Pods, path: str):
        def read() -> tuple[float, int, float, int]:
            before, cpu, after = time.time(), pods.cpu_nanoseconds(path), time.time()
            return before, cpu, after, pods.working_set(path)

        self.poller = Poller(read, interval=0.01)

    @cached_property
    def points(self) -> list[tuple[float, int, float, int]]:
        """To be asked for when it is complete."""
        return self.poller.values

    @cached_property
    def befores(self) -> list[float]:
        return [before for before, _, _, _ in self.points]

    @cached_property
    def afters(self) -> list[float]:
        return [after for _, _, after, _ in self.points]

    def rates(self, early: float, late: float, window: float) -> tuple[float, float] | None:
        """The least and the most that the rate can have been, in cores, over a window that ended between two times.

        None beyond the record."""
        points, befores, afters = self.points, self.befores, self.afters

        def counter(start: float, end: float) -> tuple[int, int] | None:
            low, high = bisect_right(afters, start) - 1, bisect_left(befores, end)
            return (points[low][1], points[high][1]) if low >= 0 and high < len(points) else None

        first, last = counter(early - window, late - window), counter(early, late)
        if not first or not last:
            return None
        return (last[0] - first[1]) / window / 1e9, (last[1] - first[0]) / window / 1e9

    def working_sets(self, start: float, end: float) -> list[int]:
        """Those read in this time, and just before and after: there may be a pause in the record."""
        low, high = max(0, bisect_left(self.befores, start) - 1), bisect_right(self.befores, end) + 1
        return [point[3] for point in self.points[low:high]]


@pytest.mark.skipif(cgroups.unified(), reason="test_churn.py has cgroup v2")
def test_a_minute_of_churn_on_v1(tmp_path: Path, measured: Callable[[str], None]) -> None:
    agent_program = str(programs.built("agent"))
    load = images.static_program(images.LOAD_SOURCE, tmp_path / "load")
    churner = churn.program(tmp_path)
    with Pods(tmp_path) as pods, Aggregator(tmp_path, WINDOW) as aggregator:
        for name, (uid, container, flags) in STEADY.items():
            pods.start(uid, container, name, [str(load), *flags])
        records = {name: Record(pods, pods.path(uid, container)) for name, (uid, container, _) in STEADY.items()}
        command = [agent_program, *aggregator.agent_flags(), *pods.flags(), "--interval", "1s"]
        with records["busy"].poller, records["idle"].poller, Process(command, tmp_path / "agent.log") as agent:
            agent.said("session open")
            time.sleep(2)
            descriptors = min(agent.descriptors() for _ in range(5) if not time.sleep(0.07))
            dumps: list[churn.Dump] = []
            served: list[tuple[float, list[dict]]] = []
            trees = [word for tree in pods.TREES for word in ("--tree", str(tree / pods.name / "kubepods"))]
            paths = ["--logs", str(pods.logs), "--journal", str(tmp_path / "journal")]
            numbers = ["--seconds", str(SECONDS), "--rate", str(RATE)]
            warm = 0
            with Process([str(churner), *trees, *paths, *numbers], tmp_path / "churn.log") as churning:
                began = time.monotonic()
                while churning.child.poll() is None:
                    done = subprocess.run(
                        [agent_program, "--dump", "-o", "json", *pods.flags()],
                        capture_output=True,
                        text=True,
                        timeout=30,
                        check=True,
                    )
                    dumps.append(churn.Dump.parse(done.stdout))
                    items = aggregator.pods()
                    served.append((time.time(), items))
                    if not warm and time.monotonic() - began > WARM_UP:
                        warm = agent.anonymous_kib()
                assert churning.child.returncode == 0, churning.text
            # Nothing churns any more. In a sweep there is a file more open at a time.
            stay = set(STEADY)
            wait_until(lambda: {item["metadata"]["name"] for item in aggregator.pods()} == stay, 10, "the end of it")
            wait_until(lambda: agent.descriptors() == descriptors, 30, f"{descriptors} descriptors as before")
            grown = agent.anonymous_kib() - warm
            assert agent.child.poll() is None
            assert agent.end() == 0, agent.text
    journal = churn.Journal((tmp_path / "journal").read_text())
    sweeps = [dump.node["sweep_nanoseconds"] / 1e6 for dump in dumps]
    measured(
        f"cgroup v1: {churn.done(churning.text)}; {len(dumps)} dumps saw {journal.seen(dumps)} of {len(journal.lives)} "
        f"containers; sweeps of {statistics.median(sweeps):.1f}, at most {max(sweeps):.1f} ms; "
        f"{grown} KiB more than after {WARM_UP} s"
    )
    assert grown < 1024
    # On a busy machine a single one says little.
    assert statistics.median(sweeps) < 100
    assert sorted(sweeps)[-2] < 1000 and max(sweeps) < 5000
    assert churn.troubles(agent.text) == []
    assert agent.text.count("session open") == 1
    assert [dump.node["problems"] for dump in dumps] == [[]] * len(dumps)
    assert journal.seen(dumps) > 100
    assert journal.impossible(dumps) == []
    expect_served(served, records)


def expect_served(served: list[tuple[float, list[dict]]], records: dict[str, Record]) -> None:
    judged = 0
    for seen, items in served:
        for item in items:
            window, start = quantities.seconds(item["window"]), quantities.unix(item["timestamp"])
            for container in item["containers"]:
                cpu, memory = (quantities.amount(container["usage"][key]) for key in ("cpu", "memory"))
                if item["metadata"]["namespace"] == churn.NAMESPACE:
                    # They have one thread each. Whose counter it is shows in the dumps.
                    assert cpu <= 1.05, item
                    continue
                record = records[container["name"]]
                # The API has room for whole seconds: the sample is from anywhere in it. A burst can lie between two
                # ends that are looked at, so all in between are taken with them.
                ends = [start + step * STEP for step in range(round(1 / STEP)) if start + step * STEP <= seen]
                rates = [rate for end in ends if (rate := record.rates(end, end + STEP, window))]
                if window < WINDOW or not rates:
                    continue
                judged += 1
                # The idle one's is next to nothing, of which 5 % are less than a clock's grain.
                assert any(low * 0.95 - 1e-4 <= cpu <= high * 1.05 + 1e-4 for low, high in rates), (item, rates[:3])
                sets = record.working_sets(start - 0.1, start + 1.1)
                assert min(sets) - 2**20 <= memory <= max(sets) + 2**20, item
    assert judged >= SECONDS / 2
