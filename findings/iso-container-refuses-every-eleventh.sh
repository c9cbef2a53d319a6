#!/usr/bin/env bash
# Every eleventh valid container number is none for iso-container.
#
# Packages: iso-container==1.1.0, python-stdnum==2.2 (PyPI), container-validator@1.1.0 (npm)
# Guess: where the sum of a container number leaves 10, its check digit is 0 (ISO 6346:1995, annex A). The standard advises against such
#   serials, but they were given out and are painted on containers; a validator takes them.
# Behaviour: the remainder is compared with the last digit as it is, and no digit is 10: all that are left at 10 are refused, without
#   another word. Of the numbers of one owner these are one in eleven, so a few tries with real numbers mostly go well.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages iso-container==1.1.0 python-stdnum==2.2
npm_packages container-validator@1.1.0

"$python" -I - >"$saw" <<'PYTHON'
from pathlib import Path

from iso_container import validate_container
from stdnum import iso6346

boxes = [f"CSQU{serial:06d}" for serial in range(305000, 306100)]
boxes = [box + iso6346.calc_check_digit(box) for box in boxes]
refused = [box for box in boxes if not validate_container(box)]
print(f"python-stdnum: {sum(map(iso6346.is_valid, boxes))} of {len(boxes)} are valid")
print(f"iso-container: {len(boxes) - len(refused)} are valid")
print(f"check digits of those refused: {sorted({box[-1] for box in refused})}, such as {' '.join(refused[:3])}")
print(f"the standard's own example, {boxes[438]}: {validate_container(boxes[438])}")
Path("boxes").write_text("\n".join(boxes))
PYTHON

node - >>"$saw" <<'JAVASCRIPT'
const { ContainerValidator } = require("container-validator");
const validator = new (ContainerValidator ?? require("container-validator"))();
const boxes = require("fs").readFileSync("boxes", "utf8").split("\n");
console.log(`container-validator: ${boxes.filter((box) => validator.isValid(box)).length} are valid`);
JAVASCRIPT

still_seen <<'SEEN'
python-stdnum: 1100 of 1100 are valid
iso-container: 1000 are valid
check digits of those refused: ['0'], such as CSQU3050080 CSQU3050120 CSQU3050270
the standard's own example, CSQU3054383: True
container-validator: 1100 are valid
SEEN
