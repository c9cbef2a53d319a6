#!/usr/bin/env bash
# A balance of 5 000 000 000 g that bacpypes3 tells is 705 032 704 g, and one of 3 000 000 000 g is below zero.
#
# Packages: bacpypes3==0.0.110 (PyPI), @bacnet-js/client@3.3.2 (npm)
# Guess: a BACnet INTEGER has as many octets as its number needs (ASHRAE 135, 20.2.5, length in the tag); a library writes them, or
#   refuses what it cannot, as this one does with an Unsigned beyond 32 bits.
# Behaviour: of an INTEGER the lowest 32 bits are written, whatever they mean then. It reads five octets and more as they are, and so does
#   @bacnet-js/client; so the number is lost only where bacpypes3 is the device or writes a setpoint.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages bacpypes3==0.0.110
npm_packages @bacnet-js/client@3.3.2

"$python" -I - >"$saw" <<'PYTHON'
from pathlib import Path
from struct import error

from bacpypes3.primitivedata import Integer, Tag, TagClass, TagList, TagNumber, Unsigned

for number in (2147483647, 3000000000, 5000000000, -5000000000):
    octets = bytes(Integer(number).encode().encode().pduData)
    with Path("told").open("a") as told:
        print(number, octets.hex(), file=told)
    try:
        unsigned = bytes(Unsigned(number).encode().encode().pduData).hex() if number > 0 else "none"
    except error as refused:
        unsigned = f"refused: {refused}"
    print(f"{number}: INTEGER {octets.hex()}, Unsigned {unsigned}")
five = (5000000000).to_bytes(5)
print("five octets are read as", Integer.decode(TagList([Tag(TagClass.application, TagNumber.integer, 5, five)])))
PYTHON
cat >read.cjs <<'JAVASCRIPT'
const { readFileSync } = require("fs");
const { bacappDecodeApplicationData } = require("@bacnet-js/client/dist/lib/asn1.js");

const value = (hex) => {
  const octets = Buffer.from(hex, "hex");
  return bacappDecodeApplicationData(octets, 0, octets.length, 0, 85).value;
};
for (const line of readFileSync("told", "utf8").trim().split("\n")) {
  const [number, hex] = line.split(" ");
  console.log(`${number} is read by @bacnet-js/client as ${value(hex)}`);
}
console.log(`five octets are read by @bacnet-js/client as ${value("3505012a05f200")}`);
JAVASCRIPT
node read.cjs >>"$saw"

still_seen <<'SEEN'
2147483647: INTEGER 347fffffff, Unsigned 247fffffff
3000000000: INTEGER 34b2d05e00, Unsigned 24b2d05e00
5000000000: INTEGER 342a05f200, Unsigned refused: 'L' format requires 0 <= number <= 4294967295
-5000000000: INTEGER 34d5fa0e00, Unsigned none
five octets are read as 5000000000
2147483647 is read by @bacnet-js/client as 2147483647
3000000000 is read by @bacnet-js/client as -1294967296
5000000000 is read by @bacnet-js/client as 705032704
-5000000000 is read by @bacnet-js/client as -705032704
five octets are read by @bacnet-js/client as 5000000000
SEEN
