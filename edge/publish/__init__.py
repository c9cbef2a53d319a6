"""What leaves a controller's journal for other systems: one file per kind of publisher.

    journal ──► follow.py (cursor, batches, back-off, set aside) ──► a Publisher: influx.py, ...
                              measures.py: records -> points of schema.py ──┘

`lanewise publish LINE.toml` runs them in a process of its own.
A target that is down delays nobody and loses nothing.
"""
