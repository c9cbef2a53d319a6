"""What goes over the wire between a client and a broker, written down on its way.

Public names: Tap, packets, most_under_way.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from waiting import HANGS_S


class Tap:
    """A relay to a port that writes down what goes through, of the first connection."""

    def __init__(self, port: int) -> None:
        self.conversation: list[tuple[bool, bytes]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._to = port
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        broker = socket.create_connection(("127.0.0.1", self._to))
        back = threading.Thread(target=self._pump, args=(broker, client, False), daemon=True)
        back.start()
        self._pump(client, broker, True)
        back.join(HANGS_S)
        client.close()
        broker.close()

    def _pump(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:
        with suppress(OSError):
            while octets := source.recv(65_536):
                self.conversation.append((from_client, octets))
                target.sendall(octets)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._threads[0].join(HANGS_S)
        self._listener.close()


def packets(conversation: list[tuple[bool, bytes]]) -> list[tuple[bool, bytes]]:
    """The same, a packet each: tshark 4.0 calls a packet malformed whose length is cut by the end of a segment.

    Source: MQTT 5.0, 2.1.4 (remaining length) and 1.5.5 (variable byte integer).
    """
    rest = {True: b"", False: b""}
    whole = []
    for from_client, octets in conversation:
        rest[from_client] += octets
        while True:
            held = rest[from_client]
            ends = [at for at in range(1, min(5, len(held))) if held[at] < 0x80]
            if not ends:
                break
            size = sum((held[at] & 0x7F) << 7 * (at - 1) for at in range(1, ends[0] + 1)) + ends[0] + 1
            if len(held) < size:
                break
            whole.append((from_client, held[:size]))
            rest[from_client] = held[size:]
    assert not any(rest.values())
    return whole


def most_under_way(conversation: list[tuple[bool, bytes]]) -> int:
    """How many messages of QoS 1 of the client were not acknowledged at once, at most.

    Source: MQTT 5.0, 2.1.2 (3 = PUBLISH, 4 = PUBACK) and 3.3.1.2 (QoS).
    """
    flying = most = 0
    for from_client, packet in packets(conversation):
        if from_client and packet[0] >> 4 == 3 and packet[0] >> 1 & 3 == 1:
            flying += 1
            most = max(most, flying)
        elif not from_client and packet[0] >> 4 == 4:
            flying -= 1
    return most
