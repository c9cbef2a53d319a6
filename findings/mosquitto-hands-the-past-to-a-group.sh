#!/usr/bin/env bash
# Every worker that joins a shared subscription of Debian's Mosquitto is handed the retained order, each time it joins.
#
# Packages: mosquitto=2.0.11-1.2+deb12u2, libdlt2=2.18.8-6, libwrap0=7.6.q-32 (Debian 12), paho-mqtt==2.1.0 (PyPI)
# Guess: retained messages are not sent to a shared subscription (MQTT 5.0, 4.8.2), which is there to share work out: one order,
#   one worker.
# Behaviour: whoever joins gets it, so three workers do one retained order three times, and a fourth time when one of them comes
#   back. What is published while they are there goes to one of them, as it should.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
deb_packages mosquitto=2.0.11-1.2+deb12u2 libdlt2=2.18.8-6 libwrap0=7.6.q-32
pip_packages paho-mqtt==2.1.0

port=$("$python" -I -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" >broker.conf
mosquitto -c broker.conf 2>/dev/null &
broker=$!
trap 'kill $broker; rm -rf "$work"' EXIT

"$python" -I - "$port" >"$saw" <<'PYTHON'
import queue
import sys
import time

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5

told = queue.Queue()


def connected(name):
    ready = queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
    client.on_connect = lambda *_: ready.put(None)
    client.on_subscribe = lambda *_: ready.put(None)
    client.on_message = lambda _client, _data, message: told.put((name, message.payload.decode(), message.retain))
    client.ready = ready
    for _ in range(100):
        try:
            client.connect("127.0.0.1", int(sys.argv[1]))
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    client.loop_start()
    ready.get(timeout=10)
    return client


def worker(name):
    client = connected(name)
    client.subscribe("$share/packers/order/#", qos=1)
    client.ready.get(timeout=10)
    return client


def said():
    time.sleep(1)
    while not told.empty():
        yield told.get()


office = connected("office")
office.publish("order/7", "pack order 7", qos=1, retain=True).wait_for_publish()
first = worker("first")
print("the first worker joins:", *said())
for name in ("second", "third"):
    worker(name)
    print(f"the {name} worker joins:", *said())
first.disconnect()
first.loop_stop()
worker("first")
print("the first worker comes back:", *said())
office.publish("order/8", "pack order 8", qos=1).wait_for_publish()
print("order 8, not retained, is told to", len(list(said())))
PYTHON

still_seen <<'SEEN'
the first worker joins: ('first', 'pack order 7', True)
the second worker joins: ('second', 'pack order 7', True)
the third worker joins: ('third', 'pack order 7', True)
the first worker comes back: ('first', 'pack order 7', True)
order 8, not retained, is told to 1
SEEN
