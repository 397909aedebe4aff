"""A QUIC stack of other people (aioquic) against a running server: what it may do works, what it must not do costs its own connection only.

    python quic_peer.py HOST:PORT

Each case runs on a connection of its own and is followed by a request on a fresh one. Frames that the library would not send are written into its packets. Prints a line for
each case; the exit code is 1 if one fails. Error codes are those of RFC 9000, section 20.1.
"""

import asyncio
import os
import ssl
import sys
import time
from contextlib import asynccontextmanager

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.buffer import encode_uint_var as varint
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicPacketType
from aioquic.quic.packet_builder import QuicPacketBuilderStop
from aioquic.tls import Epoch

CLASSIC_PING = bytes([4, 0, 0, 0, 1, 0, 0, 0])
CLASSIC_OK = bytes(8)
NO_APPLICATION_PROTOCOL = 0x178
FLOW_CONTROL, STREAM_LIMIT, STREAM_STATE, FINAL_SIZE, FRAME_ENCODING = 0x3, 0x4, 0x5, 0x6, 0x7
CONNECTION_ID_LIMIT, PROTOCOL_VIOLATION, CRYPTO_BUFFER_EXCEEDED = 0x9, 0xA, 0xD
SERVER_PROTOCOL_VIOLATION = 0x1004
STOP_SENDING, CRYPTO, STREAM, STREAM_OFFSET, STREAM_LENGTH, STREAM_FIN = 0x05, 0x06, 0x08, 0x04, 0x02, 0x01
RESET_STREAM, MAX_DATA, NEW_CONNECTION_ID, RETIRE_CONNECTION_ID, PATH_CHALLENGE, ACK, HANDSHAKE_DONE = 0x04, 0x10, 0x18, 0x19, 0x1A, 0x02, 0x1E

_write_application = QuicConnection._write_application


def write_application(self, builder, network_path, now):
    """Puts the frames that a case has queued into packets of their own, as many as may be under way."""
    queued = getattr(self, "queued_frames", [])
    try:
        while queued and self._cryptos[Epoch.ONE_RTT].send.is_valid():
            kind, body = queued[0]
            builder.start_packet(QuicPacketType.ONE_RTT, self._cryptos[Epoch.ONE_RTT])
            builder.start_frame(kind, capacity=len(body) + 1).push_bytes(body)
            queued.pop(0)
    except QuicPacketBuilderStop:
        pass
    _write_application(self, builder, network_path, now)


QuicConnection._write_application = write_application


class Peer(QuicConnectionProtocol):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.terminated = asyncio.get_running_loop().create_future()
        self.replies = {}

    def quic_event_received(self, event):
        if isinstance(event, events.ConnectionTerminated) and not self.terminated.done():
            self.terminated.set_result(event.error_code)
        elif isinstance(event, events.StreamDataReceived):
            reply, done = self.replies.setdefault(event.stream_id, (bytearray(), asyncio.Event()))
            reply.extend(event.data)
            if event.end_stream:
                done.set()

    async def exchange(self, request: bytes) -> bytes:
        stream = self._quic.get_next_available_stream_id()
        reply, done = self.replies.setdefault(stream, (bytearray(), asyncio.Event()))
        self._quic.send_stream_data(stream, request, end_stream=True)
        self.transmit()
        await asyncio.wait_for(done.wait(), 5)
        return bytes(reply)

    def inject(self, *frames):
        """Queues frames (kind, body) and sends what may be sent."""
        self._quic.queued_frames = getattr(self._quic, "queued_frames", []) + list(frames)
        self.transmit()

    async def pump(self, seconds: float):
        """Sends on until all queued frames have left, the connection is over, or the time is up."""
        until = time.monotonic() + seconds
        while self._quic.queued_frames and not self.terminated.done() and time.monotonic() < until:
            self.transmit()
            await asyncio.sleep(0.002)

    async def ended_with(self, *codes: int):
        code = await asyncio.wait_for(self.terminated, 10)
        assert code in codes, f"ended with 0x{code:x} instead of {[hex(one) for one in codes]}"


@asynccontextmanager
async def peer(alpn=("iggy",), **named):
    tickets = named.pop("session_ticket_handler", None)
    wait = named.pop("wait_connected", True)
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=list(alpn) or None, verify_mode=ssl.CERT_NONE, server_name="localhost", **named
    )
    async with connect(
        *ADDRESS, configuration=configuration, create_protocol=Peer, session_ticket_handler=tickets, wait_connected=wait
    ) as protocol:
        yield protocol


async def serves():
    async with peer() as fresh:
        assert await fresh.exchange(CLASSIC_PING) == CLASSIC_OK


# What a client may do.


async def both_application_protocols_are_spoken():
    for alpn in ("iggy", "quic"):
        async with peer([alpn]) as client:
            assert await client.exchange(CLASSIC_PING) == CLASSIC_OK


async def a_hundred_requests_at_once_are_answered():
    async with peer() as client:
        assert await asyncio.gather(*(client.exchange(CLASSIC_PING) for _ in range(100))) == [CLASSIC_OK] * 100


async def keys_are_updated():
    async with peer() as client:
        for _ in range(3):
            assert await client.exchange(CLASSIC_PING) == CLASSIC_OK
            client.request_key_update()
            await client.ping()
        assert await client.exchange(CLASSIC_PING) == CLASSIC_OK


async def a_session_is_resumed_and_early_data_is_not_taken():
    tickets = []
    async with peer(session_ticket_handler=tickets.append) as client:
        assert await client.exchange(CLASSIC_PING) == CLASSIC_OK
    assert tickets and not tickets[0].max_early_data_size
    async with peer(session_ticket=tickets[0]) as client:
        assert client._quic.tls.session_resumed
        assert await client.exchange(CLASSIC_PING) == CLASSIC_OK


async def another_version_is_negotiated():
    async with peer(supported_versions=[0x6B3343CF, 1], original_version=0x6B3343CF) as client:
        assert await client.exchange(CLASSIC_PING) == CLASSIC_OK


# What it must not do.


async def other_application_protocols_are_refused():
    for alpn in ([], ["h3"]):
        try:
            async with peer(alpn):
                raise AssertionError("it was served")
        except ConnectionError:
            pass


async def a_stream_of_the_server_cannot_be_written():
    async with peer() as client:
        client.inject((STREAM | STREAM_LENGTH, varint(1) + varint(4) + b"data"))
        await client.ended_with(STREAM_STATE, STREAM_LIMIT)


async def unidirectional_streams_are_not_taken():
    async with peer() as client:
        client.inject((STREAM | STREAM_LENGTH, varint(2) + varint(4) + b"data"))
        await client.ended_with(STREAM_LIMIT, SERVER_PROTOCOL_VIOLATION)


async def streams_above_the_limit_are_not_taken():
    async with peer() as client:
        client.inject((STREAM | STREAM_LENGTH, varint(4 * 100_000) + varint(4) + b"data"))
        await client.ended_with(STREAM_LIMIT)


async def data_above_the_window_is_not_taken():
    async with peer() as client:
        client.inject((STREAM | STREAM_OFFSET | STREAM_LENGTH, varint(0) + varint(1 << 40) + varint(4) + b"data"))
        await client.ended_with(FLOW_CONTROL)


async def a_stream_has_one_end():
    async with peer() as client:
        client.inject(
            (STREAM | STREAM_OFFSET | STREAM_LENGTH | STREAM_FIN, varint(0) + varint(100) + varint(4) + b"data"),
            (RESET_STREAM, varint(0) + varint(0) + varint(7)),
        )
        await client.ended_with(FINAL_SIZE)


async def a_thousand_holes_in_a_stream_are_no_burden():
    """One byte in two, so that nothing can be delivered."""
    async with peer() as client:
        client.inject(*((STREAM | STREAM_OFFSET | STREAM_LENGTH, varint(0) + varint(2 * at + 1) + varint(1) + b"x") for at in range(20_000)))
        await client.pump(5)
        await serves()


async def a_frame_of_no_kind_ends_the_connection():
    async with peer() as client:
        client.inject((0x3F, b"what"))
        await client.ended_with(FRAME_ENCODING, PROTOCOL_VIOLATION)


async def frames_of_servers_end_the_connection():
    async with peer() as client:
        client.inject((HANDSHAKE_DONE, b""))
        await client.ended_with(PROTOCOL_VIOLATION, FRAME_ENCODING)


async def an_acknowledgement_of_what_was_never_sent_is_no_burden():
    async with peer() as client:
        client.inject(*((ACK, varint(1 << 30) + varint(0) + varint(0) + varint(1 << 29)) for _ in range(100)))
        await client.pump(5)
        await serves()


async def a_flood_of_handshake_bytes_ends_the_connection():
    """CRYPTO frames after the handshake, with a hole before them, so that they would have to be kept (CVE-2024-1765)."""
    async with peer() as client:
        client.inject(*((CRYPTO, varint(1_000_000 + 1000 * at) + varint(1000) + bytes(1000)) for at in range(2_000)))
        await client.pump(20)
        await client.ended_with(CRYPTO_BUFFER_EXCEEDED, SERVER_PROTOCOL_VIOLATION)


async def a_flood_of_connection_ids_is_no_burden():
    """Each retires all before it, so that each wants an answer (CVE-2024-1410). The answers go to ids that this client does not listen to, so it does not see its end."""
    async with peer() as client:
        client.inject(
            *((NEW_CONNECTION_ID, varint(at) + varint(at) + bytes([8]) + os.urandom(24)) for at in range(2, 20_000))
        )
        await client.pump(20)
        await serves()


async def more_connection_ids_than_allowed_end_the_connection():
    async with peer() as client:
        client.inject(*((NEW_CONNECTION_ID, varint(at) + varint(0) + bytes([8]) + os.urandom(24)) for at in range(2, 20)))
        await client.ended_with(CONNECTION_ID_LIMIT, PROTOCOL_VIOLATION)


async def an_id_that_was_never_given_cannot_be_retired():
    async with peer() as client:
        client.inject((RETIRE_CONNECTION_ID, varint(1000)))
        await client.ended_with(PROTOCOL_VIOLATION)


async def a_flood_of_path_challenges_is_no_burden():
    """CVE-2023-6193: answers that are queued without bound."""
    async with peer() as client:
        client.inject(*((PATH_CHALLENGE, os.urandom(8)) for _ in range(5_000)))
        await client.pump(10)
        await serves()


async def a_flood_of_windows_is_no_burden():
    async with peer() as client:
        client.inject(*((MAX_DATA, varint(1 << 20)) for _ in range(5_000)))
        await client.pump(10)
        await serves()


async def streams_that_are_opened_and_stopped_are_no_burden():
    async with peer() as client:
        for at in range(200):
            client.inject(
                (STREAM | STREAM_LENGTH, varint(4 * at) + varint(4) + CLASSIC_PING[:4]),
                (STOP_SENDING, varint(4 * at) + varint(0)),
                (RESET_STREAM, varint(4 * at) + varint(0) + varint(4)),
            )
        await client.pump(5)
        await serves()


async def a_client_that_moves_loses_its_connection_only():
    """Migration is off: datagrams from another address are dropped."""
    async with peer() as client:
        assert await client.exchange(CLASSIC_PING) == CLASSIC_OK
        loop = asyncio.get_running_loop()
        moved, _ = await loop.create_datagram_endpoint(lambda: client, local_addr=("::", 0))
        try:
            await asyncio.wait_for(client.exchange(CLASSIC_PING), 1)
            raise AssertionError("it was served at its new address")
        except asyncio.TimeoutError:
            pass
        finally:
            moved.close()


CASES = [
    both_application_protocols_are_spoken,
    a_hundred_requests_at_once_are_answered,
    keys_are_updated,
    a_session_is_resumed_and_early_data_is_not_taken,
    another_version_is_negotiated,
    other_application_protocols_are_refused,
    a_stream_of_the_server_cannot_be_written,
    unidirectional_streams_are_not_taken,
    streams_above_the_limit_are_not_taken,
    data_above_the_window_is_not_taken,
    a_stream_has_one_end,
    a_thousand_holes_in_a_stream_are_no_burden,
    a_frame_of_no_kind_ends_the_connection,
    frames_of_servers_end_the_connection,
    an_acknowledgement_of_what_was_never_sent_is_no_burden,
    a_flood_of_handshake_bytes_ends_the_connection,
    a_flood_of_connection_ids_is_no_burden,
    more_connection_ids_than_allowed_end_the_connection,
    an_id_that_was_never_given_cannot_be_retired,
    a_flood_of_path_challenges_is_no_burden,
    a_flood_of_windows_is_no_burden,
    streams_that_are_opened_and_stopped_are_no_burden,
    a_client_that_moves_loses_its_connection_only,
]


async def main() -> int:
    failed = 0
    for case in CASES:
        name = case.__name__.replace("_", " ")
        try:
            await asyncio.wait_for(case(), 60)
            await asyncio.wait_for(serves(), 10)
            print(f"ok   {name}", flush=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the case has failed
            failed += 1
            print(f"FAIL {name}: {error!r}", flush=True)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


host, _, port = sys.argv[1].rpartition(":")
ADDRESS = (host, int(port))
sys.exit(asyncio.run(main()))
