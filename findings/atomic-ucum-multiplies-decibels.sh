#!/usr/bin/env bash
# A noise of 85 dB at a packing station is a pressure of 3e36 Pa for @atomic-ehr/ucum.
#
# Packages: @atomic-ehr/ucum@0.2.5, @lhncbc/ucum-lhc@7.1.10 (npm)
# Guess: B[W] and B[SPL] are units of the UCUM, take metric prefixes, and 10 dB are 1 B (UCUM, 2.1.3 and tables 4 and 16): 30 dB[W] are 1000 W.
#   Its page says that it handles prefixes and logarithmic units.
# Behaviour: the prefix is taken to what comes out, not to what goes in: 30 dB[W] are a tenth of 30 B[W], 1e29 W, and 1000 W are 4 dB[W].
#   Without a prefix power is right. A pressure is half of what it is besides, since the 2 of B[SPL]'s 2e-5 Pa is left out.
#   Degrees with a prefix are right. ucum-lhc is right throughout.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages @atomic-ehr/ucum@0.2.5 @lhncbc/ucum-lhc@7.1.10

cat >levels.mjs <<'JAVASCRIPT'
import { ucum } from "@atomic-ehr/ucum";
import lhc from "@lhncbc/ucum-lhc";

const other = lhc.UcumLhcUtils.getInstance();
for (const [value, from, to] of [
  [30, "dB[W]", "W"], [3, "B[W]", "W"], [1000, "W", "dB[W]"], [85, "dB[SPL]", "Pa"], [8.5, "B[SPL]", "Pa"], [21500, "mCel", "Cel"],
]) {
  const short = (number) => Number(number.toPrecision(6));
  console.log(`${value} ${from}: ${short(ucum.convert(value, from, to))} ${to}, of ucum-lhc ${short(other.convertUnitTo(from, value, to).toVal)}`);
}
JAVASCRIPT
node levels.mjs >"$saw"

still_seen <<'SEEN'
30 dB[W]: 1e+29 W, of ucum-lhc 1000
3 B[W]: 1000 W, of ucum-lhc 1000
1000 W: 4 dB[W], of ucum-lhc 30
85 dB[SPL]: 3.16228e+36 Pa, of ucum-lhc 0.355656
8.5 B[SPL]: 0.177828 Pa, of ucum-lhc 0.355656
21500 mCel: 21.5 Cel, of ucum-lhc 21.5
SEEN
