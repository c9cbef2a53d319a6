#!/usr/bin/env bash
# A load of 40 cubic feet is twelve centimetres long for ucumvert.
#
# Packages: ucumvert==0.3.2 (PyPI), @lhncbc/ucum-lhc@7.1.10 (npm)
# Guess: [cft_i] is UCUM's cubic foot, as [cin_i] is its cubic inch and [cyd_i] its cubic yard (table of international customary units), and ' and ''
#   are minute and second of an arc. The library takes all units from UCUM's own list, so each has its own measure.
# Behaviour: the cubic foot is a hundredth of a foot and the cubic yard of a yard, since the names are left to pint, which has a prefix c; the
#   cubic inch is right. Minutes and seconds of an arc are those of a clock. Nothing is refused until somebody asks for litres or degrees.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages ucumvert==0.3.2 pint==0.25.3
npm_packages @lhncbc/ucum-lhc@7.1.10

"$python" -I - >"$saw" <<'PYTHON'
from ucumvert import PintUcumRegistry

units = PintUcumRegistry()
for value, code in ((40, "[cin_i]"), (40, "[cft_i]"), (40, "[cyd_i]"), (40, "[sft_i]"), (30, "'"), (30, "''")):
    print(f"ucumvert: {value} {code} are {(value * units.from_ucum(code)).to_base_units():.6g~P}")
PYTHON
cat >loads.cjs <<'JAVASCRIPT'
const { UcumLhcUtils } = require("@lhncbc/ucum-lhc");

const units = UcumLhcUtils.getInstance();
for (const [value, code, to] of [[40, "[cft_i]", "m3"], [40, "[cyd_i]", "m3"], [30, "'", "deg"]]) {
  console.log(`ucum-lhc: ${value} ${code} are ${units.convertUnitTo(code, value, to).toVal.toPrecision(6)} ${to}`);
}
JAVASCRIPT
node loads.cjs >>"$saw"

still_seen <<'SEEN'
ucumvert: 40 [cin_i] are 0.000655483 m³
ucumvert: 40 [cft_i] are 0.12192 m
ucumvert: 40 [cyd_i] are 0.36576 m
ucumvert: 40 [sft_i] are 3.71612 m²
ucumvert: 30 ' are 1800 s
ucumvert: 30 '' are 30 s
ucum-lhc: 40 [cft_i] are 1.13267 m3
ucum-lhc: 40 [cyd_i] are 30.5822 m3
ucum-lhc: 30 ' are 0.500000 deg
SEEN
