// AutoID readers on node-opcua, with the types of the NodeSets as they were published.
//
//   node node_autoid.js PKI_FOLDER NODESET_FOLDER NAMES TRUSTED_CERTIFICATE...
//
// As node_secure.js says. NAMES: browse names of readers, with commas. Orders come as lines on stdin, each answered "ok":
//
//   scan NAME KIND DATA ANTENNA,DBM,MS ...   one RfidScanEvent; KIND epc, bytes or text; MS: since 1970
//   status NAME N                            DeviceStatus
//
// Says "started NAME DURATION CYCLES" and "stopped NAME" as its methods are called.
"use strict";
const path = require("path");
const readline = require("readline");
const ua = require("node-opcua");
const { secureServer, serve, run } = require("./node_secure.js");

const [folder, nodesets, names, ...trusted] = process.argv.slice(2);
const file = (name) => path.join(nodesets, `Opc.Ua.${name}.NodeSet2.xml`);

function addReader(space, name) {
    const autoId = space.getNamespaceIndex("http://opcfoundation.org/UA/AutoID/");
    const di = space.getNamespaceIndex("http://opcfoundation.org/UA/DI/");
    const reader = space.findObjectType("RfidReaderDeviceType", autoId).instantiate({
        browseName: name, componentOf: space.rootFolder.objects.getFolderElementByName("DeviceSet", di),
        eventSourceOf: space.rootFolder.objects.server,
        optionals: ["ScanStart", "ScanStop", "ScanActive"],
    });
    reader.setEventNotifier(1);
    const status = reader.getComponentByName("DeviceStatus", autoId);
    status.setValueFromSource({ dataType: "Int32", value: 0 });
    reader.getMethodByName("ScanStart", autoId).bindMethod((inputs, context, answer) => {
        if (status.readValue().value.value === 2) return answer(null, { statusCode: ua.StatusCodes.BadInvalidState });
        status.setValueFromSource({ dataType: "Int32", value: 2 });
        console.log(`started ${name} ${inputs[0].value.duration} ${inputs[0].value.cycles}`);
        answer(null, { statusCode: ua.StatusCodes.Good, outputArguments: [{ dataType: "Int32", value: 0 }] });
    });
    reader.getMethodByName("ScanStop", autoId).bindMethod((inputs, context, answer) => {
        status.setValueFromSource({ dataType: "Int32", value: 0 });
        console.log(`stopped ${name}`);
        answer(null, { statusCode: ua.StatusCodes.Good, outputArguments: [] });
    });
    const build = (type, fields) => space.constructExtensionObject(space.findDataType(type, autoId), fields);
    return {
        status,
        scan(kind, data, seen) {
            const sighting = seen.map(([antenna, strength, ms]) =>
                build("RfidSighting", { antenna, strength, timestamp: new Date(ms), currentPowerLevel: 0 }));
            const octets = Buffer.from(data, "hex");
            const content = {
                epc: { epc: { PC: 0x3000, uId: octets, XPC_W1: 0, XPC_W2: 0 } },
                bytes: { byteString: octets },
                text: { string: data },
            }[kind];
            const result = build("RfidScanResult", {
                codeType: "EPC", scanData: build("ScanData", content), timestamp: new Date(seen.length ? seen[0][2] : 1000),
                sighting,
            });
            reader.raiseEvent(space.findEventType("RfidScanEventType", autoId), {
                deviceName: { dataType: "String", value: name },
                scanResult: { dataType: "ExtensionObject", arrayType: ua.VariantArrayType.Array, value: [result] },
                message: { dataType: "LocalizedText", value: { text: "scan" } },
                severity: { dataType: "UInt16", value: 100 },
            });
        },
    };
}

run(async () => {
    const server = await secureServer(folder, "node-autoid", trusted, {
        nodeset_filename: [ua.nodesets.standard, file("Di"), file("AutoID")],
    });
    const readers = Object.fromEntries(
        names.split(",").map((name) => [name, addReader(server.engine.addressSpace, name)]));
    await serve(server);
    readline.createInterface({ input: process.stdin }).on("line", (line) => {
        const [order, name, ...words] = line.split(" ");
        if (order === "scan") readers[name].scan(words[0], words[1], words.slice(2).map((w) => w.split(",").map(Number)));
        else readers[name].status.setValueFromSource({ dataType: "Int32", value: Number(words[0]) });
        console.log("ok");
    });
});
