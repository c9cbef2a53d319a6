#!/usr/bin/env bash
# A price with its currency is read by bark-js as a price five thousand times as high.
#
# Packages: bark-js@1.2.1, gs1-barcode-parser-mod@1.2.1 (npm), biip==5.2.0 (PyPI)
# Guess: of 3912 978 199 the first three digits are the currency by ISO 4217, and 199 is the amount, with two decimals
#   (GS1 General Specifications, 3.6: 391n and 393n): 1.99 EUR. Who has no field for the currency gives the amount at least.
# Behaviour: the currency stands before the amount as its leading digits: 9781.99, with a title that speaks of the amount in an
#   ISO currency. So too the price of an article of variable measure (393n). The other two have 1.99.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages biip==5.2.0
npm_packages bark-js@1.2.1 gs1-barcode-parser-mod@1.2.1

node - >"$saw" <<'JAVASCRIPT'
const bark = require("bark-js");
const { parseBarcode } = require("gs1-barcode-parser-mod");

for (const label of ["3912978199", "3932901125000", "3922199"]) {
  const [{ title, value }] = bark(label).elements;
  const [{ data, unit }] = parseBarcode(label).parsedCodeItems;
  console.log(`${label}: bark-js ${value} (${title}), gs1-barcode-parser-mod ${data} ${unit || "without currency"}`);
}
JAVASCRIPT
"$python" -I - >>"$saw" <<'PYTHON'
import biip

for label in ("3912978199", "3932901125000"):
    (element,) = biip.parse(label).gs1_message.element_strings
    print(f"{label}: biip {element.decimal}")
PYTHON

still_seen <<'SEEN'
3912978199: bark-js 9781.99 (AMOUNT), gs1-barcode-parser-mod 1.99 978
3932901125000: bark-js 9011250.00 (PRICE), gs1-barcode-parser-mod 1250 901
3922199: bark-js 1.99 (PRICE), gs1-barcode-parser-mod 1.99 without currency
3912978199: biip 1.99
3932901125000: biip 1250.00
SEEN
