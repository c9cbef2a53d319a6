#!/usr/bin/env bash
# A machine of packmlpy that runs has the number of one that is stopped, for all who know PackML's numbers.
#
# Packages: packmlpy==1.0.0 (PyPI), node-opcua-nodesets@2.185.0 (npm, which carries the OPC Foundation's files)
# Guess: a state of PackML has a number that is the same everywhere, StateCurrent of PackTags (ISA-TR88.00.02): 2 Stopped, 4 Idle, 6
#   Execute, 9 Aborted. A library that gives its states numbers gives them these.
# Behaviour: packmlpy counts from Idle, 0, on. None of the seventeen is right, and nearly all are another state's number: Execute is 2, which
#   is Stopped, and Stopped is 13, Suspending. Names and transitions are right. Take the names.
# Seen: 2026-11-30, Debian 12, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages packmlpy==1.0.0
npm_packages node-opcua-nodesets@2.185.0

"$python" -I - node_modules/node-opcua-nodesets/nodesets/Opc.Ua.PackML.NodeSet2.xml >"$saw" <<'PYTHON'
import asyncio
import sys
from xml.etree import ElementTree

from packmlpy.statemachine.StateMachineBuilder import StateMachineBuilder, StateNames

nodes = list(ElementTree.parse(sys.argv[1]).getroot())
names = {node.get("NodeId"): node.get("BrowseName") for node in nodes}
told = {}
for node in nodes:
    if node.get("BrowseName") == "StateNumber":
        (number,) = (value.text for value in node.iter("{http://opcfoundation.org/UA/2008/02/Types.xsd}UInt32"))
        told[names[node.get("ParentNodeId")].removeprefix("1:")] = int(number)
of_number = {number: name for name, number in told.items()}
for state in StateNames:
    taken_for = of_number.get(state.value, "nothing")
    print(f"{state.name}: {told[state.name]} in the NodeSet, {state.value} in packmlpy, which is {taken_for}")


async def main():
    machine = StateMachineBuilder().build()
    passed = [machine.state.value]
    machine.add_state_change_observer(lambda: passed.append(machine.state.value))
    await machine.start()
    print("an order:", ", ".join(f"{number} ({of_number.get(number, 'nothing')})" for number in passed))


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
Idle: 4 in the NodeSet, 0 in packmlpy, which is nothing
Starting: 3 in the NodeSet, 1 in packmlpy, which is Clearing
Execute: 6 in the NodeSet, 2 in packmlpy, which is Stopped
Holding: 10 in the NodeSet, 3 in packmlpy, which is Starting
Held: 11 in the NodeSet, 4 in packmlpy, which is Idle
Unholding: 12 in the NodeSet, 5 in packmlpy, which is Suspended
Suspending: 13 in the NodeSet, 6 in packmlpy, which is Execute
Suspended: 5 in the NodeSet, 7 in packmlpy, which is Stopping
Unsuspending: 14 in the NodeSet, 8 in packmlpy, which is Aborting
Completing: 16 in the NodeSet, 9 in packmlpy, which is Aborted
Complete: 17 in the NodeSet, 10 in packmlpy, which is Holding
Resetting: 15 in the NodeSet, 11 in packmlpy, which is Held
Stopping: 7 in the NodeSet, 12 in packmlpy, which is Unholding
Stopped: 2 in the NodeSet, 13 in packmlpy, which is Suspending
Aborting: 8 in the NodeSet, 14 in packmlpy, which is Unsuspending
Aborted: 9 in the NodeSet, 15 in packmlpy, which is Resetting
Clearing: 1 in the NodeSet, 16 in packmlpy, which is Completing
an order: 0 (nothing), 1 (Clearing), 2 (Stopped), 9 (Aborted), 10 (Holding)
SEEN
