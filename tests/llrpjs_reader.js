// An LLRP reader built on llrpjs, the foreign implementation: node llrpjs_reader.js FOLDER_OF_LLRPJS
// Prints one JSON object a line of what happens; takes one a line: {"reads": [...]}, {"gpi": [port, on]}, {"drop": true}.

"use strict";

const { LLRPServer, LLRPCore } = require(process.argv[2]);
const readline = require("readline");

const SUCCESS = { LLRPStatus: { StatusCode: "M_Success", ErrorDescription: "" } };
const ANTENNAS = [1, 2, 3, 4];
let keepalive = null;
let rospec = null;
let hold = false;
let waits = false;
let held = [];
const reader = new LLRPServer({ host: "127.0.0.1", port: 0 });

const say = (what) => console.log(JSON.stringify(what));
const now = () => BigInt(Date.now()) * 1000n;
const numbered = (message, id) => {
  message.setMessageId(id);
  return message;
};
const send = (message) => reader.send(message).catch((error) => say({ unsent: String(error) }));
const event = (data) =>
  new LLRPCore.READER_EVENT_NOTIFICATION({
    data: { ReaderEventNotificationData: { UTCTimestamp: { Microseconds: now() }, ...data } },
  });
const report = (reads) =>
  new LLRPCore.RO_ACCESS_REPORT({
    data: {
      TagReportData: reads.map((read) => ({
        EPC_96: { EPC: read.epc },
        AntennaID: { AntennaID: read.antenna },
        PeakRSSI: { PeakRSSI: read.rssi_dbm },
        FirstSeenTimestampUTC: { Microseconds: BigInt(read.at_us) },
        TagSeenCount: { TagCount: read.seen },
      })),
    },
  });

const CAPABILITIES = {
  GeneralDeviceCapabilities: {
    MaxNumberOfAntennaSupported: 4,
    CanSetAntennaProperties: false,
    HasUTCClockCapability: true,
    DeviceManufacturerName: 0,
    ModelName: 7,
    ReaderFirmwareVersion: "llrpjs",
    ReceiveSensitivityTableEntry: [{ Index: 1, ReceiveSensitivityValue: 0 }],
    GPIOCapabilities: { NumGPIs: 2, NumGPOs: 2 },
    PerAntennaAirProtocol: ANTENNAS.map((AntennaID) => ({ AntennaID, ProtocolID: ["EPCGlobalClass1Gen2"] })),
  },
  LLRPCapabilities: {
    CanDoRFSurvey: false,
    CanReportBufferFillWarning: false,
    SupportsClientRequestOpSpec: false,
    CanDoTagInventoryStateAwareSingulation: false,
    SupportsEventAndReportHolding: true,
    MaxNumPriorityLevelsSupported: 1,
    ClientRequestOpSpecTimeout: 0,
    MaxNumROSpecs: 1,
    MaxNumSpecsPerROSpec: 1,
    MaxNumInventoryParameterSpecsPerAISpec: 1,
    MaxNumAccessSpecs: 1,
    MaxNumOpSpecsPerAccessSpec: 1,
  },
};

const answers = {
  GET_READER_CAPABILITIES: () => CAPABILITIES,
  GET_ROSPECS: () => (rospec ? { ROSpec: [rospec] } : {}),
  SET_READER_CONFIG: (data) => {
    if (data.KeepaliveSpec) {
      clearInterval(keepalive);
      keepalive = setInterval(() => send(new LLRPCore.KEEPALIVE()), data.KeepaliveSpec.PeriodicTriggerValue);
    }
    if (data.EventsAndReports) hold = Boolean(data.EventsAndReports.HoldEventsAndReportsUponReconnect);
    if (data.GPOWriteData) say({ output: data.GPOWriteData });
    return {};
  },
  DELETE_ROSPEC: () => {
    rospec = null;
    return {};
  },
  DELETE_ACCESSSPEC: () => ({}),
  ADD_ROSPEC: (data) => {
    rospec = data.ROSpec;
    return {};
  },
  ENABLE_ROSPEC: () => {
    rospec.CurrentState = "Active";
    say({ rospec });
    return {};
  },
  GET_READER_CONFIG: (data) =>
    data.RequestedData === "AntennaProperties"
      ? { AntennaProperties: ANTENNAS.map((AntennaID) => ({ AntennaConnected: true, AntennaID, AntennaGain: 0 })) }
      : { GPIPortCurrentState: [1, 2].map((GPIPortNum) => ({ GPIPortNum, Config: true, State: "Low" })) },
  CLOSE_CONNECTION: () => ({}),
};

reader.on("connection", () => {
  waits = hold;
  send(event({ ConnectionAttemptEvent: { Status: "Success" } }));
});
reader.on("disconnect", () => {
  waits = true;
  clearInterval(keepalive);
  say({ gone: true });
});
reader.on("error", (error) => say({ error: String(error) }));
reader.on("message", async (message) => {
  const { id, type, data } = message.toLLRPData();
  if (type === "ENABLE_EVENTS_AND_REPORTS") {
    waits = false;
    for (const reads of held.splice(0)) await send(report(reads));
    say({ enabled: true });
  }
  if (!(type in answers)) return;
  const content = { ...SUCCESS, ...answers[type](data) };
  await send(numbered(new LLRPCore[`${type}_RESPONSE`]({ data: content }), id));
  if (type === "CLOSE_CONNECTION") await reader.disconnect();
});

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const given = JSON.parse(line);
  if (given.reads && (waits || !rospec)) held.push(given.reads);
  else if (given.reads) send(report(given.reads));
  if (given.gpi) send(event({ GPIEvent: { GPIPortNumber: given.gpi[0], GPIEvent: given.gpi[1] } }));
  if (given.drop) reader._tcp.destroy();
}).on("close", () => process.exit(0));

reader.listen();
reader._server.on("listening", () => say({ port: reader._server.address().port }));
