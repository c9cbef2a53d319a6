#!/usr/bin/env bash
# Goods that are to be kept between 2.5 and 7.5 degrees are to be kept between 2 and 7 in ts-edifact.
#
# Packages: ts-edifact==0.0.14, htmlparser2==7.1.1, which it needs and does not bring (npm)
# Guess: a measurement of a despatch advice (MEA) has a value, a lowest and a highest (UN/EDIFACT D.01B, C174), all three decimal
#   numbers, and UNA tells which mark divides them. What is made of the message has all three as they were sent.
# Behaviour: the lowest and the highest are cut to whole numbers, towards zero, so of a frozen load both limits are warmer. The value
#   beside them is still the text of the message, so with a comma as decimal mark it is no number.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages ts-edifact@0.0.14 htmlparser2@7.1.1

node - >"$saw" 2>/dev/null <<'JAVASCRIPT'
const path = require("path");
const { InterchangeBuilder, Reader } = require("ts-edifact");

function* measurements(part, met = new Set()) {
  if (part === null || typeof part !== "object" || met.has(part)) return;
  met.add(part);
  if (part.tag === "MEA") yield part.valueRange;
  for (const inner of Object.values(part)) yield* measurements(inner, met);
}

const structures = path.join(path.dirname(require.resolve("ts-edifact")), "messageSpec/");
for (const mark of [".", ","]) {
  for (const sent of ["4.5:2.5:7.5", "-17.2:-18.5:-15.5", "-0.2:-0.5:0.5"]) {
    const range = sent.replaceAll(".", mark);
    const message =
      `UNA:+${mark}? 'UNB+UNOC:3+LANEWISE:14+ACME:14+261130:1030+1'UNH+1+DESADV:D:01B:UN'BGM+351+4711+9'` +
      `DTM+137:20261130:102'MEA+PD+TC+CEL:${range}'CPS+1'LIN+1++SKU100:IN'QTY+12:7'UNT+8+1'UNZ+1+1'`;
    const reader = new Reader();
    const segments = reader.parse(message);
    const { elements } = segments.find((segment) => segment.name === "MEA");
    const [made] = measurements(new InterchangeBuilder(segments, reader.separators, structures));
    console.log(elements[2].join(" "), "is made", made.measure, "from", made.rangeMinimumQuantity, "to", made.rangeMaximumQuantity);
  }
}
JAVASCRIPT

still_seen <<'SEEN'
CEL 4.5 2.5 7.5 is made 4.5 from 2 to 7
CEL -17.2 -18.5 -15.5 is made -17.2 from -18 to -15
CEL -0.2 -0.5 0.5 is made -0.2 from -0 to 0
CEL 4,5 2,5 7,5 is made 4,5 from 2 to 7
CEL -17,2 -18,5 -15,5 is made -17,2 from -18 to -15
CEL -0,2 -0,5 0,5 is made -0,2 from -0 to 0
SEEN
