#!/usr/bin/env bash
# A load of 1 t weighs 907 kg for convert-units.
#
# Packages: convert-units@2.3.4, mathjs@15.2.0, js-quantities@1.8.0 (npm), pint==0.25.3 (PyPI)
# Guess: t is the symbol of the tonne, 1000 kg (SI brochure, table 8), and a library that also knows short tons calls them
#   something else. So do the other three.
# Behaviour: t is the short ton of the United States, 907.184 kg; the tonne is "mt", which in SI would be a millitonne. A pallet
#   list in t comes out a tenth too light, and nothing is refused.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages pint==0.25.3
npm_packages convert-units@2.3.4 mathjs@15.2.0 js-quantities@1.8.0

node - >"$saw" <<'JAVASCRIPT'
const convert = require("convert-units");
const { unit } = require("mathjs");
const Quantity = require("js-quantities");

console.log("1 t in kg: convert-units", convert(1).from("t").to("kg"));
console.log("1 t in kg: mathjs", unit(1, "t").toNumber("kg"));
console.log("1 t in kg: js-quantities", Quantity("1 t").to("kg").scalar);
console.log("convert-units knows kg and", convert().from("kg").possibilities().join(", "));
JAVASCRIPT
"$python" -I - >>"$saw" <<'PYTHON'
import pint

print("1 t in kg: pint", pint.UnitRegistry()("1 t").to("kg").magnitude)
PYTHON

still_seen <<'SEEN'
1 t in kg: convert-units 907.184
1 t in kg: mathjs 1000
1 t in kg: js-quantities 1000
convert-units knows kg and mcg, mg, g, kg, mt, oz, lb, t
1 t in kg: pint 1000.0
SEEN
