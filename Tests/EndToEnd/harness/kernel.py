# SPDX-License-Identifier: Apache-2.0
"""A Linux kernel to boot in a virtual machine: the one of Debian's package, unpacked and not installed."""

import re
import subprocess
import tempfile
from pathlib import Path

from .binaries import cache
from .errors import HarnessError

# The flavour for virtual machines is the smallest.
PACKAGE = "linux-image-cloud-amd64"
DOWNLOAD_DEADLINE = 300


def kernel() -> Path:
    """The kernel's image, from the cache once it was downloaded."""
    image = cache() / "linux-cloud/vmlinuz"
    if image.exists():
        return image
    image.parent.mkdir(parents=True, exist_ok=True)
    package = versioned()
    print(f"e2e: downloading {package}", flush=True)
    with tempfile.TemporaryDirectory(dir=image.parent) as work:
        run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], work)
        package_file = next(Path(work).glob("*.deb"))
        run(
            [
                "sh",
                "-c",
                'dpkg-deb --fsys-tarfile "$1" | tar --extract --wildcards "./boot/vmlinuz-*"',
                "sh",
                str(package_file),
            ],
            work,
        )
        next(Path(work).glob("boot/vmlinuz-*")).replace(image)
    return image


def versioned() -> str:
    """The package that the unversioned one stands for."""
    said = run(["apt-cache", "depends", PACKAGE], "/")
    found = re.search(r"Depends: (linux-image-\S+-cloud-amd64)", said)
    if not found:
        raise HarnessError(f"apt does not know {PACKAGE}; run apt-get update once")
    return found[1]


def run(command: list[str], folder: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DOWNLOAD_DEADLINE, check=False)
    if done.returncode != 0:
        raise HarnessError(f"{' '.join(command[:5])}: {done.stderr.strip()}")
    return done.stdout
