# SPDX-License-Identifier: Apache-2.0
"""The aggregator's client, by its own tests, against the real API server."""

import os
import re
import subprocess

from harness.cluster import Cluster
from harness.programs import ROOT

# They may have to be built first.
DEADLINE = 1800


def test_its_tests_pass_on_the_real_api_server(cluster: Cluster) -> None:
    done = subprocess.run(
        ["swift", "test", "--filter", "RealServerTests"],
        cwd=ROOT,
        env={**os.environ, "METRICS_PUSH_TEST_KUBECONFIG": str(cluster.layout.kubeconfig)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    ran = re.search(r"Test run with (\d+) tests in 1 suite passed", said)
    assert ran and int(ran[1]) >= 5, said[-3000:]
    assert "skipped" not in said, said[-3000:]
