#!/usr/bin/env bash
# A table with one column of Int32 makes sparkplug-payload refuse the whole message, and it had written that itself.
#
# Packages: sparkplug-payload==1.0.3 (npm), pysparkplug==0.6.1 (PyPI)
# Guess: the columns of a DataSet and the parameters of a template have the basic types of Sparkplug (Sparkplug 3.0, 6.4). The
#   library encodes all of them, and reads what it encodes.
# Behaviour: of a table it reads UInt32, Int64, Float, Double, Boolean and String. With any other, Int32 and DateTime among them,
#   decodePayload throws, and the metrics beside the table are lost with it. What it encoded is right: Sparkplug's protobuf definition, as
#   pysparkplug carries it, finds the number. So with the parameters of a template.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
npm_packages sparkplug-payload@1.0.3
pip_packages pysparkplug==0.6.1

node - >"$saw" <<'JAVASCRIPT'
const { writeFileSync } = require("fs");
const sparkplug = require("sparkplug-payload").get("spBv1.0");

const table = (type, cell) => ({ numOfColumns: 2, columns: ["lane", "full"], types: ["String", type], rows: [["3", cell]] });
const template = (type, value) => ({ isDefinition: true, metrics: [], parameters: [{ name: "lanes", type, value }] });
function tried(what, type, value) {
  const metrics = [{ name: "state", type: "Int32", value: 6 }, { name: "more", type: what, value }];
  const octets = sparkplug.encodePayload({ timestamp: 1796032800000, seq: 0, metrics });
  let told;
  try {
    const [state, more] = sparkplug.decodePayload(octets).metrics;
    told = `state ${state.value}, ${JSON.stringify(more.value.rows ?? more.value.parameters)}`;
  } catch (error) {
    told = `nothing: ${error.message}`;
  }
  console.log(`${what} with ${type}: ${told}`);
  return octets;
}

for (const type of ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "DateTime"]) {
  writeFileSync(`${type}.bin`, tried("DataSet", type, table(type, 7)));
}
tried("DataSet", "Double", table("Double", 1.5));
tried("DataSet", "Boolean", table("Boolean", true));
tried("DataSet", "String", table("String", "yes"));
tried("Template", "Double", template("Double", 1.5));
tried("Template", "Int32", template("Int32", 7));
JAVASCRIPT
"$python" -I - >>"$saw" <<'PYTHON'
from pysparkplug._protobuf import sparkplug_b_pb2

for name in ("Int32", "UInt32", "DateTime"):
    with open(f"{name}.bin", "rb") as octets:
        state, more = sparkplug_b_pb2.Payload.FromString(octets.read()).metrics
    lane, full = more.dataset_value.rows[0].elements
    print(f"in the octets with {name}: state", state.int_value, "lane", lane.string_value, "full", full.int_value or full.long_value)
PYTHON

still_seen <<'SEEN'
DataSet with Int8: nothing: Invalid DataSetValue: {"intValue":7}
DataSet with Int16: nothing: Invalid DataSetValue: {"intValue":7}
DataSet with Int32: nothing: Invalid DataSetValue: {"intValue":7}
DataSet with Int64: state 6, [["3",{"low":7,"high":0,"unsigned":true}]]
DataSet with UInt8: nothing: Invalid DataSetValue: {"intValue":7}
DataSet with UInt16: nothing: Invalid DataSetValue: {"intValue":7}
DataSet with UInt32: state 6, [["3",7]]
DataSet with UInt64: nothing: Invalid DataSetValue: {"longValue":"7"}
DataSet with DateTime: nothing: Invalid DataSetValue: {"longValue":"7"}
DataSet with Double: state 6, [["3",1.5]]
DataSet with Boolean: state 6, [["3",true]]
DataSet with String: state 6, [["3","yes"]]
Template with Double: state 6, [{"value":1.5,"type":"Double","name":"lanes"}]
Template with Int32: nothing: Invalid Parameter value: {"name":"lanes","type":3,"intValue":7}
in the octets with Int32: state 6 lane 3 full 7
in the octets with UInt32: state 6 lane 3 full 7
in the octets with DateTime: state 6 lane 3 full 7
SEEN
