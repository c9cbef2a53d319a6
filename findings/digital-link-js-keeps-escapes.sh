#!/usr/bin/env bash
# The serial of a Digital Link is another one in digital-link.js than on the label, where it has a slash.
#
# Packages: digital-link.js==1.4.3 (npm), biip==5.2.0 (PyPI)
# Guess: a serial A/B stands in the link as A%2FB (GS1 Digital Link URI syntax, 4.10), and a library gives back A/B, which is
#   what the element string of the same label says.
# Behaviour: digital-link.js gives A%2FB, calls the link valid, and writes it again as it was. A lot %20 and a lot of one
#   space cannot be told apart by who reads either. biip reads A/B from both spellings.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages biip==5.2.0
npm_packages digital-link.js@1.4.3

node - >"$saw" <<'JAVASCRIPT'
const { DigitalLink } = require("digital-link.js");
const link = DigitalLink("https://id.gs1.org/01/10614141123459/21/A%2FB");
console.log("digital-link.js, link:", link.getKeyQualifier("21"), "valid:", link.isValid());
JAVASCRIPT

"$python" -I - >>"$saw" <<'PYTHON'
import biip

link = biip.parse("https://id.gs1.org/01/10614141123459/21/A%2FB").gs1_digital_link_uri
label = biip.parse("]d2011061414112345921A/B").gs1_message
print("biip, link:", link.element_strings.get(ai="21").value)
print("biip, label:", label.element_strings.get(ai="21").value)
PYTHON

still_seen <<'SEEN'
digital-link.js, link: A%2FB valid: true
biip, link: A/B
biip, label: A/B
SEEN
