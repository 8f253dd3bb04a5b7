# SPDX-License-Identifier: Apache-2.0
"""Containers that come, go and are renamed, hundreds a second, and what may be said of them."""

import json
from dataclasses import dataclass
from pathlib import Path

from .images import static_program
from .programs import ROOT

SOURCE = ROOT / "Tests/Churn/churn.c"
# By it the containers that churn are told from those that stay.
NAMESPACE = "churn"


def program(folder: Path) -> Path:
    return static_program(SOURCE, folder / "churn")


@dataclass(frozen=True)
class Dump:
    """What `agent --dump -o json` printed."""

    node: dict
    containers: list[dict]

    @classmethod
    def parse(cls, text: str) -> "Dump":
        node, *rows = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return cls(node, [row for row in rows if row["kind"] != "pod"])


@dataclass(frozen=True)
class Life:
    cpu_nanoseconds: int
    born: float
    died: float


class Journal:
    """Every container that there was, by its inode; see churn.c."""

    def __init__(self, text: str):
        rows = [[int(word) for word in line.split()] for line in text.splitlines()]
        self.lives = {inode: Life(cpu, born / 1e9, died / 1e9) for inode, cpu, born, died in rows}

    def seen(self, dumps: list[Dump]) -> int:
        return len({row["inode"] for dump in dumps for row in dump.containers} & self.lives.keys())

    def impossible(self, dumps: list[Dump]) -> list[str]:
        """Figures that the container's counter cannot have had."""
        complaints: list[str] = []
        last: dict[int, int] = {}
        for dump in dumps:
            for row in dump.containers:
                life, cpu = self.lives.get(row["inode"]), row["cpu_nanoseconds"]
                if life is None or cpu is None:
                    continue
                if cpu > life.cpu_nanoseconds:
                    complaints.append(f"more than it ever used: {row}, {life}")
                if cpu < last.get(row["inode"], 0):
                    complaints.append(f"it went back: {row}")
                last[row["inode"]] = cpu
        return complaints


def done(text: str) -> dict[str, int]:
    """The numbers that it says at its end."""
    line = next(line for line in text.splitlines() if line.startswith("done: "))
    return {key: int(value) for key, value in (word.split("=") for word in line.split()[1:])}


def troubles(log: str) -> list[str]:
    return [line for line in log.splitlines() if "level=warning" in line or "level=error" in line]
