"""Lanewise: the edge controller of automated fulfilment lines.

    floor            rfid/  Reads ────┐                         ┌── Route ───► plc/ ──► divert
    (readers, PLC)   plc/   PlcEvent ─┼─► edge/core  Core.step ─┤
                                      │   pure: no I/O,         └── events ──► edge/journal ──► acknowledge to the PLC
    site store ──── order feed ───────┘   no clock                                │ (append-only SQLite, one writer)
        ▲                                                                         │
        └──────────────────────────────── projection ◄────────────────────────────┤
    api/  orders in, look-ups and the live page out ◄─────────────────────────────┘

Five sentences carry it. Decisions are pure: time comes in with each input, so the journal derives every decision again.
Commands never wait for the disk; acknowledgements always do. The journal is the only door outward. Every file has one
writer. The PLC owns safety and the safe default.

Read these in order, about 1,100 lines, with edge/core/events.py beside them as the dictionary of every value:

    1. edge/core/core.py      one entrance to all decisions: routes inputs, merges deadlines
    2. edge/core/portal/passage.py   which tags belong to which parcel or tote
    3. edge/core/line/decide.py    from a passage's evidence to a verdict and a route
    4. edge/controller/controller.py        sockets -> step -> PLC writes -> journal -> acknowledgements

From there: verify.py and sort.py hold the rules of totes and lanes, journey.py a track's life, replay.py the proof;
plc/mailbox.py is the host's half of the contract with a PLC (docs/plc-mailbox.md), rfid/llrp/session.py the client's
half of LLRP.
"""
