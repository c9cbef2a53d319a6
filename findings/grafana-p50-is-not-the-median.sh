#!/usr/bin/env bash
# Of the same values Grafana's "50th percentile" and "Median" are different.
#
# Packages: @grafana/data@13.2.3 (npm)
# Guess: the 50th percentile is the median, or of two in the middle the lower one (nearest rank, as InfluxQL's percentile gives 2
#   for 1, 2, 3, 4), and the 90th of ten values is the ninth.
# Behaviour: the place is rounded among n - 1 steps, half of one up. Of an even number of values p50 is the upper of the two in the
#   middle, so of two parcels, 2 s and 90 s, the middle is 46 s and half of all took up to 90 s; p90 of six is the highest, of ten
#   the ninth.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages @grafana/data@13.2.3

cat >reduce.cjs <<'JAVASCRIPT'
const { FieldType, reduceField } = require("@grafana/data");

for (const values of [[1, 2, 3, 4], [2, 90], [1, 2, 3], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]) {
  const { median, p50, p90 } = reduceField({ field: { name: "seconds", type: FieldType.number, config: {}, values }, reducers: ["median", "p50", "p90"] });
  console.log(`${values}: median ${median}, p50 ${p50}, p90 ${p90}`);
}
JAVASCRIPT
node reduce.cjs >"$saw"

still_seen <<'SEEN'
1,2,3,4: median 2.5, p50 3, p90 4
2,90: median 46, p50 90, p90 90
1,2,3: median 2, p50 2, p90 3
1,2,3,4,5,6: median 3.5, p50 4, p90 6
1,2,3,4,5,6,7,8,9,10: median 5.5, p50 6, p90 9
SEEN
