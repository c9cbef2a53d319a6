#!/usr/bin/env bash
# A load of 1234567.0 kg is 1234570 kg in the line that influx-line-protocol writes.
#
# Packages: influx-line-protocol==0.1.5, line-protocol-parser==2.0.1, influxdb-client==1.50.0 (PyPI)
# Guess: a field without a suffix is a float of 64 bits (InfluxDB, line protocol reference), so a Python float is written with all
#   digits that it needs to be read as the same number again, as InfluxDB's own client does.
# Behaviour: it is written with six digits. A counted load, a place of a truck and a time of day in seconds are other numbers in the
#   database: the truck is up to 50 m away, the time up to 83 minutes. Whole numbers that are int keep all digits, so who
#   tries it out with those, or with a carton of 21.5 kg, sees nothing.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages influx-line-protocol==0.1.5 line-protocol-parser==2.0.1 influxdb-client==1.50.0

"$python" -I - >"$saw" <<'PYTHON'
from influx_line_protocol import Metric
from influxdb_client import Point
from line_protocol_parser import parse_line

for field, value in (
    ("carton_kg", 21.5), ("pallet_kg", 1234.567), ("shipped_kg", 1234567.0), ("longitude", 121.565418), ("taken_s", 1796040999.25),
    ("count", 1234567),
):
    metric = Metric("dock")
    metric.add_value(field, value)
    metric.with_timestamp(1796040000000000000)
    read = parse_line(str(metric))["fields"]
    print(value, "is written", str(metric).split()[1], "and read", read[field])
    print("  by influxdb-client", Point("dock").field(field, value).to_line_protocol().split()[1])
PYTHON

still_seen <<'SEEN'
21.5 is written carton_kg=21.5 and read 21.5
  by influxdb-client carton_kg=21.5
1234.567 is written pallet_kg=1234.57 and read 1234.57
  by influxdb-client pallet_kg=1234.567
1234567.0 is written shipped_kg=1.23457e+06 and read 1234570.0
  by influxdb-client shipped_kg=1234567
121.565418 is written longitude=121.565 and read 121.565
  by influxdb-client longitude=121.565418
1796040999.25 is written taken_s=1.79604e+09 and read 1796040000.0
  by influxdb-client taken_s=1796040999.25
1234567 is written count=1234567i and read 1234567
  by influxdb-client count=1234567i
SEEN
