#!/usr/bin/env bash
# A weight of 20000 g that a CANopen device sends behind two bits is 3616 g for canopen.
#
# Packages: canopen==2.4.1, python-can==4.6.1 (PyPI)
# Guess: a process data object holds what is mapped bit behind bit (CiA 301), so sixteen bits behind two status bits reach
#   into a third octet. A library that takes such a mapping reads all sixteen, or refuses the mapping.
# Behaviour: it looks only at as many octets as the value has for itself, from the one where it begins. What reaches into the next is
#   left out: the two highest bits are always 0. All is well up to 16383 g, so nobody sees it while a scale is tried out.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages canopen==2.4.1 python-can==4.6.1

"$python" -I - >"$saw" <<'PYTHON'
import threading

import can
import canopen
from canopen.objectdictionary import ODRecord, ODVariable, datatypes

mapped = (("Occupied", datatypes.BOOLEAN, 1), ("Stable", datatypes.BOOLEAN, 1), ("Grams", datatypes.UNSIGNED16, 16))
objects = canopen.ObjectDictionary()
for index, (name, datatype, _) in enumerate(mapped, start=0x2000):
    variable = ODVariable(name, index)
    variable.data_type = datatype
    objects.add_object(variable)
for index, name in ((0x1800, "How it is sent"), (0x1A00, "What it holds")):
    record = ODRecord(name, index)
    for sub in range(9):
        member = ODVariable(f"{name} {sub}", index, sub)
        member.data_type = datatypes.UNSIGNED32 if sub else datatypes.UNSIGNED8
        record.add_member(member)
    objects.add_object(record)

network = canopen.Network()
network.connect(interface="virtual", channel="line")
scale = canopen.RemoteNode(5, objects)
network.add_node(scale)
sent = scale.tpdo[1]
sent.cob_id = 0x185
for name, _, bits in mapped:
    sent.add_variable(name, length=bits)
sent.enabled = True
sent.subscribe()
came = threading.Event()
sent.add_callback(lambda _: came.set())

with can.Bus(interface="virtual", channel="line") as wire:
    for grams in (120, 16383, 16384, 20000, 65535):
        came.clear()
        octets = (grams << 2 | 0b11).to_bytes(3, "little")
        wire.send(can.Message(arbitration_id=0x185, data=octets, is_extended_id=False))
        assert came.wait(60)
        print(f"{grams} g, stable, in {octets.hex(' ')}: {sent['Grams'].raw} g, stable {sent['Stable'].raw}")
network.disconnect()
PYTHON

still_seen <<'SEEN'
120 g, stable, in e3 01 00: 120 g, stable True
16383 g, stable, in ff ff 00: 16383 g, stable True
16384 g, stable, in 03 00 01: 0 g, stable True
20000 g, stable, in 83 38 01: 3616 g, stable True
65535 g, stable, in ff ff 03: 16383 g, stable True
SEEN
