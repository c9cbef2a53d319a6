#!/usr/bin/env bash
# The broker amqtt delivers with the QoS of the subscription, however the message was published.
#
# Packages: amqtt==0.12.1, paho-mqtt==2.1.0 (PyPI)
# Guess: it delivers with the lower of the QoS of the message and of the subscription (MQTT 3.1.1, 3.8.4): what was published
#   with 0 goes out with 0 and waits for no acknowledgement.
# Behaviour: always that of the subscription. Telemetry of QoS 0 for a host that subscribed to # with 2 takes four packets each
#   instead of one, and fills its receive window; a bridge or a log of what was published has another QoS than the publisher.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages amqtt==0.12.1 paho-mqtt==2.1.0

timeout 200 "$python" -I - >"$saw" <<'PYTHON'
import asyncio
import logging
import os
import queue
import socket
import sys

from amqtt.broker import Broker
from paho.mqtt.client import CallbackAPIVersion, Client

logging.disable(logging.CRITICAL)


def connected(port):
    ready = queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2)
    client.on_connect = client.on_subscribe = lambda *_: ready.put(None)
    client.connect("127.0.0.1", port)
    client.loop_start()
    ready.get(timeout=30)
    return client, ready


def work(port):
    publisher, _ = connected(port)
    for subscribed in (0, 1, 2):
        told = queue.Queue()
        host, ready = connected(port)
        host.on_message = lambda _client, _data, message, told=told: told.put(message.qos)
        host.subscribe("line/3", subscribed)
        ready.get(timeout=30)
        came = []
        for qos in (0, 1, 2):
            publisher.publish("line/3", b"", qos).wait_for_publish(30)
            came.append(told.get(timeout=30))
        print(f"subscribed with {subscribed}, published with 0, 1, 2: delivered with {came}")
        host.disconnect()


async def main():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    broker = Broker({"listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}, "plugins": plugins})
    await broker.start()
    await asyncio.wait_for(asyncio.to_thread(work, port), 120)
    sys.stdout.flush()
    os._exit(0)  # the broker waits for its clients


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
subscribed with 0, published with 0, 1, 2: delivered with [0, 0, 0]
subscribed with 1, published with 0, 1, 2: delivered with [1, 1, 1]
subscribed with 2, published with 0, 1, 2: delivered with [2, 2, 2]
SEEN
