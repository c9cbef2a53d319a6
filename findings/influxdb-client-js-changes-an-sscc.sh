#!/usr/bin/env bash
# The number of a pallet that InfluxDB's JavaScript client writes as an integer is another one.
#
# Packages: @influxdata/influxdb-client@1.35.0 (npm)
# Guess: an SSCC has 18 digits and goes into the 64 bits of an integer field; who gives it as a text or BigInt gets every digit, since no other
#   way would be left. intField says that it raises where a number is out of range of int64.
# Behaviour: whatever is given becomes a double and is written from that: an SSCC is rounded to a number of sixteen digits and zeros, letters
#   behind digits are left out, and the greatest int64 is refused. Its uintField takes the same text or BigInt exactly, and
#   refuses what is no number. Up to 9007199254740992, sixteen digits, nothing is seen.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages @influxdata/influxdb-client@1.35.0

cat >lines.cjs <<'JAVASCRIPT'
const { Point } = require("@influxdata/influxdb-client");

const line = (field, value) => {
  try {
    return new Point("pallet")[field]("sscc", value).timestamp("").toLineProtocol();
  } catch (error) {
    return error.message;
  }
};
for (const value of ["340123450000000186", 340123450000000186n, "9007199254740993", "9223372036854775807", "1200 kg"]) {
  console.log(`${typeof value} ${value}`);
  for (const field of ["intField", "uintField"]) console.log(`  ${field}: ${line(field, value)}`);
}
JAVASCRIPT
node lines.cjs >"$saw"

still_seen <<'SEEN'
string 340123450000000186
  intField: pallet sscc=340123450000000200i
  uintField: pallet sscc=340123450000000186u
bigint 340123450000000186
  intField: pallet sscc=340123450000000200i
  uintField: pallet sscc=340123450000000186u
string 9007199254740993
  intField: pallet sscc=9007199254740992i
  uintField: pallet sscc=9007199254740993u
string 9223372036854775807
  intField: invalid integer value for field 'sscc': '9223372036854775807'!
  uintField: pallet sscc=9223372036854775807u
string 1200 kg
  intField: pallet sscc=1200i
  uintField: uint value has an unsupported character at pos 4: 1200 kg
SEEN
