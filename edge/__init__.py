"""Lanewise: the edge controller of automated fulfilment lines.

    floor            rfid/  Reads ────┐                         ┌── Route ───► plc/ ──► divert
    (readers, PLC)   plc/   PlcEvent ─┼─► edge/line  Core.step ─┤
                                      │   pure: no I/O,         └── events ──► edge/journal ──► acknowledge to the PLC
    site store ──── order feed ───────┘   no clock                                │ (append-only SQLite, one writer)
        ▲                                                                         │
        └──────────────────────────────── projection ◄────────────────────────────┤
    api/  orders in, look-ups and the live page out ◄─────────────────────────────┘

Five sentences carry it. Decisions are pure: time comes in with each input, so the journal derives every decision again.
Commands never wait for the disk; acknowledgements always do. The journal is the only door outward. Every file has one
writer. The PLC owns safety and the safe default.

A reader who takes these in order knows the system:

    1. edge/line/events.py    the values: what goes into a decision, what comes out
    2. edge/line/core.py      one entrance: routes inputs, merges deadlines
    3. edge/line/decide.py    from a passage's evidence to a verdict and a route
    4. edge/line/passage.py   which tags belong to which parcel or tote
    5. edge/runtime.py        sockets -> step -> PLC writes -> journal -> acknowledgements
    6. plc/mailbox.py         the host's half of the contract with a PLC (docs/plc-mailbox.md)

From there: verify.py and sort.py hold the rules of totes and lanes, journey.py a track's life, replay.py the proof.
"""
