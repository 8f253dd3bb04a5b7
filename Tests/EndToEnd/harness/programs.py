# SPDX-License-Identifier: Apache-2.0
"""The project's own programs, as a container image would carry them: optimised, with Swift's library inside."""

import subprocess
from pathlib import Path

from .errors import HarnessError

ROOT = Path(__file__).parents[3]
# Apart from the developer's own builds, whose flags differ: neither has to be done again for the other.
SCRATCH = ROOT / ".build/end-to-end"
BUILD_DEADLINE = 2400


def built(product: str) -> Path:
    common = ["-c", "release", "--static-swift-stdlib", "--scratch-path", str(SCRATCH)]
    done = subprocess.run(
        ["nice", "-n", "10", "swift", "build", *common, "--product", product],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=BUILD_DEADLINE,
        check=False,
    )
    if done.returncode != 0:
        raise HarnessError(f"the build of {product} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    shown = subprocess.run(
        ["swift", "build", *common, "--show-bin-path"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return Path(shown.stdout.strip()) / product
