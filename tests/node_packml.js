// A machine with a PackML object on node-opcua, with the types of the NodeSet as it was published.
//
//   node node_packml.js PKI_FOLDER NODESET_FOLDER TRUSTED_CERTIFICATE...
//
// As node_secure.js says. The object is ns=1;s=labeler. Orders come as lines on stdin, each answered "ok":
//
//   state BASE MACHINE EXECUTE   the current states, "-" = not active
//   counts PROCESSED DEFECTIVE   of two products each, the second with 1
//   mode N, speed N
"use strict";
const path = require("path");
const readline = require("readline");
const ua = require("node-opcua");
const { secureServer, serve, run } = require("./node_secure.js");

const [folder, nodesets, ...trusted] = process.argv.slice(2);

run(async () => {
    const server = await secureServer(folder, "node-packml", trusted, {
        nodeset_filename: [ua.nodesets.standard, path.join(nodesets, "Opc.Ua.PackML.NodeSet2.xml")],
    });
    const space = server.engine.addressSpace;
    const at = space.getNamespaceIndex("http://opcfoundation.org/UA/PackML/");
    const machine = space.findObjectType("PackMLBaseObjectType", at).instantiate({
        browseName: "labeler", nodeId: "ns=1;s=labeler", organizedBy: space.rootFolder.objects,
        optionals: ["Admin.ProdProcessedCount", "Admin.ProdDefectiveCount", "Status.CurMachSpeed"],
    });
    const part = (...names) => names.reduce((node, name) => node.getComponentByName(name, at), machine);
    const base = part("BaseStateMachine");
    const states = [base, part("BaseStateMachine", "MachineState"), part("BaseStateMachine", "MachineState", "ExecuteState")]
        .map((its) => its.getComponentByName("CurrentState", 0));
    const orders = {
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
    orders.state("Cleared", "Running", "Execute");
    await serve(server);
    readline.createInterface({ input: process.stdin }).on("line", (line) => {
        const [order, ...words] = line.split(" ");
        orders[order](...words);
        console.log("ok");
    });
});
