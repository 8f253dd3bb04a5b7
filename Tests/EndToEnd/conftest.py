# SPDX-License-Identifier: Apache-2.0
"""The cluster that the end-to-end tests share.

METRICS_PUSH_E2E_KEEP=1        leaves it up at the end
METRICS_PUSH_E2E_CLUSTER=DIR   uses one that is up, and leaves it so
"""

import itertools
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from harness import lifecycle
from harness.cluster import Cluster
from harness.errors import HarnessError
from harness.layout import Layout
from harness.metrics_push import MetricsPush
from harness.programs import ROOT

running: Cluster | None = None
numbers = itertools.count(1)


def say(config: pytest.Config, text: str) -> None:
    """Tells the person who waits, past pytest's capturing of output."""
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{text}", flush=True)


def pytest_configure() -> None:
    # What would end us takes the cluster down first, like Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", 143))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # There is one installation for all tests: those that remove it come last.
    items.sort(key=lambda item: item.path.name == "test_uninstall.py")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    global running
    given = os.environ.get("METRICS_PUSH_E2E_CLUSTER")
    layout = Layout.at(given or ROOT / ".run/e2e")
    if not given:
        # Left over by a run that was killed.
        lifecycle.down(layout)
        say(request.config, "bringing the cluster up ...")
        began = time.monotonic()
        lifecycle.up(layout)
        say(request.config, f"cluster up in {time.monotonic() - began:.1f} s: KUBECONFIG={layout.kubeconfig}")
    running = Cluster(layout)
    yield running
    if given or os.environ.get("METRICS_PUSH_E2E_KEEP"):
        say(
            request.config,
            f"cluster left up: KUBECONFIG={layout.kubeconfig}; Tests/EndToEnd/cluster down {layout.root} ends it",
        )
        return
    running = None
    lifecycle.down(layout)
    if request.session.testsfailed:
        say(request.config, f"the cluster's logs are in {layout.logs}")
    else:
        shutil.rmtree(layout.root)


@pytest.fixture(scope="session")
def metrics_push(request: pytest.FixtureRequest, cluster: Cluster) -> MetricsPush:
    """Installed once, with `kubectl apply -k`."""
    installed = MetricsPush(cluster)
    say(request.config, "building the programs ...")
    installed.load_image()
    # Of an earlier run, with another image under the same name.
    installed.delete()
    began = time.monotonic()
    installed.apply()
    installed.wait_available()
    say(request.config, f"installed: from kubectl apply -k to the node's figures in {time.monotonic() - began:.1f} s")
    return installed


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tells a person what was measured."""
    return lambda text: say(request.config, f"    {text}")


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own."""
    with cluster.namespace(f"test-{os.getpid()}-{next(numbers)}") as name:
        yield name


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    if report.failed and running and "cluster" in getattr(item, "fixturenames", ()):
        try:
            report.sections.append(("the cluster", running.report()))
        except (OSError, HarnessError) as error:
            report.sections.append(("the cluster", f"no report: {error}"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How long each module took, its share of bringing things up included."""
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.location[0]] += report.duration
    terminalreporter.section("seconds a module")
    for module, spent in seconds.most_common():
        terminalreporter.write_line(f"{spent:7.1f}  {module}")
