#!/usr/bin/env bash
# Weekdays on which Taiwan is closed, since a holiday fell on a weekend, are working days of workalendar.
#
# Packages: workalendar==17.0.0, holidays==0.109 (PyPI)
# Guess: of a holiday on a Saturday the Friday before is off, of one on a Sunday the Monday after (Taiwan's law on memorial
#   days and holidays), in every library that has the country: carriers do not fetch on 2026-02-27.
# Behaviour: holidays has these days; for workalendar they are working days, so a promised day is one on which nobody drives.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages workalendar==17.0.0 holidays==0.109

"$python" -I - >"$saw" <<'PYTHON'
from datetime import date

import holidays
from workalendar.asia import Taiwan

calendar, known = Taiwan(), holidays.country_holidays("TW", language="en_US")
for day in (date(2026, 2, 27), date(2026, 4, 3), date(2026, 4, 6), date(2026, 10, 9)):
    print(day, f"{day:%A}: {known.get(day)}; workalendar works: {calendar.is_working_day(day)}")
PYTHON

still_seen <<'SEEN'
2026-02-27 Friday: Peace Memorial Day (observed); workalendar works: True
2026-04-03 Friday: Children's Day (observed); workalendar works: True
2026-04-06 Monday: Tomb-Sweeping Day (observed); workalendar works: True
2026-10-09 Friday: National Day (observed); workalendar works: True
SEEN
