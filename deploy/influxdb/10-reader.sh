#!/bin/sh
# The database `lanewise` for InfluxQL, and the user `grafana` who may only read it. Runs at the first start of InfluxDB 2,
# and again whenever something of it is gone, as after the bucket was deleted and made anew:
#     docker compose exec influxdb sh /docker-entrypoint-initdb.d/10-reader.sh
set -eu
org=$DOCKER_INFLUXDB_INIT_ORG
name=$DOCKER_INFLUXDB_INIT_BUCKET
id() { # the first column of a list that the client prints: 16 hexadecimal digits
    sed -n 's/^\([0-9a-f]\{16\}\)[[:space:]].*/\1/p'
}

bucket=$(influx bucket list --org "$org" --name "$name" --hide-headers | id)
[ -n "$bucket" ] || { echo "no bucket $name in $org: influx bucket create --org $org --name $name --retention 30d" >&2; exit 1; }

# A mapping belongs to a bucket's id, not to its name. The list has mappings that InfluxDB makes up, too: those stay.
for mapping in $(influx v1 dbrp list --org "$org" --db "$name" --hide-headers | id); do
    influx v1 dbrp delete --org "$org" --id "$mapping" >/dev/null 2>&1 || true
done
influx v1 dbrp create --org "$org" --bucket-id "$bucket" --db "$name" --rp autogen --default

# So does a permission; a user who is there cannot be made again.
for user in $(influx v1 auth list --org "$org" --username grafana --hide-headers | id); do
    influx v1 auth delete --id "$user"
done
influx v1 auth create --org "$org" --read-bucket "$bucket" --username grafana --password "$(cat "${READER_PASSWORD:-/run/secrets/influx_reader}")"
