#!/usr/bin/env bash
# A tag that ends with a backslash is stored by InfluxDB with a space in its place.
#
# Packages: influxdb-client==1.50.0 (PyPI), influxdb=1.6.7~rc0-1+b13 (Debian 12)
# Guess: line protocol has no way to end a tag with a backslash, since it would take the comma behind it along; so the
#   client refuses such a value or leaves the tag out.
# Behaviour: the client writes a space behind the backslash. For the server backslash and space are one escaped space: of
#   E:\ is left "E: ". Nothing is refused, and who asks for the value that was written finds no point.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; asked over the server's Unix socket by curl

. "$(dirname "$0")/_tools"
pip_packages influxdb-client==1.50.0
deb_packages influxdb=1.6.7~rc0-1+b13

cat >influxd.conf <<CONF
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
dir = "$work/meta"
[data]
dir = "$work/data"
wal-dir = "$work/wal"
[http]
bind-address = "127.0.0.1:0"
unix-socket-enabled = true
bind-socket = "$work/influxd"
CONF
influxd -config influxd.conf >"$work/log" 2>&1 &
server=$!
influx() { curl --silent --show-error --unix-socket "$work/influxd" --get "http://influxd/query" --data-urlencode "q=$1"; }
until influx "CREATE DATABASE line" >"$work/created" 2>&1; do sleep 0.2; done

"$python" -I - >lines <<'PYTHON'
from influxdb_client import Point

for place in ("E:\\lane1", "E:\\"):
    print(Point("disk").tag("place", place).tag("site", "hall1").field("free", 1).time(1).to_line_protocol())
PYTHON

{
    cat lines
    curl --silent --show-error --unix-socket "$work/influxd" --data-binary @lines "http://influxd/write?db=line"
    influx 'SHOW TAG VALUES ON "line" FROM "disk" WITH KEY = "place"'
} >"$saw"
kill "$server"

still_seen <<'SEEN'
disk,place=E:\lane1,site=hall1 free=1i 1
disk,place=E:\ ,site=hall1 free=1i 1
{"results":[{"statement_id":0,"series":[{"name":"disk","columns":["key","value"],"values":[["place","E: "],["place","E:\\lane1"]]}]}]}
SEEN
