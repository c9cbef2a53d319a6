"""A whole site on which everything goes wrong that a seed draws, and books that must balance; run ``python -m chaos``.

The floor is `lanewise sim`, whose truth nobody else knows. Between it and the site's own processes, and between these
and database, broker and InfluxDB, stand links that cut, stall and delay (`chaos/links.py`); each process of ours has a
disk and a clock that fail on command (`chaos/hard.c`). What can go wrong stands in `chaos/faults.py`, what must hold
afterwards in `chaos/books.py`.
"""
