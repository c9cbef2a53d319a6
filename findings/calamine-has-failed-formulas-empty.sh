#!/usr/bin/env bash
# A cell whose formula failed is empty in python-calamine, as one in which nothing ever stood.
#
# Packages: python-calamine==0.9.1, openpyxl==3.1.5, xlsxwriter==3.3.1 (PyPI)
# Guess: a cell that shows #N/A comes as that text, as in openpyxl, or as an error; a missing value and a failed look-up differ.
# Behaviour: it comes as "", exactly like an empty cell and like a formula with an empty text. In a list whose order numbers are
#   looked up, a row whose number was not found seems to belong to the row above it.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages python-calamine==0.9.1 openpyxl==3.1.5 xlsxwriter==3.3.1

"$python" -I - >"$saw" <<'PYTHON'
import io

import openpyxl
import python_calamine
import xlsxwriter

made = io.BytesIO()
with xlsxwriter.Workbook(made) as book:
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["order", "A-1", None, "end"])
    sheet.write_formula(0, 2, '=VLOOKUP("x",B1:B1,1,FALSE)', None, "#N/A")
    sheet.write_row(1, 0, ["order", "A-2", None, "end"])
    sheet.write_formula(1, 2, '=""', None, "")
    sheet.write_row(2, 0, ["order", "A-3", None, "end"])
for row in openpyxl.load_workbook(made, data_only=True).active.iter_rows(values_only=True):
    print("openpyxl:", row)
made.seek(0)
for row in python_calamine.load_workbook(made).get_sheet_by_index(0).to_python():
    print("calamine:", row)
PYTHON

still_seen <<'SEEN'
openpyxl: ('order', 'A-1', '#N/A', 'end')
openpyxl: ('order', 'A-2', None, 'end')
openpyxl: ('order', 'A-3', None, 'end')
calamine: ['order', 'A-1', '', 'end']
calamine: ['order', 'A-2', '', 'end']
calamine: ['order', 'A-3', '', 'end']
SEEN
