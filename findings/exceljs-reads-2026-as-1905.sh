#!/usr/bin/env bash
# A day of 2026, written into a workbook as ISO 8601, is a day of July 1905 in exceljs, whichever day it is.
#
# Packages: exceljs@4.4.0 (npm), openpyxl==3.1.5, python-calamine==0.9.1 (PyPI)
# Guess: a cell of type "d" holds a date as ISO 8601 (ECMA-376 part 1, 18.18.11), and a reader that gives dates gives that one, or
#   its text. openpyxl writes such cells when it is asked for dates that no spreadsheet has to count from 1900 or 1904.
# Behaviour: the year is taken for a count of days since 1900, and the rest is left out: every order of 2026 is due on 1905-07-18,
#   16:00 is the sixteenth day of the count, 2026-11-29 and 2026-12-24 are the same. There is no error. openpyxl and calamine have
#   the dates, and exceljs has them where they are counted.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages openpyxl==3.1.5 python-calamine==0.9.1
npm_packages exceljs@4.4.0

"$python" -I - >"$saw" <<'PYTHON'
from datetime import date, datetime, time

import openpyxl
import python_calamine

for name, iso in (("counted", False), ("iso", True)):
    book = openpyxl.Workbook(iso_dates=iso)
    book.active.append(["A-1", date(2026, 11, 29), datetime(2026, 12, 24, 14, 30), time(16)])
    book.save(f"{name}.xlsx")
    (row,) = openpyxl.load_workbook(f"{name}.xlsx").active.iter_rows(values_only=True)
    print(f"{name}: openpyxl", *row)
    (row,) = python_calamine.load_workbook(f"{name}.xlsx").get_sheet_by_index(0).to_python()
    print(f"{name}: calamine", *row)
PYTHON
node - >>"$saw" <<'JAVASCRIPT'
const { Workbook } = require("exceljs");

(async () => {
  for (const name of ["counted", "iso"]) {
    const book = await new Workbook().xlsx.readFile(`${name}.xlsx`);
    const [, order, ...cells] = book.worksheets[0].getRow(1).values;
    console.log(`${name}: exceljs`, order, ...cells.map((cell) => cell.toISOString()));
  }
})();
JAVASCRIPT

still_seen <<'SEEN'
counted: openpyxl A-1 2026-11-29 00:00:00 2026-12-24 14:30:00 16:00:00
counted: calamine A-1 2026-11-29 2026-12-24 14:30:00 16:00:00
iso: openpyxl A-1 2026-11-29 2026-12-24 14:30:00 16:00:00
iso: calamine A-1 2026-11-29 2026-12-24 14:30:00 16:00:00
counted: exceljs A-1 2026-11-29T00:00:00.000Z 2026-12-24T14:30:00.000Z 1899-12-30T16:00:00.000Z
iso: exceljs A-1 1905-07-18T00:00:00.000Z 1905-07-18T00:00:00.000Z 1900-01-15T00:00:00.000Z
SEEN
