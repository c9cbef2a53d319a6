"""What a WMS does with Lanewise, in twenty lines: an order, the same order with its parcel, and what became of it.

python wms.py http://127.0.0.1:8000
"""

from __future__ import annotations

import sys

from lanewise_client import LineOrder, ProblemError, Site

site = Site(sys.argv[1])
order: LineOrder = {
    "channel": "wms",
    "external": "2003",
    "carrier": "SF",
    "lines": [{"gtin": "09521141001035", "quantity": 1, "sku": "BOWL"}],
}
print("new:", site.put_line_orders([order]))
print("packed:", site.put_line_orders([{**order, "parcel": "(00)095211410000000038"}]))
print("known as:", site.line_order("wms-2003")["parcel"])
try:
    site.put_line_orders([{**order, "lines": [{"gtin": "09521141001036", "quantity": 1}]}])
except ProblemError as error:
    print("refused:", error.status, error.detail)
for event in site.events(after=0):
    print(event["sequence"].lstrip("0"), event["type"], event["subject"])
