// AutoID readers and a PackML machine on node-opcua, with the types of the NodeSets as they were published.
//
//   node node_devices.js PKI_FOLDER NODESET_FOLDER NAMES TRUSTED_CERTIFICATE...
//
// As node_secure.js says. NAMES: browse names of readers, with commas. Orders come as lines on stdin, each answered "ok":
//
//   scan NAME KIND DATA ANTENNA,DBM,MS ...   one RfidScanEvent; KIND epc, bytes or text; MS: since 1970
//   status NAME N                            DeviceStatus
//   state BASE MACHINE EXECUTE               the machine's current states, "-" = not active
//   counts PROCESSED DEFECTIVE               of two products each, the second with 1
//   mode N, speed N
//
// The machine is ns=1;s=labeler. Says "started NAME DURATION CYCLES" and "stopped NAME" as its methods are called.
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

function addMachine(space) {
    const at = space.getNamespaceIndex("http://opcfoundation.org/UA/PackML/");
    const machine = space.findObjectType("PackMLBaseObjectType", at).instantiate({
        browseName: "labeler", nodeId: "ns=1;s=labeler", organizedBy: space.rootFolder.objects,
        optionals: ["Admin.ProdProcessedCount", "Admin.ProdDefectiveCount", "Status.CurMachSpeed"],
    });
    const part = (...names) => names.reduce((node, name) => node.getComponentByName(name, at), machine);
    const base = part("BaseStateMachine");
    const states = [base, part("BaseStateMachine", "MachineState"), part("BaseStateMachine", "MachineState", "ExecuteState")]
        .map((its) => its.getComponentByName("CurrentState", 0));
    return {
        state(...names) {
            states.forEach((node, place) => names[place] === "-"
                ? node.setValueFromSource({ dataType: "Null" }, ua.StatusCodes.BadStateNotActive)
                : node.setValueFromSource({ dataType: "LocalizedText", value: { text: names[place] } }));
        },
        counts(...counts) {
            ["ProdProcessedCount", "ProdDefectiveCount"].forEach((name, place) => part("Admin", name).setValueFromSource({
                dataType: "ExtensionObject", arrayType: ua.VariantArrayType.Array,
                value: [Number(counts[place]), 1].map((count, id) => space.constructExtensionObject(
                    space.findDataType("PackMLCountDataType", at), { ID: id, name: "cartons", count, accCount: 99 })),
            }));
        },
        mode(number) {
            part("Status", "UnitModeCurrent").setValueFromSource({ dataType: "Int32", value: Number(number) });
        },
        speed(number) {
            part("Status", "CurMachSpeed").setValueFromSource({ dataType: "Float", value: Number(number) });
        },
    };
}

run(async () => {
    const server = await secureServer(folder, "node-devices", trusted, {
        nodeset_filename: [ua.nodesets.standard, file("Di"), file("AutoID"), file("PackML")],
    });
    const readers = Object.fromEntries(
        names.split(",").map((name) => [name, addReader(server.engine.addressSpace, name)]));
    const machine = addMachine(server.engine.addressSpace);
    machine.state("Cleared", "Running", "Execute");
    await serve(server);
    readline.createInterface({ input: process.stdin }).on("line", (line) => {
        const [order, name, ...words] = line.split(" ");
        if (order in machine) machine[order](name, ...words);
        else if (order === "scan") readers[name].scan(words[0], words[1], words.slice(2).map((w) => w.split(",").map(Number)));
        else readers[name].status.setValueFromSource({ dataType: "Int32", value: Number(words[0]) });
        console.log("ok");
    });
});
