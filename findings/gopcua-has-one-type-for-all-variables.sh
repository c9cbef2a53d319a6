#!/usr/bin/env bash
# Every variable of a server of gopcua is of the same type, and a number of another size changes what it is.
#
# Packages: github.com/gopcua/opcua/server@v0.8.0 (Go), asyncua==2.1.0 (PyPI)
# Guess: the DataType of a variable that was made from an int16 is i=4, as a NodeId (OPC UA Part 3, 5.6.2), and an Int64 written
#   to it is BadTypeMismatch (Part 4, 5.11.4), as at a server of asyncua.
# Behaviour: Boolean, Int16, Float and String all say i=267, which is the class of variable nodes and no type of a value, and say it
#   as an ExpandedNodeId: who asks for the type before it reads or writes gets none. The Int64 is taken, and from then on the value
#   is an Int64 for everybody, so a PLC that reads an Int16 there gets something else after somebody's write.
# Seen: 2026-11-29, Debian 12, Go 1.26.8, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages asyncua==2.1.0

cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/server"
	"github.com/gopcua/opcua/ua"
)

func main() {
	log.SetOutput(io.Discard)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	plc := server.New(
		server.EnableSecurity("None", ua.MessageSecurityModeNone),
		server.EnableAuthMode(ua.UserTokenTypeAnonymous),
		server.EndPoint("127.0.0.1", port),
	)
	space := server.NewNodeNameSpace(plc, "urn:example:plc")
	for name, value := range map[string]any{"running": true, "speed": int16(7), "weight": float32(1.5), "order": "A-2044"} {
		space.Objects().AddRef(space.AddNewVariableStringNode(name, value), id.HasComponent, true)
	}
	if err := plc.Start(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println(port, space.ID())
	io.Copy(io.Discard, os.Stdin)
	plc.Close()
}
GO
go_packages github.com/gopcua/opcua/server@v0.8.0
coproc ./main
read -r -t 60 port index <&"${COPROC[0]}"

"$python" -I -W ignore - "$port" "$index" >"$saw" <<'PYTHON'
import asyncio
import logging
import sys

from asyncua import Client, Server, ua

logging.disable(logging.CRITICAL)
MADE_FROM = {
    "running": ua.Variant(True, ua.VariantType.Boolean),
    "speed": ua.Variant(7, ua.VariantType.Int16),
    "weight": ua.Variant(1.5, ua.VariantType.Float),
    "order": ua.Variant("A-2044", ua.VariantType.String),
}


async def told(by, port, index):
    async with Client(f"opc.tcp://127.0.0.1:{port}") as client:
        nodes = {name: client.get_node(f"ns={index};s={name}") for name in MADE_FROM}
        for name, node in nodes.items():
            value = (await node.read_data_value()).Value.VariantType.name
            told = (await node.read_attribute(ua.AttributeIds.DataType)).Value
            try:
                known = (await node.read_data_type_as_variant_type()).name
            except ua.UaError as refused:
                known = f"none: {refused}"
            print(f"{by}: {name} has {value}, says {told.Value.to_string()} as {told.VariantType.name}; asked for its type: {known}")
        try:
            await nodes["speed"].write_value(8, ua.VariantType.Int64)
            answer = "taken"
        except ua.UaStatusCodeError as refused:
            answer = type(refused).__name__
        print(f"{by}: an Int64 for speed: {answer}, its value is {(await nodes['speed'].read_data_value()).Value.VariantType.name}")


async def main():
    plc = Server()
    await plc.init()
    plc.set_endpoint("opc.tcp://127.0.0.1:0")
    index = await plc.register_namespace("urn:example:plc")
    for name, value in MADE_FROM.items():
        node = await plc.nodes.objects.add_variable(ua.NodeId(name, index), name, value)
        await node.set_writable()
    async with plc:
        await told("asyncua", plc.bserver._server.sockets[0].getsockname()[1], index)
    await told("gopcua", *sys.argv[1:])


asyncio.run(main())
PYTHON
kill "$COPROC_PID"

still_seen <<'SEEN'
asyncua: running has Boolean, says i=1 as NodeId; asked for its type: Boolean
asyncua: speed has Int16, says i=4 as NodeId; asked for its type: Int16
asyncua: weight has Float, says i=10 as NodeId; asked for its type: Float
asyncua: order has String, says i=12 as NodeId; asked for its type: String
asyncua: an Int64 for speed: BadTypeMismatch, its value is Int16
gopcua: running has Boolean, says i=267 as ExpandedNodeId; asked for its type: none: Datatype must be a subtype of builtin types i=267
gopcua: speed has Int16, says i=267 as ExpandedNodeId; asked for its type: none: Datatype must be a subtype of builtin types i=267
gopcua: weight has Float, says i=267 as ExpandedNodeId; asked for its type: none: Datatype must be a subtype of builtin types i=267
gopcua: order has String, says i=267 as ExpandedNodeId; asked for its type: none: Datatype must be a subtype of builtin types i=267
gopcua: an Int64 for speed: taken, its value is Int64
SEEN
