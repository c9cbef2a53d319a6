#!/usr/bin/env bash
# The SSCC that gsone makes has nineteen digits, its GTIN-14 fifteen, and the check digit of neither counts the first.
#
# Packages: gsone==0.1.0, python-stdnum==2.2 (PyPI)
# Guess: an SSCC has eighteen digits: the extension, sixteen for company and serial, and a check digit over these seventeen; so does a
#   GTIN-14 count its first digit, the indicator, in the check digit (GS1 General Specifications, 3.2 and 7.9).
# Behaviour: company and serial are filled up to seventeen, the check digit is that of these, and the extension is put before all. A
#   GTIN-14 gets its indicator the same way. With an empty extension, and the digit written before the company's prefix, all is as it
#   should be.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages gsone==0.1.0 python-stdnum==2.2

"$python" -I - >"$saw" <<'PYTHON'
from gsone import gsone
from stdnum import ean, gs1_128


def judged(name, number):
    digits = number.partition(")")[2]
    try:
        verdict = gs1_128.info(number)
    except Exception as error:
        verdict = repr(error)
    print(f"{name} {number}: {len(digits)} digits, check digit over all of them {ean.calc_check_digit(digits[:-1])}; {verdict}")


judged("SSCC, extension 0:", gsone.get_barcode_sscc("4006381", "123456789"))
judged("SSCC, extension 3:", gsone.get_barcode_sscc("4006381", "123456789", ext="3"))
judged("SSCC, none, 3 before the company:", gsone.get_barcode_sscc("34006381", "123456789", ext=""))
judged("GTIN-14, indicator 1:", gsone.get_barcode_gtin14("4006381", "33393", app_id="(01)", ext="1"))
judged("GTIN-14, none, 1 before the company:", gsone.get_barcode_gtin14("14006381", "33393", app_id="(01)", ext=""))
PYTHON

still_seen <<'SEEN'
SSCC, extension 0: (00)0400638101234567897: 19 digits, check digit over all of them 7; InvalidComponent()
SSCC, extension 3: (00)3400638101234567897: 19 digits, check digit over all of them 4; InvalidComponent()
SSCC, none, 3 before the company: (00)340063811234567896: 18 digits, check digit over all of them 6; {'00': '340063811234567896'}
GTIN-14, indicator 1: (01)140063810333933: 15 digits, check digit over all of them 2; InvalidChecksum()
GTIN-14, none, 1 before the company: (01)14006381333938: 14 digits, check digit over all of them 8; {'01': '14006381333938'}
SEEN
