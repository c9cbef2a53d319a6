#!/usr/bin/env bash
# A default below zero that canopen writes into an EDS is 0x-12C, which is no number, and canopen itself reads it as none.
#
# Packages: canopen==2.4.1 (PyPI)
# Guess: what a device's object dictionary holds is written to an EDS or DCF and read again as it was. A number there is decimal, or
#   hexadecimal with 0x before it (CiA 306): -300 is -300, or 0xFED4 in sixteen bits.
# Behaviour: a minus comes behind the 0x, and the reader passes over what it cannot read, without a word. So the offset of a scale or a
#   temperature's limit is unset in the tool that reads the file, and so is the configured value of a DCF. Numbers from zero on are
#   right, and so are the limits of the same entries.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages canopen==2.4.1

"$python" -I - >"$saw" <<'PYTHON'
import canopen
from canopen.objectdictionary import ObjectDictionary, ODVariable, datatypes

ENTRIES = {
    "tare": (0x2000, datatypes.INTEGER16, 300),
    "offset": (0x2001, datatypes.INTEGER16, -300),
    "coldest": (0x2002, datatypes.INTEGER8, -18),
    "home": (0x2003, datatypes.INTEGER32, -70000),
    "gain": (0x2004, datatypes.REAL32, -1.5),
}

device = ObjectDictionary()
device.node_id = 5
device.bitrate = 250_000
for name, (index, kind, default) in ENTRIES.items():
    entry = ODVariable(name, index, 0)
    entry.data_type, entry.access_type, entry.default = kind, "rw", default
    if kind in datatypes.SIGNED_TYPES:
        entry.min, entry.max = 2 * -abs(default), 2 * abs(default)
    if name == "offset":
        entry.value = -250  # what this one device is set to, in its DCF
    device.add_object(entry)

for form in ("eds", "dcf"):
    canopen.export_od(device, f"scale.{form}", form)
    with open(f"scale.{form}") as file:
        sections = file.read().split("\n\n")
    again = canopen.import_od(f"scale.{form}", node_id=5)
    for name, (index, _, default) in ENTRIES.items():
        (section,) = (one for one in sections if one.strip().startswith(f"[{index:X}]"))
        written = [line for line in section.splitlines() if line.startswith(("DefaultValue", "ParameterValue"))]
        entry = again[name]
        print(f"{form}: {name} {default}: {', '.join(written)}; read as {entry.default}, limits {entry.min} to {entry.max}", end="")
        print(f", value {entry.value}" if entry.value is not None or name == "offset" else "")
PYTHON

still_seen <<'SEEN'
eds: tare 300: DefaultValue=0x12C; read as 300, limits -600 to 600
eds: offset -300: DefaultValue=0x-12C; read as None, limits -600 to 600, value None
eds: coldest -18: DefaultValue=0x-12; read as None, limits -36 to 36
eds: home -70000: DefaultValue=0x-11170; read as None, limits -140000 to 140000
eds: gain -1.5: DefaultValue=-1.5; read as -1.5, limits None to None
dcf: tare 300: DefaultValue=0x12C; read as 300, limits -600 to 600
dcf: offset -300: DefaultValue=0x-12C, ParameterValue=0x-FA; read as None, limits -600 to 600, value None
dcf: coldest -18: DefaultValue=0x-12; read as None, limits -36 to 36
dcf: home -70000: DefaultValue=0x-11170; read as None, limits -140000 to 140000
dcf: gain -1.5: DefaultValue=-1.5; read as -1.5, limits None to None
SEEN
