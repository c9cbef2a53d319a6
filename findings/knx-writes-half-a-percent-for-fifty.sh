#!/usr/bin/env bash
# A drive that knx is to slow down by 50 % is slowed down by half a percent.
#
# Packages: knx@2.5.4, knxultimate@5.4.0 (npm), xknx==4.0.0 (PyPI)
# Guess: DPT 8.010 holds a difference of -327.68 to 327.67 % in steps of 0.01 % (KNX 3.7.2), so 50 % is 5000 on the bus. Both JavaScript libraries
#   give its unit as %, and do scale the other percentages, DPT 5.001 (50 % is 0x80), so they scale this one.
# Behaviour: 50 is written as 50, which is 0.5 %, what stands behind the point is cut off, and 50 % that a device tells is read as 5000. xknx
#   has all of it right.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages xknx==4.0.0
npm_packages knx@2.5.4 knxultimate@5.4.0

cat >percent.cjs <<'JAVASCRIPT'
for (const [name, path] of [["knx", "knx/src/dptlib"], ["knxultimate", "./node_modules/knxultimate/build/dptlib"]]) {
  const module = require(path);
  const types = module.default || module;
  for (const [type, percents] of [["DPT5.001", [50]], ["DPT8.010", [50, -12.25]]]) {
    for (const percent of percents) {
      const apdu = {};
      types.populateAPDU(percent, apdu, type);
      console.log(`${name} ${type}: ${percent} ${types.resolve(type).subtype.unit} is ${apdu.data.toString("hex")}`);
    }
  }
  console.log(`${name} DPT8.010: 1388 is ${types.fromBuffer(Buffer.from("1388", "hex"), types.resolve("DPT8.010"))}`);
}
JAVASCRIPT
node percent.cjs >"$saw"
"$python" -I - >>"$saw" <<'PYTHON'
from xknx.dpt import DPTPercentV16

for percent in (50, -12.25):
    print(f"xknx DPT8.010: {percent} {DPTPercentV16.unit} is {bytes(DPTPercentV16.to_knx(percent).value).hex()}")
PYTHON

still_seen <<'SEEN'
knx DPT5.001: 50 % is 80
knx DPT8.010: 50 % is 0032
knx DPT8.010: -12.25 % is fff4
knx DPT8.010: 1388 is 5000
knxultimate DPT5.001: 50 % is 80
knxultimate DPT8.010: 50 % is 0032
knxultimate DPT8.010: -12.25 % is fff4
knxultimate DPT8.010: 1388 is 5000
xknx DPT8.010: 50 % is 1388
xknx DPT8.010: -12.25 % is fb37
SEEN
