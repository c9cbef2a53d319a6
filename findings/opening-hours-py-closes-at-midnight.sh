#!/usr/bin/env bash
# A dock that opens on Tuesday night until 2 closes at midnight for opening-hours-py, if Wednesday has hours of its own.
#
# Packages: opening-hours-py==2.1.4 (PyPI), opening_hours@3.15.0 (npm)
# Guess: "Mo-Sa 08:00-12:00; Tu,Th 22:00-02:00" means four more hours on two nights: a rule replaces the ones before it (OpenStreetMap's
#   specification of opening_hours, 0.7.2, rule separators), not those behind it, and a span over midnight belongs to the rule of
#   the day on which it begins. opening_hours, which that specification calls its most sophisticated implementation, answers so.
# Behaviour: the two hours behind midnight are gone where any other rule, even an earlier one, has the day on which they lie. Alone, or
#   before a Sunday without hours, the same rule is whole. Where the other rule comes later both libraries drop them, and opening_hours
#   says why in its page.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages opening-hours-py==2.1.4
npm_packages opening_hours@3.15.0

cat >rules <<'RULES'
Mo-Sa 08:00-12:00; Tu,Th 22:00-02:00
Tu,Th 22:00-02:00
Mo-Fr 08:00-12:00; Tu,Fr 22:00-02:00
Sa 08:00-12:00; Mo-Fr 22:00-06:00
Mo-Fr 22:00-06:00; Sa 08:00-12:00
RULES
cat >nights.cjs <<'JAVASCRIPT'
const { readFileSync } = require("fs");
const OpeningHours = require("opening_hours");

const moment = (time) => `${time.toDateString().slice(0, 3)} ${time.toTimeString().slice(0, 5)}`;
for (const rule of readFileSync("rules", "utf8").trim().split("\n")) {
  const week = new OpeningHours(rule).getOpenIntervals(new Date("2026-11-30T00:00"), new Date("2026-12-07T00:00"));
  const nights = week.filter(([from]) => from.getHours() >= 20).map(([from, to]) => `${moment(from)} to ${moment(to)}`);
  console.log(`${rule}\n  opening_hours: ${nights.join(", ")}`);
}
JAVASCRIPT
node nights.cjs >"$saw"
"$python" -I - >>"$saw" <<'PYTHON'
from datetime import datetime
from pathlib import Path

from opening_hours import OpeningHours

for rule in Path("rules").read_text().splitlines():
    week = OpeningHours(rule).intervals(datetime(2026, 11, 30), datetime(2026, 12, 7))
    nights = [f"{begin:%a %H:%M} to {end:%a %H:%M}" for begin, end, state, _ in week if str(state) == "open" and begin.hour >= 20]
    print(f"{rule}\n  opening-hours-py: {', '.join(nights)}")
PYTHON

still_seen <<'SEEN'
Mo-Sa 08:00-12:00; Tu,Th 22:00-02:00
  opening_hours: Tue 22:00 to Wed 02:00, Thu 22:00 to Fri 02:00
Tu,Th 22:00-02:00
  opening_hours: Tue 22:00 to Wed 02:00, Thu 22:00 to Fri 02:00
Mo-Fr 08:00-12:00; Tu,Fr 22:00-02:00
  opening_hours: Tue 22:00 to Wed 02:00, Fri 22:00 to Sat 02:00
Sa 08:00-12:00; Mo-Fr 22:00-06:00
  opening_hours: Mon 22:00 to Tue 06:00, Tue 22:00 to Wed 06:00, Wed 22:00 to Thu 06:00, Thu 22:00 to Fri 06:00, Fri 22:00 to Sat 06:00
Mo-Fr 22:00-06:00; Sa 08:00-12:00
  opening_hours: Mon 22:00 to Tue 06:00, Tue 22:00 to Wed 06:00, Wed 22:00 to Thu 06:00, Thu 22:00 to Fri 06:00, Fri 22:00 to Sat 00:00
Mo-Sa 08:00-12:00; Tu,Th 22:00-02:00
  opening-hours-py: Tue 22:00 to Wed 00:00, Thu 22:00 to Fri 00:00
Tu,Th 22:00-02:00
  opening-hours-py: Tue 22:00 to Wed 02:00, Thu 22:00 to Fri 02:00
Mo-Fr 08:00-12:00; Tu,Fr 22:00-02:00
  opening-hours-py: Tue 22:00 to Wed 00:00, Fri 22:00 to Sat 02:00
Sa 08:00-12:00; Mo-Fr 22:00-06:00
  opening-hours-py: Mon 22:00 to Tue 06:00, Tue 22:00 to Wed 06:00, Wed 22:00 to Thu 06:00, Thu 22:00 to Fri 06:00, Fri 22:00 to Sat 00:00
Mo-Fr 22:00-06:00; Sa 08:00-12:00
  opening-hours-py: Mon 22:00 to Tue 06:00, Tue 22:00 to Wed 06:00, Wed 22:00 to Thu 06:00, Thu 22:00 to Fri 06:00, Fri 22:00 to Sat 00:00
SEEN
