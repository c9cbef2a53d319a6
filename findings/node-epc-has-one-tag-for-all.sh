#!/usr/bin/env bash
# All tags that node-epc has read are the one that it read last.
#
# Packages: node-epc@0.1.1 (npm)
# Guess: each parse() resolves to what that tag says; three tags of a portal give three results.
# Behaviour: there is one object for each encoding and one set of parts for all, and every parse() fills it anew and hands it out. A list
#   of results, or one that is kept until the next tag comes, tells the last serial as often as there are tags, read at once or one by
#   one; behind a pallet's label the items before it have the pallet's number. Only what is copied out before the next tag is right.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages node-epc@0.1.1

node - >"$saw" 2>log <<'JAVASCRIPT'
const epc = require("node-epc");
const TAGS = ["3034257BF46DB64000000190", "3034257BF46DB64000000191", "3034257BF46DB64000000192"];
const PALLET = "3134257BF4499602D2000000";
const told = (read) => read.map((tag) => `${tag.getName()} ${tag.parts.SerialNumber ?? tag.parts.SerialReference}`).join(", ");

(async () => {
  const copied = [];
  for (const tag of TAGS) copied.push((await epc.parse(tag)).parts.SerialNumber);
  console.log(`serials on the tags, each copied out at once: ${copied.join(" ")}`);
  const kept = [];
  for (const tag of [...TAGS, PALLET]) kept.push(await epc.parse(tag));
  console.log(`kept, with a pallet behind them: ${told(kept)}`);
  console.log(`read at once: ${told(await Promise.all(TAGS.map((tag) => epc.parse(tag))))}`);
  console.log(`the first is the second: ${kept[0] === kept[1]}`);
})();
JAVASCRIPT

still_seen <<'SEEN'
serials on the tags, each copied out at once: 400 401 402
kept, with a pallet behind them: SGTIN 1234567890, SGTIN 1234567890, SGTIN 1234567890, SSCC 1234567890
read at once: SGTIN 402, SGTIN 402, SGTIN 402
the first is the second: true
SEEN
