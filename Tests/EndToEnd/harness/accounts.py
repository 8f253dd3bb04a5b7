# SPDX-License-Identifier: Apache-2.0
"""The kernel's own accounts of a pod's container, and of the node."""

import bisect
import threading
import time
from pathlib import Path
from types import TracebackType

from . import cgroups, quantities
from .cgroups import unified
from .cluster import Cluster
from .errors import HarnessError
from .metrics_push import Figures

# Short next to a load's bursts; a read takes some microseconds.
INTERVAL = 0.05
# A reader that took longer was held up and does not know when it read.
LONGEST_READ = 0.005
# Within a longer pause between two readings nothing is known but that the counter grew.
GAP = 2 * INTERVAL
# Of any rate that is served, in seconds, with some room.
SHORTEST_WINDOW = 0.9
# What a served time lacks: it has whole seconds.
CUT_OFF = 1.0


def container_id(pod: dict, container: str) -> str:
    status = pod["status"]
    for found in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        if found["name"] == container and found.get("containerID"):
            return found["containerID"].removeprefix("containerd://")
    raise HarnessError(f"pod {pod['metadata']['name']} has no container {container} that was started")


def hierarchy(controller: str) -> Path:
    return cgroups.MOUNT if unified() else cgroups.MOUNT / controller


def started(pod: dict, container: str) -> float:
    """The Unix time of its start, which has whole seconds."""
    (status,) = [s for s in pod["status"]["containerStatuses"] if s["name"] == container]
    return quantities.unix(status["state"]["running"]["startedAt"])


def directory(cluster: Cluster, pod: dict, container: str, controller: str = "cpuacct") -> Path:
    """The container's cgroup."""
    quality = {"Guaranteed": ""}.get(pod["status"]["qosClass"], pod["status"]["qosClass"].lower())
    top = hierarchy(controller) / cluster.cgroup() / quality
    return top / f"pod{pod['metadata']['uid']}" / container_id(pod, container)


def cpu_seconds(directory: Path) -> float:
    if unified():
        return keyed(directory / "cpu.stat")["usage_usec"] / 1e6
    return int((directory / "cpuacct.usage").read_text()) / 1e9


def working_set(directory: Path) -> int:
    """Bytes, as kubelet computes it: usage less inactive page cache."""
    usage, inactive = (
        ("memory.current", "inactive_file") if unified() else ("memory.usage_in_bytes", "total_inactive_file")
    )
    return max(0, int((directory / usage).read_text()) - keyed(directory / "memory.stat")[inactive])


def keyed(file: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in file.read_text().splitlines())}


def processes(directory: Path) -> list[int]:
    """Their ids outside of the cluster."""
    return [int(line) for line in (directory / "cgroup.procs").read_text().split()]


class History:
    """Reads CPU counters again and again, so that the use over any span can be told afterwards."""

    def __init__(self, **directories: Path):
        self.directories = directories
        # A container's counter began at zero when its cgroup was made. When one was made that has others in it its times
        # do not tell.
        self.points: dict[str, list[tuple[float, float]]] = {
            name: [] if any(entry.is_dir() for entry in directory.iterdir()) else [(directory.stat().st_ctime, 0.0)]
            for name, directory in directories.items()
        }
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)

    def __enter__(self) -> "History":
        self.read()
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self.thread.join()

    def follow(self) -> None:
        while not self.ended.wait(INTERVAL):
            self.read()

    def read(self) -> None:
        for name, directory in self.directories.items():
            try:
                before = time.time()
                value = cpu_seconds(directory)
                if time.time() - before < LONGEST_READ:
                    self.points[name].append((before, value))
            except OSError:
                # The container has ended.
                pass

    def began(self, name: str) -> float:
        """The Unix time from which on use can be told."""
        return self.points[name][0][0]

    def used(self, name: str, begin: float, end: float) -> float:
        """CPU seconds between two Unix times."""
        return self.at(name, end) - self.at(name, begin)

    def bounds(self, name: str, begin: float, end: float) -> tuple[float, float]:
        """The least and the most that can have been used between two Unix times, in CPU seconds."""
        least_before, most_before = self.around(name, begin)
        least, most = self.around(name, end)
        return max(0.0, least - most_before), most - least_before

    def most_until(self, name: str, when: float) -> float:
        """The most that its counter can have been at that time, in CPU seconds."""
        _, most = self.around(name, when)
        return most

    def around(self, name: str, when: float) -> tuple[float, float]:
        points = self.points[name]
        place = bisect.bisect(points, (when, 0.0))
        if 0 < place < len(points):
            (before, low), (after, high) = points[place - 1], points[place]
            if after - before > GAP:
                return low, high
        value = self.at(name, when)
        return value, value

    def at(self, name: str, when: float) -> float:
        points = self.points[name]
        place = bisect.bisect(points, (when, 0.0))
        if place == 0:
            # Before the container was.
            return points[0][1]
        (before, low), (after, high) = points[place - 1], points[min(place, len(points) - 1)]
        return low if after == before else low + (high - low) * (when - before) / (after - before)


def assert_as_counted(
    figures: Figures, container: str, history: History, tolerance: float = 0.1, counter: str | None = None
) -> None:
    """Against the kernel's counter over the same span: a busy machine gives a load less than it asks for.

    `counter` is the history's name of it; None: the container's."""
    steps = [CUT_OFF * tenth / 10 for tenth in range(11)]
    spans = [(figures.timestamp + step - figures.window, figures.timestamp + step) for step in steps]
    counted = [history.bounds(counter or container, begin, end) for begin, end in spans]
    least = min(low for low, _ in counted) / figures.window
    most = max(high for _, high in counted) / figures.window
    slack = 0.002
    served = figures.usage[container].cpu
    assert least * (1 - tolerance) - slack <= served <= most * (1 + tolerance) + slack, (figures, least, most)


def assert_no_more_than_counted(figures: Figures, container: str, counted: float) -> None:
    """The CPU time of a rate is part of what the kernel ever counted, in CPU seconds; both factors are rounded."""
    assert figures.usage[container].cpu * figures.window <= counted * 1.001 + 1e-3, (figures, counted)
