#!/usr/bin/env bash
# A location or crate of a company with a prefix of twelve digits has another number in epc-tds than on its label.
#
# Packages: epc-tds==1.4.1 (npm), epcpy==0.1.8 (PyPI)
# Guess: twelve digits of prefix leave none for the place, so the URI has nothing between two dots and the check digit comes
#   right behind the prefix (TDS 2.3, 6.3.3, 6.3.4 and 6.3.8). Both libraries read the same memory alike.
# Behaviour: epc-tds puts a 0 where nothing is: a GLN of fourteen digits whose last is of no use, an asset type or document of
#   fourteen as well. The right URI is to it "not a known EPC tag URI scheme". Shorter prefixes are right.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages epcpy==0.1.8
npm_packages epc-tds@1.4.1

"$python" -I -W ignore - >tags <<'PYTHON'
from epcpy.epc_schemes import GDTI, GRAI, SGLN
from epcpy.epc_schemes.gdti import GDTIFilterValue
from epcpy.epc_schemes.grai import GRAIFilterValue
from epcpy.epc_schemes.sgln import SGLNFilterValue

for prefix, reference in (("95201234567", "8"), ("952012345678", "")):
    for scheme, coding, all_others in (
        (SGLN, SGLN.BinaryCodingScheme.SGLN_96, SGLNFilterValue.ALL_OTHERS),
        (GRAI, GRAI.BinaryCodingScheme.GRAI_96, GRAIFilterValue.ALL_OTHERS),
        (GDTI, GDTI.BinaryCodingScheme.GDTI_96, GDTIFilterValue.ALL_OTHERS),
    ):
        tag = scheme.from_epc_uri(f"urn:epc:id:{scheme.__name__.lower()}:{prefix}.{reference}.7")
        bits = tag.binary(binary_coding_scheme=coding, filter_value=all_others)
        print(f"{int(bits, 2):024X}", tag.gs1_element_string(), tag.tag_uri(coding, all_others))
PYTHON

node - >"$saw" <<'JAVASCRIPT'
const { valueOf, fromTagURI } = require("epc-tds");
for (const line of require("fs").readFileSync("tags", "utf8").trim().split("\n")) {
  const [memory, label, uri] = line.split(" ");
  let written;
  try {
    written = fromTagURI(uri).toHexString();
  } catch {
    written = "refused";
  }
  const tag = valueOf(memory);
  console.log(label, uri, written === memory ? "taken" : written, "| epc-tds:", tag.toBarcode(), tag.toTagURI());
}
JAVASCRIPT

still_seen <<'SEEN'
(414)9520123456788(254)7 urn:epc:tag:sgln-96:0.95201234567.8.7 taken | epc-tds: 9520123456788 urn:epc:tag:sgln-96:0.95201234567.8.7
(8003)095201234567887 urn:epc:tag:grai-96:0.95201234567.8.7 taken | epc-tds: 95201234567887 urn:epc:tag:grai-96:0.95201234567.8.7
(253)95201234567887 urn:epc:tag:gdti-96:0.95201234567.8.7 taken | epc-tds: 95201234567887 urn:epc:tag:gdti-96:0.95201234567.8.7
(414)9520123456788(254)7 urn:epc:tag:sgln-96:0.952012345678..7 refused | epc-tds: 95201234567804 urn:epc:tag:sgln-96:0.952012345678.0.7
(8003)095201234567887 urn:epc:tag:grai-96:0.952012345678..7 refused | epc-tds: 952012345678047 urn:epc:tag:grai-96:0.952012345678.0.7
(253)95201234567887 urn:epc:tag:gdti-96:0.952012345678..7 refused | epc-tds: 952012345678047 urn:epc:tag:gdti-96:0.952012345678.0.7
SEEN
