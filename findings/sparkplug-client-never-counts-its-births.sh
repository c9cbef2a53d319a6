#!/usr/bin/env bash
# Every birth of an edge node of sparkplug-client has bdSeq 0, however often its connection was lost.
#
# Packages: sparkplug-client==3.2.4, aedes==1.2.0, sparkplug-payload==1.0.3 (npm)
# Guess: bdSeq counts the connections, in the will (NDEATH) and in the birth that belongs to it (Sparkplug 3.0,
#   tck-id-topics-nbirth-bdseq-matching and tck-id-topics-nbirth-bdseq-increment): 0, 1, 2.
# Behaviour: 0, 0, 0. The will is made once and the library that reconnects sends it again as it was. A death of a former
#   connection that comes late is the death of the present one to every host that compares as the standard says.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages sparkplug-client@3.2.4 aedes@1.2.0 sparkplug-payload@1.0.3

node - >"$saw" <<'JAVASCRIPT'
const net = require("net");
const { Aedes } = require("aedes");
const { newClient } = require("sparkplug-client");
const { decodePayload } = require("sparkplug-payload").get("spBv1.0");

(async () => {
  const broker = await Aedes.createBroker();
  const listener = net.createServer(broker.handle);
  let births = 0;
  let connection;
  listener.on("connection", (socket) => (connection = socket));
  broker.on("publish", ({ topic, payload }) => {
    const [, , type] = topic.split("/");
    if (type !== "NBIRTH" && type !== "NDEATH") return;
    const metric = decodePayload(payload).metrics.find(({ name }) => name === "bdSeq");
    console.log(type, "bdSeq", Number(metric.value));
    if (type === "NBIRTH" && ++births === 3) process.exit();
    if (type === "NBIRTH") setTimeout(() => connection.destroy(), 200);
  });
  await new Promise((listening) => listener.listen(0, "127.0.0.1", listening));
  const node = newClient({
    serverUrl: `mqtt://127.0.0.1:${listener.address().port}`,
    username: "",
    password: "",
    groupId: "Hall",
    edgeNode: "Line-3",
    clientId: "line-3",
    version: "spBv1.0",
  });
  node.on("error", () => {});
  node.on("birth", () => node.publishNodeBirth({ timestamp: Date.now(), metrics: [{ name: "speed", type: "Int32", value: 7 }] }));
})();
JAVASCRIPT

still_seen <<'SEEN'
NBIRTH bdSeq 0
NDEATH bdSeq 0
NBIRTH bdSeq 0
NDEATH bdSeq 0
NBIRTH bdSeq 0
SEEN
