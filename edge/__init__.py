"""Lanewise: the edge controller of automated fulfilment lines.

    floor            rfid/  reads ───────┐                         ┌── Route, SetLane ──► plc/ ──► diverts
    (readers, PLCs)  plc/   PlcEvents ───┼─► edge/core  Core.step ─┼── SetOutput ──► lights at the docks
                                         │   portals, lines,       │
    site store ────── order feed ────────┘   docks, alarms:        └── events ──► edge/journal ──► acknowledged
        ▲                                    pure, no clock                      │  append-only SQLite, one writer
        │                                                                        │  followed, never asked to wait
        ├──────────────── edge/site  projection ◄────────────────────────────────┤
        │                 edge/views  what is now, the last hour, stories ◄──────┤
    api/  orders and wishes in, look-ups and live pages out ◄── views            │
                          edge/publish  InfluxDB, MQTT, Sparkplug ◄──────────────┤
                          edge/opcua  portals and lines as an OPC UA server ◄────┘

Five sentences carry it. Decisions are pure: time comes in with each input, so the journal derives every decision again.
Commands never wait for the disk; acknowledgements always do. The journal is the only door outward. Every file has one
writer. The PLC owns safety and the safe default.

The rooms, from the top; none imports one above it, and each has a door (pyproject.toml says which files):

    cli                                         the commands, by name
    commands  controller  opcua  site  print    what one command needs; lines; the server; orders and their feed; papers
    devices  sim  publish  views  intake        PLCs and readers; simulated ones; followers; folds; orders from outside
    config  journal                             LINE.toml and SITE.toml as values; records written and read
    orders                                      every decision of the order flow, from a shop's order to the tote
    core  metrics                               every decision of the floor; numbers for Prometheus

The order flow goes on moving in: its transactions into site, what comes from outside into intake, labels into
print, what goes to others as `edge/notify`. The controller imports none of these: a line never waits for the
site.

Read these in order, about 2191 lines, with edge/core/events.py beside them as the dictionary of every value:

    1. edge/core/core.py                824 lines  one entrance to all decisions: routes inputs, merges deadlines
    2. edge/core/portal/passage.py      621 lines  which tags belong to which parcel or tote
    3. edge/core/line/decide.py         297 lines  from a passage's evidence to a verdict and a route
    4. edge/controller/deciding.py      206 lines  one input -> step -> commands out -> journal; faults undone
    5. edge/controller/mailboxes.py     243 lines  PLCs: polls, commands, acknowledgements

From there: core/line/verify.py and sort.py hold the rules of totes and lanes, journey.py a track's life and
core/values/track.py its states, core/dock/gate.py what may leave through a door, core/alarms/alarms.py what needs
people, journal/replay.py the proof, journal/follower.py the one loop by which all others follow; plc/mailbox.py is the
host's half of the contract with a PLC (docs/plc-mailbox.md), rfid/llrp/session.py the client's half of LLRP.
"""
