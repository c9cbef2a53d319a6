#!/usr/bin/env bash
# One message that is too long for the broker keeps paho-mqtt from ever sending another one.
#
# Packages: paho-mqtt==2.2.0 (PyPI), mosquitto=2.0.11-1.2+deb12u2 with its libdlt2 and libwrap0 (Debian 12)
# Guess: with MQTT 5 the broker names its Maximum Packet Size in CONNACK, and a client must not send more (MQTT 5.0,
#   3.2.2.3.6); so publish refuses such a message, or the message fails alone.
# Behaviour: paho has the size in the properties and sends the message all the same. The broker ends the connection, paho
#   makes a new one and begins with the same message: for ever. What was published behind it never comes.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; the two meet on a Unix socket

. "$(dirname "$0")/_tools"
pip_packages paho-mqtt==2.2.0
deb_packages mosquitto=2.0.11-1.2+deb12u2 libdlt2=2.18.8-6 libwrap0=7.6.q-32

cat >mosquitto.conf <<CONF
listener 0 $work/broker
allow_anonymous true
max_packet_size 2000
persistence false
user root
CONF
mosquitto -c mosquitto.conf 2>"$work/log" &
broker=$!
while [ ! -S "$work/broker" ]; do sleep 0.1; done

"$python" -I - "$work/broker" >"$saw" <<'PYTHON'
import queue
import sys

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5

said = queue.Queue()
client = Client(CallbackAPIVersion.VERSION2, client_id="line1", protocol=MQTTv5, transport="unix")
client.reconnect_delay_set(1, 1)
client.on_connect = lambda c, data, flags, code, its: said.put(f"connected, at most {its.MaximumPacketSize} octets")
client.on_disconnect = lambda c, data, flags, code, its: said.put("ended by the broker")
client.on_publish = lambda c, data, number, code, its: said.put(f"message {number}: {code}")
client.connect(sys.argv[1])
client.loop_start()
print(said.get(timeout=60))
messages = [client.publish("line1/events", payload, qos=1) for payload in (b"short", bytes(3000), b"short")]
for _ in range(8):
    print(said.get(timeout=60))
print("taken:", [message.is_published() for message in messages])
client.disconnect()
client.loop_stop()
PYTHON
kill "$broker"

still_seen <<'SEEN'
connected, at most 2000 octets
message 1: No matching subscribers
ended by the broker
connected, at most 2000 octets
ended by the broker
connected, at most 2000 octets
ended by the broker
connected, at most 2000 octets
ended by the broker
taken: [True, False, False]
SEEN
