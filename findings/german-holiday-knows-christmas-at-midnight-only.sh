#!/usr/bin/env bash
# Christmas is a working day for german-holiday, from the first second of it on.
#
# Packages: german-holiday@1.2.0 (npm), feiertagejs@1.5.1 (npm)
# Guess: it takes a JavaScript date and a state, and says the holiday of that day, its page says, for calendars and schedules; so what is asked
#   at eight in the morning, or of a date that came as 2026-12-25, is answered as at midnight.
# Behaviour: only a date that is midnight to the millisecond, where the program runs, is a holiday. At any other time, so whenever it is asked of
#   now, no day is one; nor is a date that was read from ISO 8601 without a time, which is midnight of UTC.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages german-holiday@1.2.0 feiertagejs@1.5.1

cat >christmas.cjs <<'JAVASCRIPT'
const { holidayCheck } = require("german-holiday");
const { isHoliday } = require("feiertagejs");

for (const date of [new Date(2026, 11, 25), new Date(2026, 11, 25, 0, 0, 1), new Date(2026, 11, 25, 8), new Date("2026-12-25")]) {
  const when = `${date.toDateString()} ${date.toTimeString().slice(0, 8)}`;
  console.log(`${when}: german-holiday ${holidayCheck(date, "HH")}, feiertagejs ${isHoliday(date, "HH")}`);
}
JAVASCRIPT
TZ=Europe/Berlin node christmas.cjs >"$saw"

still_seen <<'SEEN'
Fri Dec 25 2026 00:00:00: german-holiday 1. Weihnachtstag, feiertagejs true
Fri Dec 25 2026 00:00:01: german-holiday false, feiertagejs true
Fri Dec 25 2026 08:00:00: german-holiday false, feiertagejs true
Fri Dec 25 2026 01:00:00: german-holiday false, feiertagejs true
SEEN
