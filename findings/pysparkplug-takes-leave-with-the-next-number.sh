#!/usr/bin/env bash
# The death that pysparkplug tells when it is asked to disconnect belongs to a birth that has not been.
#
# Packages: pysparkplug==0.6.1 (PyPI), aedes==1.2.0, sparkplug-payload==1.0.3 (npm)
# Guess: NDEATH has the bdSeq of the NBIRTH before it (Sparkplug 3.0, tck-id-topics-nbirth-bdseq-matching), so a host knows that it is
#   that connection that ends; the next birth has one more.
# Behaviour: NDEATH has one more than NBIRTH, the next birth one more again, and a second node of the process goes on from
#   there. A host that compares passes such a death over, the broker drops the will of who takes leave, and the node is
#   online for ever. A lost connection, which sends the will, has the right number.
# Seen: 2026-11-29, Debian 12, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages pysparkplug==0.6.1
npm_packages aedes@1.2.0 sparkplug-payload@1.0.3

cat >broker.js <<'JAVASCRIPT'
const { Aedes } = require("aedes");
const { decodePayload } = require("sparkplug-payload").get("spBv1.0");

(async () => {
  const broker = await Aedes.createBroker();
  const listener = require("net").createServer(broker.handle);
  listener.listen(0, "127.0.0.1", () => console.log(listener.address().port));
  broker.on("publish", ({ topic, payload }) => {
    const [, , type, node] = topic.split("/");
    if (type !== "NBIRTH" && type !== "NDEATH") return;
    const metric = decodePayload(payload).metrics.find(({ name }) => name === "bdSeq");
    console.log(node, type, "bdSeq", Number(metric.value));
  });
  process.stdin.once("end", process.exit).resume();
})();
JAVASCRIPT
coproc node broker.js
read -r -t 60 port <&"${COPROC[0]}"

"$python" -I - "$port" <<'PYTHON' &
import sys
import time

from pysparkplug import DataType, EdgeNode, Metric, get_current_timestamp

speed = Metric(timestamp=get_current_timestamp(), name="speed", datatype=DataType.INT32, value=7)
line3, line4 = (EdgeNode(group_id="Hall", edge_node_id=name, metrics=(speed,)) for name in ("Line-3", "Line-4"))
for node in (line3, line3, line4):
    node.connect("127.0.0.1", port=int(sys.argv[1]))
    time.sleep(1)
    node.disconnect()
    time.sleep(1)
PYTHON
for _ in 1 2 3 4 5 6; do
    read -r -t 60 line <&"${COPROC[0]}"
    echo "$line" >>"$saw"
done
kill "$COPROC_PID"

still_seen <<'SEEN'
Line-3 NBIRTH bdSeq 0
Line-3 NDEATH bdSeq 1
Line-3 NBIRTH bdSeq 2
Line-3 NDEATH bdSeq 3
Line-4 NBIRTH bdSeq 4
Line-4 NDEATH bdSeq 5
SEEN
