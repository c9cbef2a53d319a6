#!/usr/bin/env bash
# An order that comes an hour into a shift to midnight waits for the next day's shift in businesstimedelta.
#
# Packages: businesstimedelta==1.0.1, holidays==0.109, pytz==2026.6 (PyPI)
# Guess: a shift whose end is before its start goes into the next day, as its class says, and one from 16:00 to 0:00 ends at midnight;
#   a time inside of it is working time, as it is for a shift from 14:00 to 22:00.
# Behaviour: whoever asks from the moment when such a shift begins gets the next one. Between 17:00 and 20:00 no hour is worked, and two
#   hours after 17:00 is 18:00 of the day after. Who asks from a minute before it begins gets all its hours, so examples go well.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages businesstimedelta==1.0.1 holidays==0.109 pytz==2026.6

"$python" -I -W ignore - >"$saw" <<'PYTHON'
from datetime import datetime, time

from businesstimedelta import BusinessTimeDelta, Rules, WorkDayRule

CASES = (
    (14, 22, "2026-12-01 15:00", "2026-12-01 20:00"),
    (16, 0, "2026-12-01 15:59", "2026-12-01 20:00"),
    (16, 0, "2026-12-01 17:00", "2026-12-01 20:00"),
    (22, 6, "2026-12-01 21:59", "2026-12-02 06:00"),
    (22, 6, "2026-12-01 22:30", "2026-12-02 06:00"),
    (22, 6, "2026-12-02 01:00", "2026-12-02 06:00"),
)
for begin, end, came, due in CASES:
    shift = Rules([WorkDayRule(start_time=time(begin), end_time=time(end), working_days=[0, 1, 2, 3, 4])])
    worked = shift.difference(datetime.fromisoformat(came), datetime.fromisoformat(due))
    packed = datetime.fromisoformat(came) + BusinessTimeDelta(shift, hours=2)
    print(f"{begin} to {end}: from {came} to {due} {worked.hours} hours, two hours later is {packed:%Y-%m-%d %H:%M}")
PYTHON

still_seen <<'SEEN'
14 to 22: from 2026-12-01 15:00 to 2026-12-01 20:00 5 hours, two hours later is 2026-12-01 17:00
16 to 0: from 2026-12-01 15:59 to 2026-12-01 20:00 4 hours, two hours later is 2026-12-01 18:00
16 to 0: from 2026-12-01 17:00 to 2026-12-01 20:00 0 hours, two hours later is 2026-12-02 18:00
22 to 6: from 2026-12-01 21:59 to 2026-12-02 06:00 8 hours, two hours later is 2026-12-02 00:00
22 to 6: from 2026-12-01 22:30 to 2026-12-02 06:00 0 hours, two hours later is 2026-12-03 00:00
22 to 6: from 2026-12-02 01:00 to 2026-12-02 06:00 0 hours, two hours later is 2026-12-03 00:00
SEEN
