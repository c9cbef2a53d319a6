#!/usr/bin/env bash
# The TLS client of pymodbus loses an answer that comes in two pieces; its TCP client puts them together.
#
# Packages: pymodbus==3.16.1 (PyPI)
# Guess: within TLS the frames are those of Modbus TCP, and TLS is a stream as TCP is: a PLC that writes header and data
#   by two calls is read by both clients.
# Behaviour: the TLS client takes whatever has come at once for one frame. Less than one is thrown away, the rest as well,
#   and the request ends as "no response" after its whole timeout, where the PLC had answered at once.
# Seen: 2026-11-29, Debian 12, Python 3.11.7, OpenSSL's command line for the certificate

. "$(dirname "$0")/_tools"
pip_packages pymodbus==3.16.1
openssl req -x509 -newkey rsa:2048 -nodes -keyout plc.key -out plc.crt -subj /CN=plc \
    -addext subjectAltName=IP:127.0.0.1 2>"$work/openssl.log"

"$python" -I - >"$saw" <<'PYTHON'
import asyncio
import logging
import ssl

from pymodbus.client import AsyncModbusTcpClient, AsyncModbusTlsClient
from pymodbus.exceptions import ModbusIOException

logging.disable(logging.CRITICAL)
ANSWER = bytes.fromhex("000100000007 01 03 04 0007 0008")


async def main():
    plc = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    plc.load_cert_chain("plc.crt", "plc.key")
    trust = ssl.create_default_context(cafile="plc.crt")
    for pieces in ([ANSWER], [ANSWER[:7], ANSWER[7:]]):

        async def answer(reader, writer):
            await reader.read(260)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.2)
            await reader.read()
            writer.close()

        for kind, context in ((AsyncModbusTcpClient, None), (AsyncModbusTlsClient, plc)):
            server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
            port = server.sockets[0].getsockname()[1]
            client = kind("127.0.0.1", port=port, timeout=3, retries=0, **({"sslctx": trust} if context else {}))
            await client.connect()
            try:
                read = (await client.read_holding_registers(0, count=2)).registers
            except ModbusIOException as error:
                read = error
            print(f"{kind.__name__}, {len(pieces)} piece(s): {read}")
            client.close()
            server.close()


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
AsyncModbusTcpClient, 1 piece(s): [7, 8]
AsyncModbusTlsClient, 1 piece(s): [7, 8]
AsyncModbusTcpClient, 2 piece(s): [7, 8]
AsyncModbusTlsClient, 2 piece(s): Modbus Error: [Input/Output] No response received after 0 retries, continue with next request
SEEN
