#!/usr/bin/env bash
# Korea is at work on 8 February 2027, the second day of its new year, for workalendar, which counts China's moons.
#
# Packages: workalendar==17.0.0, holidays==0.109 (PyPI), date-holidays@3.37.0 (npm)
# Guess: Seollal and the days beside it are off (Korea's decree on the holidays of public offices, article 2), and its day is the first of
#   the moon by Korea's time, UTC+9 (KASI's almanac): 7 February 2027, since the moon is new at 15:56 UTC on the 6th. In China it is
#   still the 6th. Every library that has Korea as a country has Korea's day.
# Behaviour: workalendar takes Korea's new year from a table of China's calendar. In 2027 and 2028 its three days are a day early, so a
#   carrier is to drive on the third of them, and has a day off before they begin; the other years are right, and nobody sees it.
# Seen: 2026-11-30, Debian 12, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages workalendar==17.0.0 holidays==0.109
npm_packages date-holidays@3.37.0

"$python" -I - >"$saw" <<'PYTHON'
import holidays
from workalendar.asia import SouthKorea

for year in range(2026, 2030):
    known = holidays.country_holidays("KR", years=year, language="en_US")
    off = [day for day, name in SouthKorea().holidays(year) if "Korean" in name]
    print(year, "workalendar:", *(f"{day:%a %d %b}" for day in off))
    print(year, "holidays:   ", *(f"{day:%a %d %b}" for day in sorted(known) if "Korean New Year" in known[day]))
PYTHON
node - >>"$saw" <<'JAVASCRIPT'
const Holidays = require("date-holidays");

const korea = new Holidays("KR");
for (const year of [2026, 2027, 2028, 2029]) {
  const seollal = korea.getHolidays(year).find(({ rule }) => rule.startsWith("korean 01-0-01"));
  console.log(year, "date-holidays, the day itself:", seollal.date.slice(0, 10));
}
JAVASCRIPT

still_seen <<'SEEN'
2026 workalendar: Mon 16 Feb Tue 17 Feb Wed 18 Feb
2026 holidays:    Mon 16 Feb Tue 17 Feb Wed 18 Feb
2027 workalendar: Fri 05 Feb Sat 06 Feb Sun 07 Feb
2027 holidays:    Sat 06 Feb Sun 07 Feb Mon 08 Feb Tue 09 Feb
2028 workalendar: Tue 25 Jan Wed 26 Jan Thu 27 Jan
2028 holidays:    Wed 26 Jan Thu 27 Jan Fri 28 Jan
2029 workalendar: Mon 12 Feb Tue 13 Feb Wed 14 Feb
2029 holidays:    Mon 12 Feb Tue 13 Feb Wed 14 Feb
2026 date-holidays, the day itself: 2026-02-17
2027 date-holidays, the day itself: 2027-02-07
2028 date-holidays, the day itself: 2028-01-27
2029 date-holidays, the day itself: 2029-02-13
SEEN
