#!/usr/bin/env bash
# The postal codes that Taiwan has had since 2020 and Vietnam since 2018 are refused by postal-codes-js, the ones before are valid.
#
# Packages: postal-codes-js==2.5.2, postcode-validator==3.10.22, validator==13.15.35 (npm)
# Guess: a library that checks postal codes takes those that are written today: of Taiwan three digits, and for a house three more (3+3,
#   since March 2020; 3+2 before); of Vietnam five (since 2018; six before); and for a place without codes, as Hong Kong, none.
# Behaviour: Taiwan's six digits and Vietnam's five are "not valid", and an address in Hong Kong lacks its code. The two others take what
#   is written today, where they know the country.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages postal-codes-js@2.5.2 postcode-validator@3.10.22 validator@13.15.35

node - >"$saw" <<'JAVASCRIPT'
const postalCodes = require("postal-codes-js");
const { postcodeValidator, postcodeValidatorExistsForCountry } = require("postcode-validator");
const validator = require("validator");

const codes = { TW: ["110", "11048", "110204"], VN: ["100000", "10000"], HK: [""], JP: ["100-0001"] };
for (const [country, written] of Object.entries(codes)) {
  for (const code of written) {
    const first = postalCodes.validate(country, code);
    const second = postcodeValidatorExistsForCountry(country) ? postcodeValidator(code, country) : "no such country";
    const third = validator.isPostalCodeLocales.includes(country) ? validator.isPostalCode(code, country) : "no such country";
    console.log(`${country} "${code}": postal-codes-js ${first}, postcode-validator ${second}, validator ${third}`);
  }
}
JAVASCRIPT

still_seen <<'SEEN'
TW "110": postal-codes-js true, postcode-validator true, validator true
TW "11048": postal-codes-js true, postcode-validator true, validator true
TW "110204": postal-codes-js Postal code 110204 is not valid for country TW, postcode-validator true, validator true
VN "100000": postal-codes-js true, postcode-validator true, validator no such country
VN "10000": postal-codes-js Postal code 10000 is not valid for country VN, postcode-validator true, validator no such country
HK "": postal-codes-js Missing postal code., postcode-validator no such country, validator no such country
JP "100-0001": postal-codes-js true, postcode-validator true, validator true
SEEN
