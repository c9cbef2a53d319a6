#!/usr/bin/env bash
# Two Sparkplug B libraries do not understand each other's negative Int8 and Int16.
#
# Packages: pysparkplug==0.6.1 (PyPI), sparkplug-payload==1.0.3 (npm)
# Guess: -5 as Int8 is the same octets in every library, and each reads what the other has written.
# Behaviour: pysparkplug writes the 8 bits, 251, and sparkplug-payload reads 251. That one writes 32 bits, 4294967291, and
#   pysparkplug refuses the whole payload with an overflow. Int32 and Int64 are alike in both.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages pysparkplug==0.6.1
npm_packages sparkplug-payload@1.0.3

cat >node.js <<'JAVASCRIPT'
const fs = require("fs");
const sparkplug = require("sparkplug-payload").get("spBv1.0");
for (const metric of sparkplug.decodePayload(fs.readFileSync("from-python")).metrics) {
    console.log(`sparkplug-payload reads ${metric.type} ${metric.value}`);
}
for (const type of ["Int8", "Int16", "Int32"]) {
    const metrics = [{ name: "way", timestamp: 1, type, value: -5 }];
    fs.writeFileSync(`from-node-${type}`, sparkplug.encodePayload({ timestamp: 1, seq: 0, metrics }));
}
JAVASCRIPT

"$python" -I - <<'PYTHON'
from pathlib import Path

from pysparkplug import DataType, Metric, NBirth

types = (DataType.INT8, DataType.INT16, DataType.INT32)
metrics = tuple(Metric(timestamp=1, name="way", datatype=datatype, value=-5) for datatype in types)
Path("from-python").write_bytes(NBirth(timestamp=1, seq=0, metrics=metrics).encode())
PYTHON
node node.js >"$saw"
"$python" -I - >>"$saw" <<'PYTHON'
from pathlib import Path

from pysparkplug import NBirth

for name in ("Int8", "Int16", "Int32"):
    try:
        read = NBirth.decode(Path(f"from-node-{name}").read_bytes()).metrics[0].value
    except OverflowError as error:
        read = f"nothing: {error}"
    print(f"pysparkplug reads {name} {read}")
PYTHON

still_seen <<'SEEN'
sparkplug-payload reads Int8 251
sparkplug-payload reads Int16 65531
sparkplug-payload reads Int32 -5
pysparkplug reads Int8 nothing: Int8 overflow with value 4294967291
pysparkplug reads Int16 nothing: Int16 overflow with value 4294967291
pysparkplug reads Int32 -5
SEEN
