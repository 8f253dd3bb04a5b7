# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, always with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import HarnessError

Value = TypeVar("Value")

# How often a condition is asked. Short next to anything that is waited for, long enough to cost nothing.
INTERVAL = 0.1


class Late(HarnessError):
    pass


def wait_until(condition: Callable[[], Value | None], deadline: float, what: str) -> Value:
    """Asks until the answer is truthy, and returns it. An exception counts as "not yet" and is told at the deadline."""
    end = time.monotonic() + deadline
    while True:
        try:
            value = condition()
            if value:
                return value
            last = f"last answer: {value!r}"
        except (OSError, ValueError, LookupError, HarnessError) as error:
            last = f"last error: {error}"
        if time.monotonic() >= end:
            raise Late(f"{what}: not within {deadline:g} s; {last}")
        time.sleep(INTERVAL)
