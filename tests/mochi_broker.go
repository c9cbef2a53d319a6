// A broker of MQTT 5 for tests, mochi-mqtt, that cuts the link for a packet above a limit which it does not announce.
// Arguments: port, largest packet in octets (0 = any), receive maximum. It ends with its standard input.
package main

import (
	"io"
	"log"
	"os"
	"strconv"

	"github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func number(at int) int {
	value, err := strconv.Atoi(os.Args[at])
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	capabilities := mqtt.NewDefaultServerCapabilities()
	capabilities.MaximumPacketSize = uint32(number(2))
	capabilities.ReceiveMaximum = uint16(number(3))
	broker := mqtt.New(&mqtt.Options{Capabilities: capabilities})
	if err := broker.AddHook(new(auth.AllowHook), nil); err != nil {
		log.Fatal(err)
	}
	listener := listeners.NewTCP(listeners.Config{ID: "tcp", Address: "127.0.0.1:" + os.Args[1]})
	if err := broker.AddListener(listener); err != nil {
		log.Fatal(err)
	}
	if err := broker.Serve(); err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}
