#!/usr/bin/env bash
# A yard that is open from sunrise to sunset is open from 6 to 18 in opening_hours, if its place is given as numbers.
#
# Packages: opening_hours@3.15.0 (npm), opening-hours-py==2.1.4 (PyPI)
# Guess: lat and lon of the place give the hours of the sun, so its page says, and its types say that both are numbers
#   (types/index.d.ts, nominatim_object). Without a place it has constants, 6:00 and 18:00, and says so.
# Behaviour: only places whose lat and lon are text, as Nominatim writes them, have a sun of their own. With numbers it is
#   at 6:00 and 18:00 everywhere and all year, without a word: lamps at a gate stay dark for two hours of a winter's evening.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages opening-hours-py==2.1.4
npm_packages opening_hours@3.15.0

export TZ=Europe/Berlin
cat >sun.cjs <<'JAVASCRIPT'
const OpeningHours = require("opening_hours");

const address = { country_code: "de", state: "Berlin" };
for (const [what, lat, lon] of [["numbers", 52.5, 13.4], ["text", "52.5", "13.4"]]) {
  for (const day of ["2026-06-21", "2026-12-21"]) {
    const yard = new OpeningHours("sunrise-sunset", { lat, lon, address });
    const intervals = yard.getOpenIntervals(new Date(`${day}T00:00`), new Date(`${day}T23:59`));
    const [[from, to]] = intervals.map((times) => times.slice(0, 2).map((time) => time.toTimeString().slice(0, 5)));
    console.log(`opening_hours, ${what}, ${day}: ${from} to ${to}`);
  }
}
JAVASCRIPT
node sun.cjs >"$saw"
grep --only-matching --extended-regexp "(lat|lon): number$" node_modules/opening_hours/types/index.d.ts | sort --unique >>"$saw"
"$python" -I - >>"$saw" <<'PYTHON'
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours

yard = OpeningHours("sunrise-sunset", coords=(52.5, 13.4), timezone=ZoneInfo("Europe/Berlin"))
for day in (datetime(2026, 6, 21), datetime(2026, 12, 21)):
    (times,) = [part[:2] for part in yard.intervals(day, day + timedelta(days=1)) if str(part[2]) == "open"]
    print(f"opening-hours-py, {day:%Y-%m-%d}: {times[0]:%H:%M} to {times[1]:%H:%M}")
PYTHON

still_seen <<'SEEN'
opening_hours, numbers, 2026-06-21: 06:00 to 18:00
opening_hours, numbers, 2026-12-21: 06:00 to 18:00
opening_hours, text, 2026-06-21: 04:43 to 21:33
opening_hours, text, 2026-12-21: 08:14 to 15:54
lat: number
lon: number
opening-hours-py, 2026-06-21: 04:43 to 21:33
opening-hours-py, 2026-12-21: 08:14 to 15:53
SEEN
