# SPDX-License-Identifier: Apache-2.0
"""Asks again and again while something else goes on, and tells afterwards what was answered."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class Answered(Generic[Value]):
    """When it was asked and when answered (of the monotonic clock), and the answer or what went wrong."""

    asked: float
    answered: float
    value: Value | None
    error: str | None = None


class Poller(Generic[Value]):
    def __init__(self, ask: Callable[[], Value], interval: float = 0.2):
        self.ask, self.interval = ask, interval
        self.answers: list[Answered[Value]] = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self) -> "Poller[Value]":
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self.thread.join()

    def run(self) -> None:
        while not self.ended.is_set():
            asked = time.monotonic()
            value, failure = None, None
            try:
                value = self.ask()
            except Exception as error:  # Whatever it is, there was no answer.
                failure = f"{type(error).__name__}: {error}"
            self.answers.append(Answered(asked, time.monotonic(), value, failure))
            self.ended.wait(max(0.0, asked + self.interval - time.monotonic()))

    @property
    def failures(self) -> list[Answered[Value]]:
        return [answer for answer in self.answers if answer.error]

    @property
    def values(self) -> list[Value]:
        return [answer.value for answer in self.answers if answer.value is not None]
