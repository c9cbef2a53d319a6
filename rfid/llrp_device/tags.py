"""The simulated reader's AccessSpecs, and the memories of the tags they work on. Pure.

Public names: AccessSpecs, TagMemory, MOST_ACCESS_SPECS.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 11 and 15.2; UHF Class 1 Gen 2, 6.3.2.1 and 6.3.2.12.
"""

from __future__ import annotations

import struct
from dataclasses import replace

from rfid.driver import TagRead
from rfid.llrp.codec import BitString, Parameter, parameter
from rfid.llrp_device.answers import field_error, refused, wrong_field

MOST_ACCESS_SPECS = 32
_USER_OCTETS = 64
_FIELDS = {1: 2, 2: 3, 3: 4}
"""Which lock field guards which bank."""


class TagMemory:
    """One tag: banks 0 (passwords), 1 (CRC, protocol control, EPC), 2 (TID), 3 (user), and what is locked."""

    def __init__(self, epc: str) -> None:
        octets = bytes.fromhex(epc)
        control = (len(octets) // 2 << 11).to_bytes(2, "big")
        serial = sum(octet << (place % 8 * 8) for place, octet in enumerate(octets)) & (1 << 64) - 1
        tid = bytes.fromhex("E2801160") + serial.to_bytes(8, "big")
        self.banks = [bytearray(8), bytearray(b"\0\0" + control + octets), bytearray(tid), bytearray(_USER_OCTETS)]
        self._locked: dict[int, int] = {3: 1}

    @property
    def epc(self) -> str:
        """What the tag answers an inventory with: as many words as its protocol control says."""
        return self.banks[1][4 : 4 + (self.banks[1][2] >> 3) * 2].hex().upper()

    def matches(self, target: Parameter) -> bool:
        """Whether a C1G2TargetTag means this tag."""
        mask, wanted = target["TagMask"], target["TagData"]
        assert isinstance(mask, BitString) and isinstance(wanted, BitString)
        bank = self.banks[target.number("MB")]
        pointer, bits = target.number("Pointer"), min(mask.count, wanted.count)
        if bits == 0:
            return bool(target.number("Match"))
        if pointer + bits > len(bank) * 8:
            return not target.number("Match")
        have = int.from_bytes(bank, "big") >> len(bank) * 8 - pointer - bits & (1 << bits) - 1
        care = int.from_bytes(mask.octets, "big") >> len(mask.octets) * 8 - bits
        want = int.from_bytes(wanted.octets, "big") >> len(wanted.octets) * 8 - bits
        return ((have ^ want) & care == 0) == bool(target.number("Match"))

    def perform(self, operation: Parameter) -> Parameter:
        """One C1G2Read, C1G2Write, C1G2BlockWrite or C1G2Lock: its result."""
        op_spec = operation.number("OpSpecID")
        match operation.name:
            case "C1G2Read":
                bank = self.banks[operation.number("MB")]
                at = operation.number("WordPointer") * 2
                end = at + operation.number("WordCount") * 2 if operation.number("WordCount") else len(bank)
                found = bytes(bank[at:end])
                good = at < end <= len(bank)
                words = struct.unpack(f">{len(found) // 2}H", found) if good else ()
                result = "Success" if good else "Nonspecific_Tag_Error"
                return parameter("C1G2ReadOpSpecResult", Result=result, OpSpecID=op_spec, ReadData=words)
            case "C1G2Write" | "C1G2BlockWrite":
                result, words_written = self._written(operation)
                return parameter(
                    f"{operation.name}OpSpecResult", Result=result, OpSpecID=op_spec, NumWordsWritten=words_written
                )
            case "C1G2Lock":
                return parameter("C1G2LockOpSpecResult", Result=self._lock(operation), OpSpecID=op_spec)
            case _:
                name = f"{operation.name}OpSpecResult"
                return parameter(name, Result="Nonspecific_Reader_Error", OpSpecID=op_spec)

    def _written(self, operation: Parameter) -> tuple[str, int]:
        number = operation.number("MB")
        words = operation["WriteData"]
        assert isinstance(words, tuple)
        octets, at = struct.pack(f">{len(words)}H", *words), operation.number("WordPointer") * 2
        bank = self.banks[number]
        room = 4 + 62 if number == 1 else len(bank)  # an EPC may become longer
        if at + len(octets) > room:
            return "Tag_Memory_Overrun_Error", 0
        lock = self._locked.get(_FIELDS.get(number, 1), 3)
        if lock == 1 or (lock == 0 and not self._knows(operation)):
            return "Tag_Memory_Locked_Error", 0
        bank.extend(bytes(max(0, at + len(octets) - len(bank))))
        bank[at : at + len(octets)] = octets
        return "Success", len(words)

    def _lock(self, operation: Parameter) -> str:
        payloads = tuple(operation.all("C1G2LockPayload"))
        if any(self._locked.get(one.number("DataField")) in (1, 2) for one in payloads) or not self._knows(operation):
            return "Nonspecific_Tag_Error"
        for one in payloads:
            self._locked[one.number("DataField")] = one.number("Privilege")
        return "Success"

    def _knows(self, operation: Parameter) -> bool:
        """Whether the operation brings the access password; a tag without one lets everybody in."""
        password = int.from_bytes(self.banks[0][4:8], "big")
        return password in (0, operation.number("AccessPassword"))


class AccessSpecs:
    """AccessSpecs by number, and every tag that was ever touched, by the EPC that the simulation gave it."""

    def __init__(self) -> None:
        self._specs: dict[int, Parameter] = {}
        self._done: dict[int, int] = {}
        self._tags: dict[str, TagMemory] = {}

    @property
    def all(self) -> tuple[Parameter, ...]:
        """As GET_ACCESSSPECS shows them."""
        return tuple(self._specs.values())

    @property
    def touched(self) -> bool:
        """Whether reads must go through ``work``: something is to be done, or tags have changed."""
        return bool(self._tags) or any(one.number("CurrentState") for one in self._specs.values())

    def tag(self, epc: str) -> TagMemory:
        """The memory of the tag that the simulation calls ``epc``."""
        if epc not in self._tags:
            self._tags[epc] = TagMemory(epc)
        return self._tags[epc]

    def add(self, spec: Parameter) -> None:
        """ADD_ACCESSSPEC. Raises ``RefusedError``."""
        number = spec.number("AccessSpecID")
        if number == 0 or number in self._specs:
            raise wrong_field("AccessSpec", 1, f"AccessSpecID {number} is {'in use' if number else 'not allowed'}")
        if len(self._specs) >= MOST_ACCESS_SPECS:
            raise refused("M_OverflowParameter", f"more than {MOST_ACCESS_SPECS} AccessSpecs")
        if spec.number("CurrentState"):
            raise wrong_field("AccessSpec", 4, "an AccessSpec must be added disabled")
        self._specs[number] = spec

    def control(self, command: str, number: int) -> None:
        """DELETE, ENABLE or DISABLE; 0 is all. Raises ``RefusedError``."""
        if number and number not in self._specs:
            raise refused("M_FieldError", f"AccessSpec {number} does not exist", field_error(1))
        for each in (number,) if number else tuple(self._specs):
            if command == "DELETE_ACCESSSPEC":
                del self._specs[each]
                self._done.pop(each, None)
                continue
            spec = self._specs[each]
            state = int(command == "ENABLE_ACCESSSPEC")
            self._specs[each] = replace(spec, fields=(*spec.fields[:3], state, *spec.fields[4:]))

    def work(self, read: TagRead, rospec_id: int) -> tuple[TagRead, tuple[Parameter, ...]]:
        """The read with the EPC that the tag has now, and the results of the first AccessSpec that means it."""
        memory = self._tags.get(read.epc) or TagMemory(read.epc)
        seen = read._replace(epc=memory.epc)
        for number, spec in self._specs.items():
            if spec.number("CurrentState") == 0 or spec.number("AntennaID") not in (0, read.antenna):
                continue
            (command,) = spec.all("AccessCommand")
            (tag_spec,) = command.all("C1G2TagSpec")
            targets = tag_spec.all("C1G2TargetTag")
            if spec.number("ROSpecID") not in (0, rospec_id) or not any(map(memory.matches, targets)):
                continue
            operations = [one for one in command.parameters if isinstance(one, Parameter) and one is not tag_spec]
            if any(one.name != "C1G2Read" for one in operations):
                self._tags[read.epc] = memory
            results = tuple(memory.perform(one) for one in operations)
            self._count(number, spec)
            return seen, results
        return seen, ()

    def _count(self, number: int, spec: Parameter) -> None:
        (stop,) = spec.all("AccessSpecStopTrigger")
        self._done[number] = self._done.get(number, 0) + 1
        if stop.number("AccessSpecStopTrigger") == 1 and self._done[number] >= stop.number("OperationCountValue"):
            self.control("DELETE_ACCESSSPEC", number)
