#!/usr/bin/env bash
# What Taiwan's post carries has no tracking number, for two libraries that know those of the posts around it.
#
# Packages: tracking-numbers==0.1.8 (PyPI), ts-tracking-number@1.0.17 (npm)
# Guess: two letters, eight digits, a check digit and the country are a number of the Universal Postal Union's S10, from whichever country;
#   a library looks at the check digit, and knows TW as well as JP.
# Behaviour: both look the country up in a list, in which TW and MO are missing. Their numbers are no carrier's, with nothing to tell them
#   from a number that was typed wrongly, although the posts of both give them. Every other country that was tried is known.
# Seen: 2026-11-30, Debian 12, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages tracking-numbers==0.1.8
npm_packages ts-tracking-number@1.0.17

cat >numbers.py <<'PYTHON'
WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def s10(digits, country):
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True)) % 11
    return f"RB{digits}{ {10: 0, 11: 5}.get(rest, rest) }{country}"


for country in ("GB", "JP", "KR", "CN", "HK", "SG", "TW", "MO"):
    print(*(s10(f"{12345678 + 1111 * number:08}", country) for number in range(50)))
PYTHON
"$python" -I numbers.py >numbers
"$python" -I - >"$saw" <<'PYTHON'
from tracking_numbers import get_tracking_number

with open("numbers") as lines:
    for numbers in map(str.split, lines):
        names = {found and found.courier.name for found in map(get_tracking_number, numbers)}
        print(f"tracking-numbers: {numbers[0]} and {len(numbers) - 1} more: {names}")
PYTHON
node - >>"$saw" <<'JAVASCRIPT'
const { readFileSync } = require("fs");
const { getTracking } = require("ts-tracking-number");

for (const line of readFileSync("numbers", "utf8").trim().split("\n")) {
  const numbers = line.split(" ");
  const names = new Set(numbers.map((number) => getTracking(number)?.name ?? "none"));
  console.log(`ts-tracking-number: ${numbers[0]} and ${numbers.length - 1} more:`, ...names);
}
JAVASCRIPT

still_seen <<'SEEN'
tracking-numbers: RB123456785GB and 49 more: {'S10 International Standard'}
tracking-numbers: RB123456785JP and 49 more: {'S10 International Standard'}
tracking-numbers: RB123456785KR and 49 more: {'S10 International Standard'}
tracking-numbers: RB123456785CN and 49 more: {'S10 International Standard'}
tracking-numbers: RB123456785HK and 49 more: {'S10 International Standard'}
tracking-numbers: RB123456785SG and 49 more: {'S10 International Standard'}
tracking-numbers: RB123456785TW and 49 more: {None}
tracking-numbers: RB123456785MO and 49 more: {None}
ts-tracking-number: RB123456785GB and 49 more: S10
ts-tracking-number: RB123456785JP and 49 more: S10
ts-tracking-number: RB123456785KR and 49 more: S10
ts-tracking-number: RB123456785CN and 49 more: S10
ts-tracking-number: RB123456785HK and 49 more: S10
ts-tracking-number: RB123456785SG and 49 more: S10
ts-tracking-number: RB123456785TW and 49 more: none
ts-tracking-number: RB123456785MO and 49 more: none
SEEN
