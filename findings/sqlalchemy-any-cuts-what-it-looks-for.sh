#!/usr/bin/env bash
# A value that is longer than its column is found in PostgreSQL by SQLAlchemy's ANY, as the row of another value.
#
# Packages: sqlalchemy==2.1.9, psycopg[binary]==3.3.9 (PyPI), postgresql-15=15.20-0+deb12u1 (Debian 12)
# Guess: a value that does not fit into String(5) equals none that does, whichever way it is asked: by =, IN or ANY.
# Behaviour: with psycopg SQLAlchemy casts what it binds. A single text is cast to VARCHAR without its length, an array to
#   VARCHAR(5)[], and an explicit cast of PostgreSQL cuts off in silence. So ANY finds "order" for "order-2", and whoever
#   looks up many keys at once takes one order for another.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages sqlalchemy==2.1.9 "psycopg[binary]==3.3.9"
deb_packages postgresql-15=15.20-0+deb12u1

programs=$work/deb/usr/lib/postgresql/15/bin
share=$work/deb/usr/share/postgresql/15
mkdir "$work/data"
as_other=()
if [ "$(id -u)" = 0 ]; then # which the server refuses to be
    chmod 755 "$work"
    chown nobody "$work/data"
    as_other=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
"${as_other[@]}" "$programs/initdb" -L "$share" --pgdata "$work/data/db" --username line --auth trust --no-sync >"$work/made" 2>&1
"${as_other[@]}" "$programs/postgres" -D "$work/data/db" -c listen_addresses= -c unix_socket_directories="$work/data" \
    >"$work/log" 2>&1 &
server=$!

"$python" -I - "$work/data" >"$saw" <<'PYTHON'
import sys
import time

import sqlalchemy as sa

engine = sa.create_engine(f"postgresql+psycopg://line@/postgres?host={sys.argv[1]}")
orders = sa.Table("orders", sa.MetaData(), sa.Column("id", sa.String(5), primary_key=True))
for _ in range(100):
    try:
        engine.connect().close()
        break
    except sa.exc.OperationalError:
        time.sleep(0.2)
column, asked = orders.c.id, "order-2"
with engine.begin() as db:
    orders.create(db)
    db.execute(orders.insert(), [{"id": "order"}])
    for name, same in (
        ("=", column == asked),
        ("IN", column.in_([asked])),
        ("ANY", column == sa.any_(sa.literal([asked], sa.ARRAY(column.type)))),
    ):
        print(name, db.execute(sa.select(column).where(same)).scalars().all(), same.compile(engine))
engine.dispose()
PYTHON
kill "$server"
wait "$server" || true

still_seen <<'SEEN'
= [] orders.id = %(id_1)s::VARCHAR
IN [] orders.id IN (__[POSTCOMPILE_id_1])
ANY ['order'] orders.id = ANY (%(param_1)s::VARCHAR(5)[])
SEEN
