#!/usr/bin/env bash
# Two points of one series that lie nanoseconds apart are one in QuestDB once it overwrites what is sent twice.
#
# Packages: org.questdb:questdb@9.1.0 (Maven Central), a Java of 17 or newer, Maven
# Guess: a point written over /api/v2/write with precision=ns keeps its time, as in InfluxDB. So what makes a write that is sent
#   again harmless, DEDUP UPSERT KEYS of the time and all tags, leaves two points of different times alone.
# Behaviour: a table that QuestDB makes for line protocol has microseconds, although its own type TIMESTAMP_NS is there. Each
#   write is answered 204; of two points within a microsecond the first is gone. In a table made with TIMESTAMP_NS both are there.
# Seen: 2026-11-29, Debian 12, OpenJDK 17.0.15, Maven 3.8.7, Python 3.11.7

. "$(dirname "$0")/_tools"

mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -Dartifact=org.questdb:questdb:9.1.0 \
    -DoutputDirectory="$PWD" >maven.log 2>&1
mkdir -p root/conf
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >root/conf/server.conf <<CONF
http.bind.to=127.0.0.1:$port
http.min.enabled=false
pg.enabled=false
line.tcp.enabled=false
telemetry.enabled=false
CONF
java -Xmx256m -p questdb-9.1.0.jar -m io.questdb/io.questdb.ServerMain -d "$PWD/root" >questdb.log 2>&1 &
server=$!
trap 'kill "$server"; wait "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

python3 -I - "$port" >"$saw" <<'PYTHON'
import json
import sys
import time
import urllib.parse
import urllib.request

url = f"http://127.0.0.1:{sys.argv[1]}"


def asked(text):
    with urllib.request.urlopen(f"{url}/exec?{urllib.parse.urlencode({'query': text})}", timeout=60) as answer:
        return json.load(answer).get("dataset")


def written(table):
    lines = [f"{table},line=a parcel={one}i 1764000000000000{nanos}" for one, nanos in ((7, 100), (8, 200))]
    asked_for = f"{url}/api/v2/write?org=a&bucket=b&precision=ns"
    for line in lines:
        assert urllib.request.urlopen(asked_for, line.encode(), timeout=60).status == 204
    while asked("select name from wal_tables() where writerTxn != sequencerTxn"):
        time.sleep(0.1)
    return [parcel for (parcel,) in asked(f"select parcel from {table} order by timestamp")]


for _ in range(600):
    try:
        asked("select 1")
        break
    except OSError:
        time.sleep(0.1)
print("as QuestDB makes it:", written("plain"))
asked("alter table plain dedup enable upsert keys(timestamp, line)")
asked("truncate table plain")
print("and overwrites:", written("plain"))
keys = "timestamp(timestamp) partition by day wal dedup upsert keys(timestamp, line)"
asked(f"create table nanos (timestamp timestamp_ns, line symbol, parcel long) {keys}")
print("with TIMESTAMP_NS:", written("nanos"))
PYTHON
still_seen <<'SEEN'
as QuestDB makes it: [7, 8]
and overwrites: [8]
with TIMESTAMP_NS: [7, 8]
SEEN
