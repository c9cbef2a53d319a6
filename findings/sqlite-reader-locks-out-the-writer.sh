#!/usr/bin/env bash
# Who opens a database of SQLite only to read it can keep its owner from writing it, where two users share it by a group.
#
# Packages: libsqlite3-0=3.40.1-2+deb12u2, python3.11=3.11.2-6+deb12u6 (Debian 12); needs root, to be two users
# Guess: with a common group, a folder that is the group's and umask 0007 all files are the group's to write, and mode=ro
#   writes nothing.
# Behaviour: SQLite makes a database with 0644 whatever the umask allows, so 0640 here, and the shared memory beside it
#   likewise. A reader that comes while nobody writes makes that memory, as its own; until it closes the owner of the
#   database may not write the memory, and is told that the database is read-only.
# Seen: 2026-11-29, Debian 12, Python 3.11.2

. "$(dirname "$0")/_tools"
[ "$(id -u)" = 0 ] || { echo "needs root, to be two users" >&2; exit 2; }

place=$(mktemp -d /tmp/finding-XXXXXX)
trap 'rm -rf "$place"' EXIT
chown root:60010 "$place" && chmod 2770 "$place"
as() { setpriv --reuid "$1" --regid 60010 --clear-groups sh -c 'umask 0007; exec /usr/bin/python3 -I -c "$1"' sh "$2"; }

{
    as 60001 "
import os, sqlite3
db = sqlite3.connect('$place/x.sqlite', isolation_level=None)
db.execute('PRAGMA journal_mode=WAL')
db.execute('CREATE TABLE t(a)')
db.close()
print('database', oct(os.stat('$place/x.sqlite').st_mode & 0o777))"
    as 60002 "
import sqlite3, subprocess, sys, os, time
db = sqlite3.connect('file:$place/x.sqlite?mode=ro', uri=True)
print('reader sees', db.execute('SELECT count(*) FROM t').fetchone()[0])
print('its memory', oct(os.stat('$place/x.sqlite-shm').st_mode & 0o777))
sys.stdout.flush()
open('$place/reads', 'w').close()
for _ in range(600):
    if os.path.exists('$place/over'): break
    time.sleep(0.05)" &
    for _ in $(seq 600); do [ -e "$place/reads" ] && break; sleep 0.05; done
    as 60001 "
import sqlite3
try:
    sqlite3.connect('$place/x.sqlite').execute('INSERT INTO t VALUES(1)')
except sqlite3.OperationalError as error:
    print('owner:', error)"
    touch "$place/over"
    wait
} >"$saw"

still_seen <<'SEEN'
database 0o640
reader sees 0
its memory 0o640
owner: attempt to write a readonly database
SEEN
