#!/usr/bin/env bash
# A net weight of 150.0 kg that a scale sends high octet first is 305 kg for candied, and the gross weight before it is NaN.
#
# Packages: candied@2.2.0 (npm), cantools==45.1.0 (PyPI)
# Guess: in a DBC file the start bit of a signal with @0 (Motorola) is that of its most significant bit (Vector, DBC File Format Documentation), and
#   the signal runs from there to the back of the frame. Who reads DBC files reads both byte orders, as the two stand there
#   side by side in most of them.
# Behaviour: candied takes the start bit for the least significant one and reads as many bits in front of it, so a weight is put
#   together of the octets before it, status bits too. Where there are not enough it is NaN, or has fewer bits. Signals of one bit are right, and all
#   with @1 (Intel).
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages cantools==45.1.0
npm_packages candied@2.2.0

cat >scale.dbc <<'DBC'
VERSION ""
NS_ :
BS_:
BU_: SCALE PLC
BO_ 100 Weighed: 8 SCALE
 SG_ Gross : 7|16@0+ (0.1,0) [0|0] "kg" PLC
 SG_ Net : 23|16@0+ (0.1,0) [0|0] "kg" PLC
 SG_ Stable : 32|1@0+ (1,0) [0|0] "" PLC
 SG_ Lane : 39|4@0+ (1,0) [0|0] "" PLC
 SG_ Passed : 40|16@1+ (1,0) [0|0] "" PLC
DBC
cat >weighed.py <<'PYTHON'
import cantools

scale = cantools.database.load_file("scale.dbc")
for gross, net, lane in ((152.5, 150.0, 7), (152.6, 150.1, 7), (30.0, 27.5, 12)):
    signals = {"Gross": gross, "Net": net, "Stable": 1, "Lane": lane, "Passed": 300}
    octets = scale.encode_message("Weighed", signals)
    print(octets.hex(), *(f"{name}={value}" for name, value in scale.decode_message("Weighed", octets).items()))
PYTHON
cat >read.cjs <<'JAVASCRIPT'
const fs = require("fs");
const { Can, Dbc } = require("candied");

const can = new Can();
can.database = new Dbc().load(fs.readFileSync("scale.dbc", "utf8"));
for (const line of fs.readFileSync(0, "utf8").trim().split("\n")) {
  const [octets, ...expected] = line.split(" ");
  console.log(octets, "cantools", ...expected);
  const { boundSignals } = can.decode(can.createFrame(100, [...Buffer.from(octets, "hex")]));
  console.log("                 candied ", ...Array.from(boundSignals, ([name, { value }]) => `${name}=${value}`));
}
JAVASCRIPT
"$python" -I weighed.py | node read.cjs >"$saw"

still_seen <<'SEEN'
05f505dc712c0100 cantools Gross=152.5 Net=150.0 Lane=7 Stable=1 Passed=300
                 candied  Gross=NaN Net=305 Stable=1 Lane=8 Passed=300
05f605dd712c0100 cantools Gross=152.6 Net=150.1 Lane=7 Stable=1 Passed=300
                 candied  Gross=NaN Net=305.2 Stable=1 Lane=10 Passed=300
012c0113c12c0100 cantools Gross=30.0 Net=27.5 Lane=12 Stable=1 Passed=300
                 candied  Gross=NaN Net=60 Stable=1 Lane=7 Passed=300
SEEN
