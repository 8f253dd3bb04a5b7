# SPDX-License-Identifier: Apache-2.0
"""Carries the machine's loopback port to the API server, which listens in a network namespace of its own.

The listening socket was made outside and inherited; connections are made inside. TLS passes through untouched.
"""

import asyncio
import socket
import sys

CHUNK = 1 << 16
CONNECT_DEADLINE = 5


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.transport.abort()


async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    try:
        far_reader, far_writer = await asyncio.wait_for(
            asyncio.open_connection("127.0.0.1", port), timeout=CONNECT_DEADLINE
        )
    except (OSError, TimeoutError):
        # The API server is away: a reset is what a client would have seen from it.
        writer.transport.abort()
        return
    try:
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))
    finally:
        far_writer.close()
        writer.close()


async def main() -> None:
    # The loop itself holds its tasks only weakly.
    carried: set[asyncio.Task] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(connect(reader, writer, port))
        carried.add(task)
        task.add_done_callback(carried.discard)

    listener = socket.socket(fileno=int(sys.argv[1]))
    port = int(sys.argv[2])
    server = await asyncio.start_server(accept, sock=listener)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
