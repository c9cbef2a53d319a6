#!/usr/bin/env bash
# A tag filter of 12 bits that is sent by llrpjs is one of 16: most of the tags that were meant do not answer.
#
# Packages: llrpjs@1.0.1 (npm)
# Guess: the mask of a tag filter is as long as it is written: 302 is 12 bits, 3020 is 16; and what is decoded is encoded as it came, since
#   LLRP has the number of bits beside them.
# Behaviour: bits are kept as whole octets. A mask of 302 goes out as 16 bits, 0011000000100000, the same octets as those of 3020: it
#   matches one in sixteen of the tags that the shorter one matches, and nothing says so. What is read loses the number as well: a mask
#   of 12 bits and one of 16 are the same value, and encoded again the shorter one has grown.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages llrpjs@1.0.1

node - >"$saw" <<'JAVASCRIPT'
const { LLRPCore, LLRPMessage } = require("llrpjs");
const TARGET = 0x0153; // C1G2TargetTag, LLRP 1.1, 15.2.1.3.1.1
const spec = (mask) => ({
  AccessSpecID: 1, AntennaID: 0, ProtocolID: "EPCGlobalClass1Gen2", CurrentState: "Disabled", ROSpecID: 0,
  AccessSpecStopTrigger: { AccessSpecStopTrigger: "Null", OperationCountValue: 0 },
  AccessCommand: {
    C1G2TagSpec: { C1G2TargetTag: { MB: 1, Match: true, Pointer: 32, TagMask: mask, TagData: mask } },
    C1G2Read: { OpSpecID: 1, AccessPassword: 0, MB: 1, WordPointer: 2, WordCount: 6 },
  },
});
const place = (octets) => octets.indexOf(Buffer.from([TARGET >> 8, TARGET & 255, 0]));
const told = (octets) => {
  const begin = place(octets) + 4; // behind type and length: memory bank and match, pointer, then the mask
  const bits = octets.readUInt16BE(begin + 3);
  return `${bits} bits ${octets.subarray(begin + 5, begin + 5 + Math.ceil(bits / 8)).toString("hex")}`;
};
const target = (message) => message.toLLRPData().data.AccessSpec.AccessCommand.C1G2TagSpec.C1G2TargetTag;

for (const mask of ["302", "3020"]) {
  const message = new LLRPCore.ADD_ACCESSSPEC({ data: { AccessSpec: spec(mask) } });
  message.encode();
  console.log(`mask ${mask} is sent as ${told(Buffer.from(message.getBuffer()))}`);
}
const sent = new LLRPCore.ADD_ACCESSSPEC({ data: { AccessSpec: spec("3020") } });
sent.encode();
const twelve = Buffer.from(sent.getBuffer());
twelve.writeUInt16BE(12, place(twelve) + 7); // as another client says it: 12 bits, the last octet filled up
const read = new LLRPMessage(twelve);
read.decode();
console.log(`a mask of ${told(twelve)} is read as ${target(read).TagMask}`);
read.encode();
console.log(`and sent again as ${told(Buffer.from(read.getBuffer()))}`);
JAVASCRIPT

still_seen <<'SEEN'
mask 302 is sent as 16 bits 3020
mask 3020 is sent as 16 bits 3020
a mask of 12 bits 3020 is read as 3020
and sent again as 16 bits 3020
SEEN
