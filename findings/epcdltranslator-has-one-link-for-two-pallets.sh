#!/usr/bin/env bash
# Two pallets whose serials differ in front of the last five digits can have one Digital Link in epcdltranslator, and it is of neither.
#
# Packages: epcdltranslator==1.0.0, gtin==1.3.1649173518, which it needs and does not bring, epcpy==0.1.8 (PyPI)
# Guess: /00/ is followed by the eighteen digits of the SSCC: extension digit, company, the rest of the serial, check digit (EPC Tag Data
#   Standard 1.13, 6.3.2 and 7; GS1 Digital Link 1.1). Another pallet has another link; what cannot be translated is told by a text,
#   as the library does with other schemes.
# Behaviour: the extension digit is put before the company and left in the serial as well, and of the eighteen digits that gives a GTIN-14 is
#   made, with five of them missing and another first digit, without a word. Relations (GSRN) and shipments (GSIN) are cut alike;
#   articles and crates are right. With gtin 0.1.13, of its year, the SSCC has nineteen digits.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages epcdltranslator==1.0.0 gtin==1.3.1649173518 epcpy==0.1.8

"$python" -I - >"$saw" <<'PYTHON'
from epcdltranslator import epcDLTranslator
from epcpy.epc_schemes import GRAI, GSIN, GSRN, SGTIN, SSCC

for scheme, rest in (
    (SGTIN, "sgtin:4012345.011111.987"), (GRAI, "grai:4012345.11111.987"), (SSCC, "sscc:4012345.1000004711"),
    (SSCC, "sscc:4012345.1013004711"), (GSRN, "gsrn:4012345.0000000815"), (GSIN, "gsin:4012345.000004711"),
):
    uri = f"urn:epc:id:{rest}"
    print(uri, "in epcpy", scheme.from_epc_uri(uri).gs1_element_string())
    print(" ", epcDLTranslator(uri))
PYTHON

still_seen <<'SEEN'
urn:epc:id:sgtin:4012345.011111.987 in epcpy (01)04012345111118(21)987
  https://id.gs1.org/01/04012345111118/21/987
urn:epc:id:grai:4012345.11111.987 in epcpy (8003)04012345111118987
  https://id.gs1.org/8003/04012345111118987
urn:epc:id:sscc:4012345.1000004711 in epcpy (00)140123450000047117
  https://id.gs1.org/00/34012345047114
urn:epc:id:sscc:4012345.1013004711 in epcpy (00)140123450130047117
  https://id.gs1.org/00/34012345047114
urn:epc:id:gsrn:4012345.0000000815 in epcpy (8018)401234500000008155
  https://id.gs1.org/8018/34500000008155
urn:epc:id:gsin:4012345.000004711 in epcpy (402)40123450000047110
  https://id.gs1.org/402/23450000047110
SEEN
