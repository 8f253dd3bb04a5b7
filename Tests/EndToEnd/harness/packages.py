# SPDX-License-Identifier: Apache-2.0
"""Debian packages that the harness needs. The list is in the project's own script."""

import subprocess

from .errors import HarnessError
from .programs import ROOT

SCRIPT = ROOT / "scripts/install-deps"
CHECK_DEADLINE = 60
INSTALL_DEADLINE = 1800


def install() -> None:
    """Installs what is missing and says which."""
    if subprocess.run([SCRIPT, "--end-to-end"], timeout=INSTALL_DEADLINE, check=False).returncode != 0:
        raise HarnessError("the packages could not be installed")


def check() -> None:
    done = subprocess.run(
        [SCRIPT, "--end-to-end", "--check"], capture_output=True, text=True, timeout=CHECK_DEADLINE, check=False
    )
    if done.returncode != 0:
        raise HarnessError(f"{done.stderr.strip()}; Tests/EndToEnd/cluster deps installs it")
