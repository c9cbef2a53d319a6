// A conveyor PLC on node-opcua: the PLC's side of docs/plc-mailbox.md as two variables, written from that page.
//
//   node node_plc.js PKI_FOLDER PARCELS[/PLACES] TRUSTED_CERTIFICATE...
//
// As node_secure.js says. PARCELS wait, inducted, from the start. So many PLACES there are for sessions and connections. Orders come as lines on stdin and are answered by "ok":
// induct N, restart, torn N (scans), layout W (0 = the right one), still 0|1 (the program stops, the server answers),
// late MS and twice MS (what is written to Down is executed so much later, or once more), stall 0|1 (it waits, and all of it
// is executed after, one a scan), slow MS (nothing is answered for so long in every scan), drop (connections are closed),
// event TYPE TRACK STATION VALUE, lanes MASK (full ones of 1 to 16), status (says "status JSON" with all it acted on).
"use strict";
const readline = require("readline");
const ua = require("node-opcua");
const { secureServer, serve, run } = require("./node_secure.js");

const [folder, amounts, ...trusted] = process.argv.slice(2);
const [parcels, places] = amounts.split("/");
const RING = 8;
const up = new Uint16Array(102);
let down = new Uint16Array(74);
let waiting = [];
let session = 1, torn = 0, tornLeft = 0, layout = 0, still = false, track = Number(parcels), acted = [];
let late = 0, twice = 0, stall = 0, slow = 0, full = 0, seen = "", kept = [], channels = [];
let head = 0, acked = 0, done = 0, refused = 0, reason = 0, epoch = 0, heartbeat = 0;

const began = process.hrtime.bigint();
const nowMs = () => Number((process.hrtime.bigint() - began) / 1000000n) >>> 0;
const after = (a, b) => { const d = (a - b) & 0xffff; return d > 0 && d < 0x8000; };
const long = (words, at) => ((words[at] << 16) | words[at + 1]) >>> 0;

function report(type, track, station, value) {
    waiting.push([type, track >>> 16, track & 0xffff, station, 0, nowMs() >>> 16, nowMs() & 0xffff, value]);
}

function refusal(record) {
    if (((nowMs() - long(record, 5)) | 0) > 0) return 2;
    if (record[1] < 1 || record[1] > 5) return 4;
    if (record[1] === 4 && (record[4] < 1 || record[4] > 64)) return 4;
    const of = long(record, 2);
    if (record[1] <= 3 && (of < 1 || of > track)) return 3;
    return 0;
}

function obey() {
    if (down[0] !== 0x4c57 || down[1] !== 1) return;
    if (epoch && after(epoch, down[3])) return;
    epoch = down[3];
    if (after(down[4], acked) && !after(down[4], head)) acked = down[4];
    for (;;) {
        const next = (done + 1) & 0xffff;
        const record = down.subarray(10 + (next % RING) * 8, 18 + (next % RING) * 8);
        if (after(next, down[5]) || record[0] !== next || record[7] !== next) return;
        const why = refusal(record);
        done = next;
        if (!why) acted.push([next, record[1], long(record, 2), record[4]]);
        if (why) {
            refused = next;
            reason = why;
            report(13, long(record, 2), next, why);
        }
    }
}

function scan() {
    heartbeat = (heartbeat + 1) & 0xffff;
    obey();
    if (head) up[22 + (head % RING) * 10 + 9] = head;
    while (waiting.length && ((head - acked) & 0xffff) < RING) {
        head = (head + 1) & 0xffff;
        up.set([head, ...waiting.shift(), head], 22 + (head % RING) * 10);
        tornLeft = torn;
    }
    if (tornLeft-- > 0) up[22 + (head % RING) * 10 + 9] ^= 0x8000;
    const ms = nowMs();
    up.set([layout || 0x4c57, 1, heartbeat, 6, ms >>> 16, ms & 0xffff], 0);
    up[6] = full;
    up.set([epoch, done, refused, reason, head, 0, session, acked], 14);
}

// Down as the program sees it in this scan, when it stands so in the variable.
function take(words) {
    const key = words.join();
    if (key !== seen) {
        seen = key;
        if (stall) kept.push([Infinity, words]);
        else if (late) kept.push([Date.now() + late, words]);
        else down = words;
        if (twice) kept.push([Date.now() + twice, words]);
    }
    const due = kept.findIndex(([at]) => at <= Date.now());
    if (due >= 0) down = kept.splice(due, 1)[0][1];
}

function restart(forget) {
    session++;
    head = acked = done = refused = reason = epoch = 0;
    waiting = [];
    up.fill(0);
    forget();
}

function order(line, forget) {
    const [name, amount, ...more] = line.split(" ");
    if (name === "induct") for (let left = Number(amount); left > 0; left--) report(1, ++track, 1, 0);
    else if (name === "restart") restart(forget);
    else if (name === "torn") torn = Number(amount);
    else if (name === "layout") layout = Number(amount);
    else if (name === "still") still = amount === "1";
    else if (name === "late") late = Number(amount);
    else if (name === "twice") twice = Number(amount);
    else if (name === "stall") {
        stall = Number(amount);
        if (!stall) kept = kept.map(([, words]) => [0, words]);
    } else if (name === "slow") slow = Number(amount);
    else if (name === "lanes") full = Number(amount);
    else if (name === "event") report(Number(amount), ...more.map(Number));
    else if (name === "drop") channels.splice(0).forEach((channel) => channel.abruptlyInterrupt());
    else if (name === "status") console.log(`status ${JSON.stringify({ head, acked, epoch, acted })}`);
    console.log("ok");
}

function words(value) {
    return new ua.Variant({ dataType: ua.DataType.UInt16, arrayType: ua.VariantArrayType.Array, value });
}

async function main() {
    const few = places && { maxConnectionsPerEndpoint: Number(places), serverCapabilities: { maxSessions: Number(places) } };
    const server = await secureServer(folder, "node-plc", trusted, few || {});
    const space = server.engine.addressSpace.getOwnNamespace();
    const common = { organizedBy: server.engine.addressSpace.rootFolder.objects, dataType: "UInt16", valueRank: 1 };
    const shown = space.addVariable({
        ...common, browseName: "Up", nodeId: "s=Up", arrayDimensions: [102], accessLevel: "CurrentRead",
        minimumSamplingInterval: 5,
    });
    const taken = space.addVariable({
        ...common, browseName: "Down", nodeId: "s=Down", arrayDimensions: [74], value: words(down),
    });
    const point = (name, dataType, value, accessLevel = "CurrentRead") => space.addVariable({
        organizedBy: server.engine.addressSpace.rootFolder.objects, browseName: name, nodeId: `s=${name}`, dataType, accessLevel,
        value: new ua.Variant({ dataType: ua.DataType[dataType], arrayType: ua.VariantArrayType.Scalar, value }),
    });
    point("Speed", "Float", 1.25);
    point("Setpoint", "UInt16", 1200, "CurrentRead | CurrentWrite");
    point("Lamp", "Boolean", false, "CurrentRead | CurrentWrite");
    point("Label", "String", "Bahn 7 \u00e4");
    point("Delay", "Double", 1500);
    point("Started", "DateTime", new Date(Date.UTC(2026, 0, 2, 3, 4, 5)));
    point("Count", "UInt64", [0x1, 0x2]);
    point("Drifting", "Float", 0).setValueFromSource(
        new ua.Variant({ dataType: ua.DataType.Float, value: 21.5 }), ua.StatusCodes.UncertainSensorNotAccurate);
    point("Broken", "Float", 0).setValueFromSource(
        new ua.Variant({ dataType: ua.DataType.Float, value: 0 }), ua.StatusCodes.BadDeviceFailure);
    for (let each = 1; each <= Number(parcels); each++) report(1, each, 1, 0);
    scan();
    shown.setValueFromSource(words(up.slice()));
    server.on("newChannel", (channel) => channels.push(channel));
    await serve(server);
    const forget = () => taken.setValueFromSource(words(new Uint16Array(74)));
    readline.createInterface({ input: process.stdin }).on("line", (line) => order(line, forget));
    setInterval(() => {
        if (slow) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slow);
        if (still) return;
        take(Uint16Array.from(taken.readValue().value.value));
        scan();
        shown.setValueFromSource(words(up.slice()));
    }, 5);
}

run(main);
