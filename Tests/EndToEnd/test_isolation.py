# SPDX-License-Identifier: Apache-2.0
"""That a cluster touches nothing of the machine, and leaves nothing behind."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from harness import cgroups, lifecycle, namespace
from harness.cluster import Cluster
from harness.errors import HarnessError
from harness.layout import Layout
from harness.waiting import wait_until


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def test_there_is_no_way_out_of_the_clusters_network(cluster: Cluster) -> None:
    with pytest.raises(HarnessError, match="unreachable"):
        cluster.run(["ip", "route", "get", "192.0.2.1"])
    assert "default" not in cluster.run(["ip", "route"])


def test_its_mounts_and_devices_are_not_the_machines(cluster: Cluster) -> None:
    assert str(cluster.layout.root) not in Path("/proc/self/mountinfo").read_text()
    assert "10.202.0." not in output("ip", "address")
    assert "KUBE-SERVICES" in cluster.run(["iptables-save"])


def test_a_cluster_that_was_killed_leaves_only_cgroups_and_down_removes_them(tmp_path: Path) -> None:
    layout = Layout.at(f"/tmp/metrics-push-killed.{os.getpid()}")
    for folder in (layout.logs, layout.config, layout.run, layout.node_logs, layout.root / "cni-cache"):
        folder.mkdir(parents=True)
    state = namespace.launch(layout)
    cgroups.make(state["pid"])
    made = [hierarchy / cgroups.name(state["pid"]) for hierarchy in cgroups.hierarchies()]
    assert all(path.exists() for path in made)
    os.kill(state["pid"], signal.SIGKILL)
    wait_until(lambda: namespace.start_time(state["init"]) is None, 10, "the end of its processes")
    lifecycle.down(layout)
    assert not any(path.exists() for path in made)
    assert sorted(entry.name for entry in layout.root.iterdir()) == ["cluster.json", "lock", "logs"]
    lifecycle.down(layout)
    for file in [*layout.logs.iterdir(), layout.state, layout.lock]:
        file.unlink()
    layout.logs.rmdir()
    layout.root.rmdir()


def test_up_refuses_a_directory_with_something_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(HarnessError, match="has something else in it"):
        lifecycle.up(Layout(tmp_path))
    assert (tmp_path / "mine").read_text() == "x"
