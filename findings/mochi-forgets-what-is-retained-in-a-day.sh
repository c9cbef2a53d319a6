#!/usr/bin/env bash
# The broker mochi forgets each retained message after a day, although its publisher set no end, or speaks MQTT 3.1.1.
#
# Packages: github.com/mochi-mqtt/server/v2@v2.7.9 (Go), paho-mqtt==2.1.0 (PyPI)
# Guess: a message without an expiry interval does not expire (MQTT 5.0, 3.3.2.3.3), so what a line said of itself once, its
#   birth, its state, its configuration, is there for who subscribes next week.
# Behaviour: with mochi's own options it gets an expiry of 86400 s, which subscribers are told as if the publisher had said so,
#   and it is dropped then, as is what waits for a session that is away. With the day set to 2 s one sees it go.
# Seen: 2026-11-29, Debian 12, Go 1.26.8, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages paho-mqtt==2.1.0

cat >main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func serve(longest int64) {
	options := &mqtt.Options{Capabilities: mqtt.NewDefaultServerCapabilities(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if longest > 0 {
		options.Capabilities.MaximumMessageExpiryInterval = longest
	}
	broker := mqtt.New(options)
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		err = broker.AddHook(new(auth.AllowHook), nil)
	}
	if err == nil {
		err = broker.AddListener(listeners.NewNet("tcp", socket))
	}
	if err == nil {
		err = broker.Serve()
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(socket.Addr().(*net.TCPAddr).Port)
}

func main() {
	serve(0)
	serve(2)
	io.Copy(io.Discard, os.Stdin)
}
GO
go_packages github.com/mochi-mqtt/server/v2@v2.7.9 github.com/mochi-mqtt/server/v2/hooks/auth@v2.7.9
coproc ./main
read -r -t 60 as_is <&"${COPROC[0]}"
read -r -t 60 shorter <&"${COPROC[0]}"

"$python" -I - "$as_is" "$shorter" >"$saw" <<'PYTHON'
import queue
import sys
import time

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5, MQTTv311


def connected(port, protocol):
    ready = queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2, protocol=protocol)
    client.on_connect = lambda *_: ready.put(None)
    client.connect("127.0.0.1", int(port))
    client.loop_start()
    ready.get(timeout=10)
    return client


def retained(port):
    told = queue.Queue()
    client = connected(port, MQTTv5)
    client.on_message = lambda _client, _data, message: told.put(message)
    client.subscribe("line/#", qos=1)
    time.sleep(1)
    while not told.empty():
        message = told.get()
        expiry = message.properties.MessageExpiryInterval
        yield f"{message.topic} expires in {'a day' if 86390 < expiry <= 86400 else 'seconds'}"


for port in sys.argv[1:]:
    for protocol, topic in ((MQTTv311, "line/3"), (MQTTv5, "line/4")):
        connected(port, protocol).publish(topic, "running", qos=1, retain=True).wait_for_publish()
    print(f"retained: {sorted(retained(port))}")
time.sleep(5)
print(f"retained after the 2 s: {sorted(retained(port))}")
PYTHON
echo >&"${COPROC[1]}"
kill "$COPROC_PID"

still_seen <<'SEEN'
retained: ['line/3 expires in a day', 'line/4 expires in a day']
retained: ['line/3 expires in seconds', 'line/4 expires in seconds']
retained after the 2 s: []
SEEN
