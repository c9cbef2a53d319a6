#!/usr/bin/env bash
# A weight that has one digit too many for its label is written lighter by python-stdnum, without a word.
#
# Packages: python-stdnum==2.2 (PyPI)
# Guess: encode puts a Decimal into the six digits of (310n), under the identifier that was asked for, and raises where it
#   does not fit.
# Behaviour: the fourth digit of the identifier is chosen anew from the number, and what the six digits do not hold is cut
#   off: 1234.569 kg asked for as 3103 are 1234.56 kg as 3102. Only a weight of seven digits before the point is refused.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages python-stdnum==2.2

"$python" -I - >"$saw" <<'PYTHON'
from decimal import Decimal

from stdnum import gs1_128

for weight in ("1.75", "234.569", "1234.569", "12345.99", "999999.9", "1234567"):
    try:
        written = gs1_128.encode({"3103": Decimal(weight)})
        print(weight, "kg as 3103 is", written, "which is", gs1_128.info(written))
    except Exception as error:
        print(weight, "kg as 3103:", repr(error))
PYTHON

still_seen <<'SEEN'
1.75 kg as 3103 is 3102000175 which is {'3102': Decimal('1.75')}
234.569 kg as 3103 is 3103234569 which is {'3103': Decimal('234.569')}
1234.569 kg as 3103 is 3102123456 which is {'3102': Decimal('1234.56')}
12345.99 kg as 3103 is 3101123459 which is {'3101': Decimal('12345.9')}
999999.9 kg as 3103 is 3100999999 which is {'3100': Decimal('999999')}
1234567 kg as 3103: InvalidComponent()
SEEN
