# SPDX-License-Identifier: Apache-2.0
"""An agent that can lie: says what it is told to in the push protocol, and prints what is answered.

python3 -m harness.pusher ADDRESS PORT SERVER-NAME CA-FILE <<<'{"node": …, "token": …, "pods": […], "seconds": …}'

Samples are sent, each second, when `pods` is given: a list of {"uid", "namespace", "pod", "container", "memory"} with
the memory in MiB; each seems to use half a core. `clock` sets the node's clock off, in seconds. `seconds` are counted
from the first answer. Printed are lines of JSON: {"welcome": true}, {"reject": CODE, "reason": TEXT},
{"resync": REASON}, {"closed": true} and, after `seconds`, {"end": true}.
"""

import json
import socket
import ssl
import struct
import sys
import time

ALPN = "metrics-push/1"
CONNECT_DEADLINE = 10
ANSWER_DEADLINE = 30
INTERVAL_MS = 1000
CODES = ("unspecified", "protocol", "unauthenticated", "wrong_node", "duplicate_node", "overloaded", "shutting_down")


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value) if value else b""


def signed(field: int, value: int) -> bytes:
    return number(field, zigzag(value))


def zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def data(field: int, value: bytes | str) -> bytes:
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value if value else b""


def packed(field: int, values: list[int]) -> bytes:
    return data(field, b"".join(varint(value) for value in values))


def frame(field: int, body: bytes) -> bytes:
    message = varint(field << 3 | 2) + varint(len(body)) + body
    return struct.pack(">I", len(message)) + message


def hello(said: dict) -> bytes:
    body = number(1, 1) + data(2, said["node"]) + data(3, "00000000-0000-4000-8000-000000000000") + data(4, "test")
    return frame(1, body + number(5, INTERVAL_MS) + data(6, said.get("token", "")))


def samples(said: dict, sequence: int, boot: int, passed: int) -> bytes:
    """The first is complete; each other one adds the use of the µs that have passed since the one before."""
    pods, first = said["pods"], sequence == 1
    now = int((time.time() + said.get("clock", 0)) * 1e6)
    used = passed // 2
    body = number(1, sequence) + number(2, int(first)) + number(3, boot)
    body += signed(4, now) + signed(6, used) + signed(7, 1 << 20 if first else 0)
    if first:
        for slot, pod in enumerate(pods):
            entry = number(1, slot) + data(2, pod["uid"]) + data(3, bytes([slot + 1] * 32)) + data(4, pod["namespace"])
            entry += data(5, pod["pod"]) + data(6, pod["container"])
            body += data(9, entry)
    body += packed(10, [used] * len(pods))
    body += packed(11, [zigzag(pod["memory"] << 10) if first else 0 for pod in pods])
    return frame(2, body + packed(12, [0] * len(pods)))


def fields(message: bytes) -> dict[int, int | bytes]:
    found: dict[int, int | bytes] = {}
    place = 0

    def read() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        key = read()
        if key & 7 == 0:
            found[key >> 3] = read()
        else:
            length = read()
            found[key >> 3] = message[place : place + length]
            place += length
    return found


def answer(message: bytes) -> dict:
    for kind, body in fields(message).items():
        assert isinstance(body, bytes)
        inner = fields(body)
        if kind == 1:
            return {"welcome": True}
        if kind == 2:
            return {"reject": CODES[int(inner.get(1, 0))], "reason": bytes(inner.get(2, b"")).decode()}
        if kind == 3:
            return {"resync": bytes(inner.get(1, b"")).decode()}
    return {"unknown": message.hex()}


def say(what: dict) -> None:
    print(json.dumps(what), flush=True)


def receive(connection: ssl.SSLSocket, buffer: bytearray, until: float, once: bool = False) -> bool:
    """Prints what is answered until then, or until a welcome; False when there will be no more, or no welcome came."""
    welcomed = False
    while (left := until - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            chunk = connection.recv(1 << 16)
        except TimeoutError:
            break
        except OSError:
            chunk = b""
        if not chunk:
            say({"closed": True})
            return False
        buffer += chunk
        while len(buffer) >= 4 and len(buffer) >= 4 + (size := struct.unpack(">I", buffer[:4])[0]):
            said = answer(bytes(buffer[4 : 4 + size]))
            say(said)
            del buffer[: 4 + size]
            welcomed = welcomed or "welcome" in said
        if once and welcomed:
            return True
    return not once


def main() -> None:
    address, port, name, authority = sys.argv[1:]
    said = json.load(sys.stdin)
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols([ALPN])
    raw = socket.create_connection((address, int(port)), timeout=CONNECT_DEADLINE)
    with context.wrap_socket(raw, server_hostname=name) as connection:
        connection.sendall(hello(said))
        buffer = bytearray()
        if not receive(connection, buffer, time.monotonic() + ANSWER_DEADLINE, once=True):
            return
        end = time.monotonic() + said.get("seconds", 1)
        sequence = last = 0
        while time.monotonic() < end:
            if not receive(connection, buffer, min(end, time.monotonic() + INTERVAL_MS / 1000)):
                return
            if "pods" in said:
                sequence += 1
                boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
                connection.sendall(samples(said, sequence, boot, boot - last if last else INTERVAL_MS * 1000))
                last = boot
        say({"end": True})


if __name__ == "__main__":
    main()
