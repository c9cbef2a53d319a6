// A client on node-opcua that knows AutoID and PackML from the server's own types.
//
//   node node_face.js PKI_FOLDER SERVER_CERTIFICATE
//
// Says "certificate PATH" for its own. Orders come as lines on stdin:
//
//   connect URL USER PASSWORD   "connected", or "refused" and the reason
//   machine LINE                "machine" and JSON: type, states, mode, counts
//   portal LINE                 "portal" and JSON: type, status, name, last scan
//   write LINE                  "wrote" and the status of an attempt to write
//   watch LINE                  "watching"; from then on each RfidScanEvent as "event" and JSON
"use strict";
const readline = require("readline");
const ua = require("node-opcua");
const { certificates, run } = require("./node_secure.js");

const [folder, trusted] = process.argv.slice(2);
const URI = { autoid: "http://opcfoundation.org/UA/AutoID/", di: "http://opcfoundation.org/UA/DI/",
    packml: "http://opcfoundation.org/UA/PackML/", site: "urn:lanewise:site" };

let client = null;
let session = null;
let at = {};

async function connect(manager, certificateFile, url, userName, password) {
    client = ua.OPCUAClient.create({
        applicationName: "node-face", applicationUri: "urn:test:node-face", clientCertificateManager: manager,
        certificateFile, privateKeyFile: manager.privateKey, connectionStrategy: { maxRetry: 0 },
        securityMode: ua.MessageSecurityMode.SignAndEncrypt, securityPolicy: ua.SecurityPolicy.Basic256Sha256,
    });
    try {
        await client.connect(url);
        session = await client.createSession({ type: ua.UserTokenType.UserName, userName, password });
        const namespaces = await session.readNamespaceArray();
        at = Object.fromEntries(Object.entries(URI).map(([name, uri]) => [name, namespaces.indexOf(uri)]));
        console.log("connected");
    } catch (error) {
        await client.disconnect().catch(() => null);
        console.log(`refused ${error.message}`);
    }
}

async function find(start, path) {
    const found = await session.translateBrowsePath(ua.makeBrowsePath(start, path));
    if (!found.statusCode.isGood()) throw new Error(`${path}: ${found.statusCode}`);
    return found.targets[0].targetId;
}

async function read(start, path) {
    const got = await session.read({ nodeId: await find(start, path) });
    return got.statusCode.isGood() ? got.value.value : got.statusCode.name;
}

async function typeOf(nodeId) {
    const [{ references }] = await session.browse([{ nodeId, referenceTypeId: "HasTypeDefinition", resultMask: 63 }]);
    return references[0].browseName.name;
}

const text = (value) => value && value.text !== undefined ? value.text : value;

async function machine(line) {
    const node = await find("RootFolder", `/Objects/${at.site}:${line}`);
    const p = at.packml;
    const states = `/${p}:BaseStateMachine`;
    const counted = async (name) => (await read(node, `/${p}:Admin/${p}:${name}`))[0].count;
    console.log("machine " + JSON.stringify({
        type: await typeOf(node),
        base: text(await read(node, `${states}/CurrentState`)),
        machine: text(await read(node, `${states}/${p}:MachineState/CurrentState`)),
        execute: text(await read(node, `${states}/${p}:MachineState/${p}:ExecuteState/CurrentState`)),
        id: String(await read(node, `${states}/CurrentState/Id`)),
        mode: await read(node, `/${p}:Status/${p}:UnitModeCurrent`),
        blocked: await read(node, `/${p}:Status/${p}:EquipmentBlocked`),
        processed: await counted("ProdProcessedCount"), defective: await counted("ProdDefectiveCount"),
    }));
}

const portalOf = (line) => find("RootFolder", `/Objects/${at.di}:DeviceSet/${at.site}:${line}`);

async function portal(line) {
    const node = await portalOf(line);
    console.log("portal " + JSON.stringify({
        type: await typeOf(node),
        status: await read(node, `/${at.autoid}:DeviceStatus`), name: await read(node, `/${at.autoid}:DeviceName`),
        maker: text(await read(node, `/${at.di}:Manufacturer`)), last: await read(node, `/${at.autoid}:LastScanData`),
    }));
}

async function write(line) {
    const nodeId = await find(await portalOf(line), `/${at.autoid}:LastScanData`);
    const value = { value: { dataType: "String", value: "forged" } };
    console.log(`wrote ${(await session.write({ nodeId, attributeId: ua.AttributeIds.Value, value })).name}`);
}

async function watch(line) {
    const subscription = await session.createSubscription2({ requestedPublishingInterval: 50, publishingEnabled: true,
        requestedMaxKeepAliveCount: 10, requestedLifetimeCount: 100, maxNotificationsPerPublish: 100, priority: 1 });
    const filter = ua.constructEventFilter(["EventType", "SourceName", `${at.autoid}:DeviceName`, `${at.autoid}:ScanResult`]);
    const item = await subscription.monitor({ nodeId: await portalOf(line), attributeId: ua.AttributeIds.EventNotifier },
        { filter, queueSize: 100, discardOldest: true, samplingInterval: 0 }, ua.TimestampsToReturn.Both);
    item.on("changed", ([kind, source, device, results]) => console.log("event " + JSON.stringify({
        kind: kind.value.toString(), source: source.value, device: device.value,
        results: results.value.map((its) => ({
            type: its.codeType, epc: its.scanData.epc.uId.toString("hex"), pc: its.scanData.epc.PC,
            at: its.timestamp.getTime(),
            seen: its.sighting.map((one) => [one.antenna, one.strength, one.timestamp.getTime()]),
        })),
    })));
    console.log("watching");
}

run(async () => {
    const [manager, certificateFile] = await certificates(folder, "urn:test:node-face", [trusted]);
    console.log(`certificate ${certificateFile}`);
    const orders = { machine, portal, write, watch, connect: (...words) => connect(manager, certificateFile, ...words) };
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const [order, ...words] = line.split(" ");
        await orders[order](...words).catch((error) => console.log(`failed ${error.message}`));
    }
    process.exit(0);
});
