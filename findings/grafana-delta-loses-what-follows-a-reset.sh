#!/usr/bin/env bash
# Grafana's "Delta" of a counter loses what was counted up to the second value after each restart.
#
# Packages: @grafana/data@13.2.3 (npm)
# Guess: the delta of 10, 20, 5, 8 is 13, all increases (a fall counts for nothing), or 18, as rate and increase of Prometheus and
#   non_negative_difference make it (the counter began again at 0). The panel says "Cumulative change in value".
# Behaviour: it is 10. The increase that follows a fall is left out too, so a counter that restarts each shift, or runs over at
#   65535, shows less than was counted, and one that falls at every second value stands at 0 however much it counts.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages @grafana/data@13.2.3

cat >reduce.cjs <<'JAVASCRIPT'
const { FieldType, fieldReducers, reduceField } = require("@grafana/data");

console.log(`${fieldReducers.get("delta").name}: ${fieldReducers.get("delta").description}`);
for (const [what, values] of [
  ["no restart", [10, 20, 25, 28]],
  ["one restart", [10, 20, 5, 8]],
  ["16 bits run over", [65530, 65535, 4, 10]],
  ["a restart after each value", [0, 900, 0, 900, 0, 900]],
  ["short shifts", [100, 40, 90, 30, 95]],
]) {
  const field = { name: "parcels", type: FieldType.number, config: {}, values };
  const up = values.slice(1).reduce((sum, value, before) => sum + Math.max(0, value - values[before]), 0);
  console.log(`${what}: ${values} - increases ${up}, delta ${reduceField({ field, reducers: ["delta"] }).delta}`);
}
JAVASCRIPT
node reduce.cjs >"$saw"

still_seen <<'SEEN'
Delta: Cumulative change in value
no restart: 10,20,25,28 - increases 18, delta 18
one restart: 10,20,5,8 - increases 13, delta 10
16 bits run over: 65530,65535,4,10 - increases 11, delta 5
a restart after each value: 0,900,0,900,0,900 - increases 2700, delta 900
short shifts: 100,40,90,30,95 - increases 115, delta 0
SEEN
