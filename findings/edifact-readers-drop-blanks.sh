#!/usr/bin/env bash
# Two EDIFACT readers drop the blanks of a message that says it has no release character.
#
# Packages: pydifact==0.2.3 (PyPI), edifact@1.2.12 (npm)
# Guess: a blank in the fifth place of UNA says that nothing is escaped (ISO 9735-1, 7.1), so text keeps its blanks, and a
#   question mark is a letter like others.
# Behaviour: both take the blank itself for the release character. Each one goes from every name, street and text, with no
#   error, and pydifact writes the message again without them. Where a segment ends in a blank, its end is escaped.
# Seen: 2026-11-29, Debian 12, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages pydifact==0.2.3
npm_packages edifact@1.2.12

"$python" -I -W ignore - >"$saw" <<'PYTHON'
from pydifact.segmentcollection import Interchange

body = "UNB+UNOC:3+4012345000009:14+9520123000009:14+261129:1000+1'UNH+1+DESADV:D:96A:UN'NAD+ST+++North Depot 7+1 Dock Road'UNT+3+1'UNZ+1+1'"
for service in ("UNA:+.? '", "UNA:+.  '"):
    interchange = Interchange.from_str(service + body)
    (despatch,) = interchange.get_messages()
    print("pydifact", service, despatch.segments[0].elements, "1 Dock Road" in interchange.serialize())
PYTHON

node - >>"$saw" <<'JAVASCRIPT'
const Reader = require("edifact/reader.js");
const body = "UNB+UNOC:3+4012345000009:14+9520123000009:14+261129:1000+1'UNH+1+DESADV:D:96A:UN'NAD+ST+++North Depot 7+1 Dock Road'UNT+3+1'UNZ+1+1'";
for (const service of ["UNA:+.? '", "UNA:+.  '"]) {
  const despatch = new Reader({ autoDetectEncoding: true }).parse(service + body);
  console.log("edifact", service, despatch[2].elements.flat().filter(String).join(" | "));
}
JAVASCRIPT

still_seen <<'SEEN'
pydifact UNA:+.? ' ['ST', '', '', 'North Depot 7', '1 Dock Road'] True
pydifact UNA:+.  ' ['ST', '', '', 'NorthDepot7', '1DockRoad'] False
edifact UNA:+.? ' ST | North Depot 7 | 1 Dock Road
edifact UNA:+.  ' ST | NorthDepot7 | 1DockRoad
SEEN
