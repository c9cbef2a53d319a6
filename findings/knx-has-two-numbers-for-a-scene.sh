#!/usr/bin/env bash
# Scene 5 of a hall, named by knx as a scene number, is scene 6 for everybody else, and for knx itself where it is recalled.
#
# Packages: knx@2.5.4, knxultimate@5.4.0 (npm), xknx==4.0.0 (PyPI)
# Guess: on the bus scenes are 0 to 63, shown as 1 to 64 (KNX 3.7.2, DPT 17.001 and 18.001). A library may show either; it keeps to one, so that
#   what a button tells as scene 5 by 17.001 can be recalled as scene 5 by 18.001.
# Behaviour: in knx, and in knxultimate for Node-RED, 18.001 counts from 1 and 17.001 from 0: what a button of
#   scene 5 tells is read as 4, and 5 that is written is scene 6. xknx counts from 1 in both.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages xknx==4.0.0
npm_packages knx@2.5.4 knxultimate@5.4.0

cat >scenes.cjs <<'JAVASCRIPT'
for (const [name, path] of [["knx", "knx/src/dptlib"], ["knxultimate", "./node_modules/knxultimate/build/dptlib"]]) {
  const module = require(path);
  const types = module.default || module;
  const written = (value, type) => {
    const apdu = {};
    types.populateAPDU(value, apdu, type);
    return apdu.data;
  };
  const recall = written({ save_recall: 0, scenenumber: 5 }, "DPT18.001");
  console.log(`${name}: scene 5 by 18.001 is ${recall.toString("hex")}, by 17.001 it is ${written(5, "DPT17.001").toString("hex")}`);
  console.log(`  what 18.001 calls 5 is ${types.fromBuffer(recall, types.resolve("DPT17.001"))} by 17.001`);
}
JAVASCRIPT
node scenes.cjs >"$saw"
"$python" -I - >>"$saw" <<'PYTHON'
from xknx.dpt import DPTSceneControl, DPTSceneNumber, SceneControl

recall, number = DPTSceneControl.to_knx(SceneControl(scene_number=5)), DPTSceneNumber.to_knx(5)
print(f"xknx: scene 5 by 18.001 is {bytes(recall.value).hex()}, by 17.001 it is {bytes(number.value).hex()}")
PYTHON

still_seen <<'SEEN'
knx: scene 5 by 18.001 is 04, by 17.001 it is 05
  what 18.001 calls 5 is 4 by 17.001
knxultimate: scene 5 by 18.001 is 04, by 17.001 it is 05
  what 18.001 calls 5 is 4 by 17.001
xknx: scene 5 by 18.001 is 04, by 17.001 it is 04
SEEN
