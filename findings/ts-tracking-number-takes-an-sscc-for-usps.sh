#!/usr/bin/env bash
# Every SSCC that a scanner reads with its 00 is a valid parcel of USPS for ts-tracking-number.
#
# Packages: ts-tracking-number==1.0.17 (npm), python-stdnum==2.2 (PyPI)
# Guess: 00 and eighteen digits are a licence plate of whoever packed it (GS1 General Specifications, 3.2), of no carrier that
#   the number could tell; a library that looks at check digits knows it from USPS's twenty digits for most of them.
# Behaviour: all are USPS, with a link to track them there. USPS's check digit has GS1's weights and the zeros before it add
#   nothing, so the check that should tell them apart says yes to each.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages python-stdnum==2.2
npm_packages ts-tracking-number@1.0.17

"$python" -I - >plates <<'PYTHON'
from stdnum import ean

for serial in range(1000):
    plate = f"{serial % 10}9520123{serial * 7919 % 10**9:09d}"
    print("00" + plate + ean.calc_check_digit(plate))
PYTHON

node - >"$saw" <<'JAVASCRIPT'
const { getTracking } = require("ts-tracking-number");
const plates = require("fs").readFileSync("plates", "utf8").trim().split("\n");
const told = plates.map((plate) => getTracking(plate)).filter(Boolean);
console.log(`${plates.length} licence plates, ${told.length} known: ${[...new Set(told.map(({ name, courier }) => `${name} of ${courier.name}`))]}`);
console.log("%s is tracked at %s", told[42].trackingNumber, new URL(told[42].trackingUrl).host);
JAVASCRIPT

still_seen <<'SEEN'
1000 licence plates, 1000 known: USPS 20 of United States Postal Service
00295201230003325986 is tracked at tools.usps.com
SEEN
