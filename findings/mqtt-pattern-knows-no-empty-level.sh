#!/usr/bin/env bash
# A message that a broker delivers for a filter does not match that filter in mqtt-pattern, and one that it does not, does.
#
# Packages: mqtt-pattern@2.1.1, aedes@1.2.0, mqtt@5.16.0 (npm)
# Guess: a router behind one subscription sorts messages by the rules by which they came: a level may be empty, so +/speed takes
#   /speed, and line/+ takes line/ (MQTT 5.0, 4.7.1.3 and 4.7.3); # takes nothing that begins with $ (4.7.2).
# Behaviour: an empty level matches no +, so what came for a filter goes to nobody, and topics that begin with a slash are
#   common on floors; # matches $SYS.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages mqtt-pattern@2.1.1 aedes@1.2.0 mqtt@5.16.0

node - >"$saw" <<'JAVASCRIPT'
const net = require("net");
const { Aedes } = require("aedes");
const { connectAsync } = require("mqtt");
const { matches } = require("mqtt-pattern");

const CASES = [
  ["+/speed", "line1/speed"],
  ["+/speed", "/speed"],
  ["line/+", "line/"],
  ["line/+/speed", "line//speed"],
  ["#", "line1/speed"],
  ["#", "$SYS/uptime"],
];

(async () => {
  const broker = await Aedes.createBroker();
  const listener = net.createServer(broker.handle);
  await new Promise((listening) => listener.listen(0, "127.0.0.1", listening));
  for (const [filter, topic] of CASES) {
    const client = await connectAsync(`mqtt://127.0.0.1:${listener.address().port}`);
    const came = new Set();
    client.on("message", (its) => came.add(its));
    await client.subscribeAsync([filter, "end"]);
    broker.publish({ topic, payload: "1" }, () => broker.publish({ topic: "end", payload: "1" }, () => {}));
    while (!came.has("end")) await new Promise((turn) => setTimeout(turn, 5));
    console.log(`${filter} and ${topic}: delivered ${came.has(topic)}, matches ${matches(filter, topic)}`);
    await client.endAsync();
  }
  process.exit();
})();
JAVASCRIPT

still_seen <<'SEEN'
+/speed and line1/speed: delivered true, matches true
+/speed and /speed: delivered true, matches false
line/+ and line/: delivered true, matches false
line/+/speed and line//speed: delivered true, matches false
# and line1/speed: delivered true, matches true
# and $SYS/uptime: delivered false, matches true
SEEN
