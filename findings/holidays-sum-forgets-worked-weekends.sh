#!/usr/bin/env bash
# Two calendars of holidays that both work on a Saturday, added, do not.
#
# Packages: holidays==0.109 (PyPI)
# Guess: the sum of two countries, which is how one asks when maker and carrier are both closed or open, has free what either
#   has free. A Saturday that both make up for a long holiday is a working day in both and in their sum.
# Behaviour: the sum has lost the worked weekends: is_working_day says no, the count of working days is short, and the next
#   working day is later. The holidays themselves are all there.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages holidays==0.109

"$python" -I - >"$saw" <<'PYTHON'
from datetime import date

import holidays

china, taiwan = holidays.CN(years=2025), holidays.TW(years=2025)
for name, calendar in (("China", china), ("Taiwan", taiwan), ("China + Taiwan", china + taiwan)):
    print(
        f"{name}: Saturday 2025-02-08 works {calendar.is_working_day(date(2025, 2, 8))},",
        f"after Friday comes {calendar.get_nth_working_day(date(2025, 2, 7), 1)},",
        f"{calendar.get_working_days_count(date(2025, 2, 5), date(2025, 2, 9))} days worked from Wednesday to Sunday",
    )
PYTHON

still_seen <<'SEEN'
China: Saturday 2025-02-08 works True, after Friday comes 2025-02-08, 4 days worked from Wednesday to Sunday
Taiwan: Saturday 2025-02-08 works True, after Friday comes 2025-02-08, 4 days worked from Wednesday to Sunday
China + Taiwan: Saturday 2025-02-08 works False, after Friday comes 2025-02-10, 3 days worked from Wednesday to Sunday
SEEN
