"""Creates, sends and reads with the official Python package, whichever release is installed.

    python exchange.py ADDRESS create STREAM TOPIC
    python exchange.py ADDRESS send   STREAM TOPIC SEED COUNT
    python exchange.py ADDRESS read   STREAM TOPIC FIRST_OFFSET SEED COUNT [headers|plain]

ADDRESS is host:port for TCP, or a connection string with user and password.

Messages are derived from the seed, so that another process, with the other release, can compare every byte. Release 0.9 sends and compares user
headers too; 0.8 has no such call.
"""

import asyncio
import hashlib
import os
import sys

import apache_iggy as iggy

HAS_HEADERS = hasattr(iggy, "UserHeaders")
BATCH = 500


def payload(seed: str, index: int) -> bytes:
    block = hashlib.sha256(f"{seed}/{index}".encode()).digest()
    return (block * 8)[: 1 + index % 256]


def headers(seed: str, index: int) -> dict:
    return {"seed": seed, "index": str(index)}


def message(seed: str, index: int):
    if HAS_HEADERS:
        return iggy.SendMessage(payload(seed, index), user_headers=headers(seed, index))
    return iggy.SendMessage(payload(seed, index))


async def poll(client, stream: str, topic: str, offset: int, count: int):
    strategy = iggy.PollingStrategy.Offset(value=offset)
    if HAS_HEADERS:
        return await client.poll_messages(
            stream,
            topic,
            consumer=iggy.Consumer.Single(1),
            polling_strategy=strategy,
            count=count,
            auto_commit=False,
            partition_id=0,
        )
    return await client.poll_messages(stream, topic, 0, strategy, count, False)


async def main(address: str, action: str, stream: str, topic: str, *rest: str) -> None:
    if "://" in address:
        client = iggy.IggyClient.from_connection_string(address)
        await client.connect()
    else:
        client = iggy.IggyClient(address)
        await client.connect()
        await client.login_user("iggy", "iggy")
    if action == "create":
        await client.create_stream(stream)
        await client.create_topic(stream, topic, 1)
    elif action == "send":
        seed, count = rest[0], int(rest[1])
        for first in range(0, count, BATCH):
            batch = [message(seed, index) for index in range(first, min(first + BATCH, count))]
            await client.send_messages(stream, topic, 0, batch)
    elif action == "read":
        first, seed, count = int(rest[0]), rest[1], int(rest[2])
        with_headers = HAS_HEADERS and rest[3] == "headers"
        index = 0
        while index < count:
            polled = await poll(client, stream, topic, first + index, min(BATCH, count - index))
            assert polled, f"nothing at offset {first + index}"
            for one in polled:
                assert one.offset() == first + index, f"offset {one.offset()}, expected {first + index}"
                assert one.payload() == payload(seed, index), f"payload differs at offset {one.offset()}"
                if with_headers:
                    found = one.user_headers().to_scalar_dict()
                    assert found == headers(seed, index), f"headers differ at offset {one.offset()}: {found}"
                index += 1
        assert index == count
    else:
        raise SystemExit(f"unknown action {action}")
    print(f"{action} ok", flush=True)
    # The package's background threads can abort the interpreter while it shuts down.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
