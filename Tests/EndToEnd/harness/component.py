# SPDX-License-Identifier: Apache-2.0
"""One of the programs that a cluster consists of."""

import sys
from dataclasses import dataclass, field

from . import binaries


@dataclass(frozen=True)
class Component:
    name: str
    argv: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def server(name: str) -> str:
    """A program of Kubernetes."""
    return str(binaries.directory() / name)


def python(module: str, *arguments: str) -> list[str]:
    """A program of ours."""
    return [sys.executable, "-m", f"{__package__}.{module}", *arguments]
