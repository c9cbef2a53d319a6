#!/usr/bin/env bash
# The plan that py3dbp makes for one box is overwritten by that for the next: items lie outside of it, or two in one place.
#
# Packages: py3dbp==1.1.2 (PyPI)
# Guess: pack() tries all boxes, as its description shows it, and each box then has the items that fit into it with their places; one
#   takes the smallest box that has all of them, and packs by its plan.
# Behaviour: all boxes hold the same items, and an item has one place and one turn: those of the box that was tried last. What fits is told
#   right, where it lies is right for the last box only. With distribute_items=True each item is in one box, and its place is right.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages py3dbp==1.1.2

"$python" -I - >"$saw" <<'PYTHON'
from py3dbp import Bin, Item, Packer

BOXES = {"flat": (20, 10, 10), "tall": (10, 40, 10)}


def told(names, **how):
    packer = Packer()
    for name in names:
        packer.add_bin(Bin(name, *BOXES[name], 50))
    packer.add_item(Item("shoes", 10, 10, 10, 2))
    packer.add_item(Item("kettle", 10, 10, 10, 2))
    packer.pack(**how)
    for box in packer.bins:
        print(f"{' and '.join(names)}, {how or 'as it is'}: {box.name} {BOXES[box.name]} has {len(box.items)}, {len(box.unfitted_items)} do not fit")
        for item in box.items:
            ends = [at + size for at, size in zip(item.position, item.get_dimension(), strict=True)]
            inside = all(end <= most for end, most in zip(ends, BOXES[box.name], strict=True))
            print(f"    {item.name} at {', '.join(f'{at:.0f}' for at in item.position)}: {'inside' if inside else 'outside'}")


told(["flat"])
told(["tall"])
told(["flat", "tall"])
told(["flat", "tall"], bigger_first=True)
told(["flat", "tall"], distribute_items=True)
PYTHON

still_seen <<'SEEN'
flat, as it is: flat (20, 10, 10) has 2, 0 do not fit
    shoes at 0, 0, 0: inside
    kettle at 10, 0, 0: inside
tall, as it is: tall (10, 40, 10) has 2, 0 do not fit
    shoes at 0, 0, 0: inside
    kettle at 0, 10, 0: inside
flat and tall, as it is: flat (20, 10, 10) has 2, 0 do not fit
    shoes at 0, 0, 0: inside
    kettle at 0, 10, 0: outside
flat and tall, as it is: tall (10, 40, 10) has 2, 0 do not fit
    shoes at 0, 0, 0: inside
    kettle at 0, 10, 0: inside
flat and tall, {'bigger_first': True}: tall (10, 40, 10) has 2, 0 do not fit
    shoes at 0, 0, 0: inside
    kettle at 10, 0, 0: outside
flat and tall, {'bigger_first': True}: flat (20, 10, 10) has 2, 0 do not fit
    shoes at 0, 0, 0: inside
    kettle at 10, 0, 0: inside
flat and tall, {'distribute_items': True}: flat (20, 10, 10) has 2, 0 do not fit
    shoes at 0, 0, 0: inside
    kettle at 10, 0, 0: inside
flat and tall, {'distribute_items': True}: tall (10, 40, 10) has 0, 0 do not fit
SEEN
