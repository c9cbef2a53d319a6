#!/usr/bin/env bash
# On the Sunday on which the clocks go forward, a shift from 6 to 14 is from 7 to 15 in rickar/cal, and back by an hour in autumn.
#
# Packages: github.com/rickar/cal/v2@v2.1.13 (Go)
# Guess: SetWorkHours(6h, 14h) are hours on the clock of the time's zone, every day; where the clocks change at 2 or 3 at night, the shift is
#   as on other days. So it is in IsWorkTime.
# Behaviour: WorkdayStart, WorkdayEnd and AddWorkHours count six hours from midnight, one of which is missing or there twice, so what is
#   promised for that Sunday is an hour late or early. WorkHoursInRange mixes both and counts a half hour that IsWorkTime denies,
#   or minus an hour for the one behind the shift. Who does not work on Sundays never sees it.
# Seen: 2026-11-30, Debian 12, Go 1.26.8

. "$(dirname "$0")/_tools"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"time"
	_ "time/tzdata"

	"github.com/rickar/cal/v2"
)

func main() {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	calendar := cal.NewBusinessCalendar()
	calendar.SetWorkday(time.Saturday, true)
	calendar.SetWorkday(time.Sunday, true)
	calendar.SetWorkHours(6*time.Hour, 14*time.Hour)
	for _, day := range []time.Time{
		time.Date(2026, 3, 28, 0, 0, 0, 0, berlin), time.Date(2026, 3, 29, 0, 0, 0, 0, berlin), time.Date(2026, 10, 25, 0, 0, 0, 0, berlin),
	} {
		at := func(hour, minute int) time.Time {
			return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, berlin)
		}
		fmt.Println(day.Format("Mon 2006-01-02:"))
		fmt.Println("  shift from", calendar.WorkdayStart(day).Format("15:04"), "to", calendar.WorkdayEnd(day).Format("15:04"))
		fmt.Println("  two hours of work, order at 4:00, done at", calendar.AddWorkHours(at(4, 0), 2*time.Hour).Format("15:04"))
		for _, from := range []int{5, 6, 13, 14} {
			work := calendar.WorkHoursInRange(at(from, 0), at(from, 30))
			fmt.Printf("  %d:00 to %d:30: work of %v, and %d:15 is work time: %v\n", from, from, work, from, calendar.IsWorkTime(at(from, 15)))
		}
	}
}
GO
go_packages github.com/rickar/cal/v2@v2.1.13
./main >"$saw"

still_seen <<'SEEN'
Sat 2026-03-28:
  shift from 06:00 to 14:00
  two hours of work, order at 4:00, done at 08:00
  5:00 to 5:30: work of 0s, and 5:15 is work time: false
  6:00 to 6:30: work of 30m0s, and 6:15 is work time: true
  13:00 to 13:30: work of 30m0s, and 13:15 is work time: true
  14:00 to 14:30: work of 0s, and 14:15 is work time: false
Sun 2026-03-29:
  shift from 07:00 to 15:00
  two hours of work, order at 4:00, done at 09:00
  5:00 to 5:30: work of 0s, and 5:15 is work time: false
  6:00 to 6:30: work of 30m0s, and 6:15 is work time: true
  13:00 to 13:30: work of 30m0s, and 13:15 is work time: true
  14:00 to 14:30: work of 30m0s, and 14:15 is work time: false
Sun 2026-10-25:
  shift from 05:00 to 13:00
  two hours of work, order at 4:00, done at 07:00
  5:00 to 5:30: work of 30m0s, and 5:15 is work time: false
  6:00 to 6:30: work of 30m0s, and 6:15 is work time: true
  13:00 to 13:30: work of 0s, and 13:15 is work time: true
  14:00 to 14:30: work of -1h0m0s, and 14:15 is work time: false
SEEN
