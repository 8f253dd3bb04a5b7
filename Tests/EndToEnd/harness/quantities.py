# SPDX-License-Identifier: Apache-2.0
"""Kubernetes' texts for amounts and times."""

from datetime import datetime

SUFFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
SUFFIXES |= {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9}


def amount(text: str) -> float:
    """Cores, or bytes."""
    digits = text.rstrip("".join(SUFFIXES))
    return float(digits) * SUFFIXES[text[len(digits) :]]


def seconds(text: str) -> float:
    """A duration as Go writes it: 1m2.5s."""
    total, number, unit = 0.0, "", ""
    for character in text + "0":
        if unit and (character.isdigit() or character == "."):
            total, number, unit = total + float(number) * UNITS[unit], "", ""
        if character.isdigit() or character == ".":
            number += character
        else:
            unit += character
    return total


def unix(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
