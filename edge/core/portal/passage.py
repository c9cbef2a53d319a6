"""Passage: which tags belong to which parcel or tote.

Public names: PortalWatch.

A passage is one item's way past the photo-eye beside the antennas. Each read counts its linear power times a bell over
the time since the item's middle was in front of its antenna; the bell is as wide (sigma) as half the item's time in the
photo-eye. No read counts far more than the tag's usual ones: where an echo is strong, the antenna is not. A tag belongs
to the passage with the most evidence among two neighbours on each side. Where two claim it about as much, and the order
of only one of them wants it, it belongs to that one; without a tie no order has a say. What goes round, or is put back,
is not its own neighbour (``again``). What is heard better at another
place at that moment is there, and what is no proof is doubtful (``places``). What came so late that it may belong to a
neighbour is no proof of anything (``lateness``). The time from eye to antenna is learned
(``offsets``). A tag that is there again and again and never stronger does not move, and is masked.
Without a photo-eye new tags begin a passage (``quiet``); the bell is around the middle of their reads, its sigma half
the quiet time.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Collection, Sequence
from math import exp, floor
from statistics import median_low

from edge.core.events import CENTRAL, Claim, PassageSeen, Stage, TagEvidence, Wanted, tied
from edge.core.portal.again import Sums, Totals, again
from edge.core.portal.background import Background
from edge.core.portal.lateness import Lateness
from edge.core.portal.offsets import OffsetLearner, Offsets
from edge.core.portal.passage_times import GRACE_US, NEIGHBOURS, WINDOW_SIGMAS, PassageTimes
from edge.core.portal.places import LEAST_MW, UNMEASURED_MW, Loudest, Places, doubtful
from edge.core.portal.quiet import QuietWatch
from edge.core.values.layout import Job, LineLayout
from edge.core.values.state import Antenna, Passage, PortalState
from rfid.driver import ReadColumns, TagRead, rows

ECHO = 50.0
"""A read counts at most so many times the tag's median read: a place where an echo is strong is not the antenna."""
KEEP_PASSAGES = 24
"""Passages remembered with their evidence: so many items may be between photo-eye and induction."""
KEEP_READS = 50_000
KEEP_READS_US = 30_000_000
PLC = "the PLC"
UNHEARD = "not heard yet"
"""Of a reader: a dead one is as mute as one that speaks only when it reads something."""
KEEP_FLOODS, SAME_FLOOD_US = 64, 250_000
"""Times remembered in which reads were left out; those so near to each other are one."""

_Read = tuple[int, str, Antenna, float]
Wants = Callable[[Sequence[str], Sequence[str]], frozenset[str]]
"""From the tags that surely belong to a passage, and others: which of the others its order wants."""


def _no_order(*_: Sequence[str]) -> frozenset[str]:
    return frozenset()


class PortalWatch:
    """One portal's passages. All times are device times on the host's scale; ``now_us`` is the host's time.

    ``moved``: the deadline may be another than when it was asked for.
    """

    def __init__(
        self,
        layout: LineLayout,
        state: PortalState,
        wants: Wants = _no_order,
        learner: OffsetLearner | None = None,
    ) -> None:
        self._layout = layout
        self._state = state
        self._wants = wants
        portal = layout.portal
        self._places = Places(portal, state)
        self._reads: list[_Read] = []  # in order of time
        self._sums: dict[int, tuple[Sums, Totals, frozenset[str]]] = {}
        self._learner = OffsetLearner(portal.facing) if learner is None else learner
        self._background = Background(state.presence)
        self._quiet = QuietWatch(layout, state, self._background.__contains__) if portal.quiet_us else None
        self._times = PassageTimes(layout, state, self._quiet)
        self._lateness = Lateness()
        self._newest_us = 0
        self._floods: deque[tuple[int, int]] = deque(maxlen=KEEP_FLOODS)
        self._away = dict.fromkeys(portal.readers, UNHEARD)
        self._awaited: set[str] = set()
        self._blind_until_us = 0
        self._open: list[tuple[Passage, int]] = []
        self._deadline_us: int | None = None
        self.moved = True

    # ---- what happens ------------------------------------------------------------------------------------------------

    def follow(self, layout: LineLayout) -> None:
        """Goes on by another layout, with the reads that came. A reader that is new is not missed before it was there
        once, or could not be reached.
        """
        before, self._layout = self._layout, layout
        portal = layout.portal
        if portal == before.portal and layout.speed_mm_s == before.speed_mm_s:
            return
        self._away = {name: why for name, why in self._away.items() if name in portal.readers}
        self._awaited |= {name for name in portal.readers if name not in before.portal.readers}
        self._awaited &= set(portal.readers)
        self._places = Places(portal, self._state)
        if portal.facing != before.portal.facing:
            self._learner = OffsetLearner(portal.facing)
        if self._quiet is None or not portal.quiet_us:
            self._quiet = QuietWatch(layout, self._state, self._background.__contains__) if portal.quiet_us else None
        else:
            self._quiet.follow(layout)
        self._times = PassageTimes(layout, self._state, self._quiet)
        self._sums.clear()
        self.moved = True

    def clock_set_back(self) -> None:
        """What is on the host's old scale means nothing any more."""
        self._state.passages.clear()
        self._reads.clear()
        self._sums.clear()
        self._floods.clear()
        self._learner.forget()
        self._lateness.forget()
        if self._quiet is not None:
            self._quiet.clock_set_back()
        self.moved = True

    def reader_changed(self, reader: str, trouble: str, at_us: int) -> None:
        """A reader reads from now on (``trouble`` empty), or does not."""
        awaited = reader in self._awaited
        self._awaited.discard(reader)
        if trouble:
            self._away[reader] = trouble
        else:
            self._away.pop(reader, None)
            if not awaited:
                self._blind_until_us = at_us
            if self._quiet is not None:
                self._quiet.began(at_us)

    def inducted(self, track_id: int, at_us: int) -> None:
        """A track was inducted; without a photo-eye this says when it was before the antennas."""
        if self._quiet is not None:
            self._quiet.inducted(track_id, at_us)

    def clock_moved(self, device: str) -> None:
        """The clock of a reader, or of the PLC, was set: what comes is not to be compared with what came."""
        for name in (_reader(device), PLC):
            self._lateness.moved(name)
        self._learner.forget()

    def told(self, at_us: int, arrived_us: int) -> None:
        """The PLC told something that happened at ``at_us``."""
        self._lateness.told(PLC, at_us, at_us, arrived_us)

    def entered(self, track_id: int, at_us: int) -> None:
        """The leading edge of an item reached the photo-eye."""
        passages = self._state.passages
        if passages and not passages[-1].stop_us:
            self._close(passages[-1], at_us)
        passages.append(Passage(self._state.next_passage, track_id, at_us))
        self._state.next_passage += 1
        self.moved = True

    def left(self, track_id: int, at_us: int) -> None:
        """The trailing edge left the photo-eye. Without its ENTERED, the passage began a typical time before."""
        passages = self._state.passages
        for passage in reversed(passages):
            if passage.track_id == track_id and not passage.stop_us:
                self._close(passage, at_us)
                return
        if not any(passage.track_id == track_id and passage.stop_us == at_us for passage in passages):
            self.entered(track_id, at_us - self._times.dwell_us())
            self._close(passages[-1], at_us)

    def read(self, reads: Sequence[TagRead], reader: str = "", arrived_us: int | None = None) -> None:
        """Takes reads of one reader in any order of time. ``arrived_us``: when they were here; None = in time."""
        if arrived_us is not None and reads:
            times = [read.at_us for read in reads] if not isinstance(reads, ReadColumns) else reads.at_us
            self._lateness.told(_reader(reader), min(times), max(times), arrived_us)
        all_used = self._places.all_used
        for epc, port, rssi_dbm, at_us, _ in rows(reads):
            antenna, power = (reader, port), 10.0 ** (rssi_dbm / 10.0)
            read = (at_us, epc, antenna, power)
            if at_us >= self._newest_us:
                self._reads.append(read)
                self._newest_us = at_us
            elif not self._reads or at_us >= self._reads[-1][0]:
                self._reads.append(read)
            else:
                insort(self._reads, read, key=_time)
            if not (all_used or self._places.used(antenna)):
                continue
            if self._quiet is None:
                self._learner.read(antenna, epc, at_us, power)
            else:
                self._quiet.read(epc, power, at_us)
        if self._quiet is not None:
            for number in self._quiet.weighed():
                self._sums.pop(number, None)
                self.moved = True
        if len(self._reads) > KEEP_READS:
            del self._reads[: len(self._reads) - KEEP_READS * 9 // 10]

    def leave_out(self, first_us: int, last_us: int, epcs: Collection[str] = ()) -> None:
        """Reads of this time were left out as a flood; nor does what was read of ``epcs`` before count any more."""
        if epcs:
            kept = [read for read in self._reads if read[1] not in epcs]
            if len(kept) < len(self._reads):
                first_us = min(first_us, next(read[0] for read in self._reads if read[1] in epcs))
                self._reads = kept
            self._learner.leave_out(epcs)
            if self._quiet is not None:
                self._quiet.leave_out(epcs)
            open_from = self._open_from()
            self._sums = {number: sums for number, sums in self._sums.items() if number < open_from - NEIGHBOURS}
            self.moved = True
        if self._floods and first_us <= self._floods[-1][1] + SAME_FLOOD_US:
            before_us, until_us = self._floods.pop()
            first_us, last_us = min(first_us, before_us), max(last_us, until_us)
        self._floods.append((first_us, last_us))

    def reported(self, seen: PassageSeen) -> None:
        """Takes over what an earlier process reported, so that it is not reported again."""
        if seen.stage is Stage.FINAL:
            for passage in reversed(self._state.passages):
                if passage.number == seen.passage:
                    passage.final = True
                    break
        if self._quiet is None:
            self._state.offset_us = seen.offset_us
        elif seen.passage >= self._state.next_passage:  # the reads that made it are not in the journal
            final = seen.stage is Stage.FINAL
            self._state.passages.append(
                Passage(seen.passage, 0, seen.start_us, seen.stop_us, final, middle_us=_middle_us(seen))
            )
            self._state.next_passage = seen.passage + 1
        self.moved = True
        self._forget()

    def give_up(self, number: int) -> None:
        """A passage is not weighed any more."""
        for passage in self._state.passages:
            passage.final = passage.final or passage.number == number
        self.moved = True

    # ---- what is known -----------------------------------------------------------------------------------------------

    def window_end_us(self, track_id: int) -> int | None:
        """When the newest passage of a track has had its own window, reports included.

        None without a passage of this track, while it stands in the photo-eye, or where there is none.
        """
        if self._quiet is not None:
            return None  # which passage it is, is certain only when the next induction is known
        passage = self._of_track(track_id)
        return self._times.own_end_us(passage) if passage is not None and passage.stop_us else None

    def blind(self) -> str:
        """Which readers do not read now, and why; empty when all do."""
        return "; ".join(f"reader {name}: {trouble}" for name, trouble in self._away.items())

    def entered_us(self, track_id: int) -> int:
        """When the newest passage of a track began; 0 without any."""
        passage = self._of_track(track_id)
        return 0 if passage is None else passage.start_us

    def evidence(self, track_id: int, stage: Stage, now_us: int, since_us: int = 0) -> PassageSeen:
        """Weighs the newest passage of a track; passage 0 without evidence where it had none since then."""
        if self._quiet is not None:
            passage, why = self._quiet.of_track(track_id)
        else:
            passage, why = self._of_track(track_id), f"no passage at photo-eye {self._layout.portal.eye}"
        if passage is None or passage.start_us < since_us:
            text = self.blind() or why
            return PassageSeen(
                at_us=now_us,
                line=self._layout.name,
                passage=0,
                track_id=track_id,
                stage=stage,
                start_us=0,
                stop_us=0,
                offset_us=self._times.offset_us(),
                claims=(),
                tags=(),
                cause=text,
            )
        return self._weigh(passage, stage, now_us)

    def deadline_us(self) -> int | None:
        """When the next passage can become final."""
        if self.moved:
            self._open = self._times.open()
            self._deadline_us = min([final_us for _, final_us in self._open], default=None)
            self.moved = False
        return self._deadline_us

    def finals(self, now_us: int) -> list[PassageSeen]:
        """The passages whose neighbours are all known by now, each once."""
        seen: list[PassageSeen] = []
        due_us = self.deadline_us()
        if due_us is None or due_us > now_us:
            return seen
        self.moved = True
        basis = self._times.basis()
        for passage, final_us in self._open:
            if seen and self._times.basis() != basis:  # what was learned of the one before moves this one's end
                final_us = next(time_us for one, time_us in self._times.open() if one is passage)
            if final_us <= now_us:
                weighed = self._weigh(passage, Stage.FINAL, now_us)
                seen.append(weighed)
                passage.final = True
                if self._quiet is None:
                    if not (weighed.cause and self._unsure(passage, now_us)):
                        self._learn(passage, now_us)
                else:
                    self._quiet.final(passage.number)
                    self._times.note_cycle(passage)
                self._watch_background(passage)
        if seen:
            self._forget()
        return seen

    def background(self) -> tuple[str, ...]:
        """The tags that are always there."""
        return tuple(sorted(self._background.tags))

    def learn_all(self) -> None:
        """Learns from everything that was read, as nothing more will be."""
        self._learned(self._learner.learn_all(self._times.drawn_us, self._times.dwell_us() / 2))

    def _of_track(self, track_id: int) -> Passage | None:
        if track_id:
            for passage in reversed(self._state.passages):
                if passage.track_id == track_id:
                    return passage
        return None

    def _close(self, passage: Passage, at_us: int) -> None:
        passage.stop_us = max(at_us, passage.start_us + 1)
        self.moved = True
        self._sums.pop(passage.number, None)
        self._learner.passed(self._times.middle_us(passage))
        self._times.closed(passage)

    # ---- evidence ----------------------------------------------------------------------------------------------------

    def _between(self, first_us: float, last_us: float) -> list[_Read]:
        reads = self._reads
        return reads[bisect_left(reads, (first_us,)) : bisect_left(reads, (floor(last_us) + 1,))]

    def _sum(self, passage: Passage, now_us: int) -> tuple[Sums, Totals, frozenset[str]]:
        """count, first, last, weight and power by tag and antenna; weight and power by tag; tags without a power.

        Reads of what was elsewhere at that moment are neither counted nor weighed.

        Kept once the passage's window is over.
        """
        kept = self._sums.get(passage.number)
        if kept is not None:
            return kept
        state, sigma = self._state, self._times.sigma_us(passage)
        centre_us = self._times.middle_us(passage) + self._times.offset_us()
        first_us, last_us = self._times.window_us(passage)
        beside = [0, *(antenna.beside_us for antenna in state.antennas)]
        least_us, most_us = min(beside), max(beside)
        masked = self._background.tags
        known: dict[Antenna, tuple[int, float]] = {}
        sums: Sums = {}
        totals: Totals = {}
        reads = self._between(first_us + least_us, last_us + most_us)
        most = self._most({read[1] for read in reads} - masked, first_us, last_us)
        unmeasured = frozenset(epc for epc, power in most.items() if power < LEAST_MW)
        loudest = Loudest(reads, self._places, sigma)
        compared = bool(loudest)
        for at_us, epc, antenna, power in reads:
            if antenna not in known:
                known[antenna] = self._places.about(antenna)
            away_us, share = known[antenna]
            if not (share and first_us <= at_us - away_us <= last_us) or epc not in most:
                continue
            one = sums.get((epc, antenna))
            if one is None:
                one = sums[epc, antenna] = [0, at_us, at_us, 0.0, 0.0]
            one[2] = at_us
            if compared and loudest.elsewhere(at_us, epc, antenna, power):
                continue
            power = min(power, most[epc]) * share
            weight = power * exp(-0.5 * ((at_us - away_us - centre_us) / sigma) ** 2)
            one[0] += 1
            one[3] += weight
            one[4] += power
            before = totals.get(epc, (0.0, 0.0))
            totals[epc] = (before[0] + weight, before[1] + power)
        if passage.stop_us and last_us + most_us + GRACE_US <= now_us:
            self._sums[passage.number] = sums, totals, unmeasured
        return sums, totals, unmeasured

    def _most(self, epcs: set[str], first_us: float, last_us: float) -> dict[str, float]:
        """What one read of each tag counts at most; about the same for neighbours, who compete for it."""
        reach_us = NEIGHBOURS * self._times.cycle_us()
        powers: dict[str, list[float]] = {epc: [] for epc in epcs}
        all_used = self._places.all_used
        for _, epc, antenna, power in self._between(first_us - reach_us, last_us + reach_us):
            known = powers.get(epc)
            if known is not None and (all_used or self._places.used(antenna)):
                known.append(power)
        for some in powers.values():
            if UNMEASURED_MW in some:  # of a tag that both kinds of readers heard, the power counts
                some[:] = [power for power in some if power != UNMEASURED_MW] or [UNMEASURED_MW / ECHO]
        return {epc: ECHO * median_low(some) for epc, some in powers.items() if some}

    def _rivals(self, passage: Passage, now_us: int) -> list[tuple[Passage, Totals]]:
        """The evidence of neighbours who have any of its tags, without what of it is here once more."""
        mine = self._sum(passage, now_us)[:2]
        middle_us, sigma = self._times.middle_us(passage), self._times.sigma_us(passage)
        found = []
        for other in self._state.passages:
            if other is not passage and abs(other.number - passage.number) <= NEIGHBOURS:
                theirs = self._sum(other, now_us)[:2]
                if mine[1].keys().isdisjoint(theirs[1]):
                    continue
                apart = abs(self._times.middle_us(other) - middle_us) / (sigma + self._times.sigma_us(other))
                here = again(mine, theirs, apart)
                found.append((other, {epc: one for epc, one in theirs[1].items() if epc not in here}))
        return found

    def _weigh(self, passage: Passage, stage: Stage, now_us: int) -> PassageSeen:
        sums, own, unmeasured = self._sum(passage, now_us)
        rivals = self._rivals(passage, now_us)
        strongest: dict[str, float] = {}  # of its own tags, and some of a neighbour's
        for _, totals in rivals:
            for epc, (weight, _) in totals.items():
                if weight > strongest.get(epc, 0.0):
                    strongest[epc] = weight
        wanted = self._wanted(passage, own, rivals, strongest, now_us)
        doubted = self._doubted(passage, sums, own, strongest, unmeasured)
        return PassageSeen(
            at_us=now_us,
            line=self._layout.name,
            passage=passage.number,
            track_id=passage.track_id if self._quiet is None else self._quiet.track_of(passage),
            stage=stage,
            start_us=passage.start_us,
            stop_us=passage.stop_us,
            offset_us=self._times.offset_us(),
            claims=tuple(
                Claim(epc, weight, strongest.get(epc, 0.0), power, wanted.get(epc, Wanted.UNDECIDED), epc in doubted)
                for epc, (weight, power) in own.items()
            ),
            tags=tuple(
                TagEvidence(
                    epc=epc,
                    antenna=antenna,
                    count=int(count),
                    first_us=int(first),
                    last_us=int(last),
                    weight=weight,
                    reader=reader,
                )
                for (epc, (reader, antenna)), (count, first, last, weight, *_) in sums.items()
            ),
            settled=self._newest_us > self._times.own_end_us(passage) - GRACE_US,
            cause=self._cause(passage, now_us),
            flooded=self._flooded(passage),
        )

    def _doubted(
        self,
        passage: Passage,
        sums: Sums,
        own: Totals,
        strongest: dict[str, float],
        unmeasured: frozenset[str],
    ) -> frozenset[str]:
        antennas: dict[str, list[Antenna]] = {epc: [] for epc in own}
        counts = dict.fromkeys(own, 0)
        for (epc, antenna), some in sums.items():
            if count := int(some[0]):
                antennas[epc].append(antenna)
                counts[epc] += count
        sigma = self._times.sigma_us(passage)
        one_place = not self._places.several(sigma)
        heard = {
            epc: (counts[epc], weight, one_place or self._places.sure(antennas[epc], sigma), epc not in unmeasured)
            for epc, (weight, _) in own.items()
        }
        doubted = doubtful(heard, strongest)
        if self._layout.job is not Job.SORT:
            return doubted
        # Where its own reads were lost, and so the neighbour's, an edge of his label looks like the only one.
        return doubted | {
            epc
            for epc, (weight, power) in own.items()
            if weight <= CENTRAL * power and weight > strongest.get(epc, 0.0)
        }

    def _wanted(
        self,
        passage: Passage,
        own: Totals,
        rivals: Sequence[tuple[Passage, Totals]],
        strongest: dict[str, float],
        now_us: int,
    ) -> dict[str, Wanted]:
        """Of the tags that are claimed about as much elsewhere: whose order wants them, where it is one alone."""
        contested = [epc for epc, weight in strongest.items() if epc in own and tied(own[epc][0], weight)]
        if not contested:
            return {}
        here = self._wants(self._clear(passage, now_us), contested)
        there: set[str] = set()
        for other, totals in rivals:
            some = [epc for epc in contested if tied(own[epc][0], totals.get(epc, (0.0, 0.0))[0])]
            there |= self._wants(self._clear(other, now_us), some) if some else set()
        return dict.fromkeys(here - there, Wanted.HERE) | dict.fromkeys(there - here, Wanted.THERE)

    def _clear(self, passage: Passage, now_us: int) -> list[str]:
        """The tags that a passage claims beyond any tie."""
        rivals = [totals for _, totals in self._rivals(passage, now_us)]
        found = []
        for epc, (weight, _) in self._sum(passage, now_us)[1].items():
            most = max((totals[epc][0] for totals in rivals if epc in totals), default=0.0)
            if weight > most and not tied(weight, most):
                found.append(epc)
        return found

    def _cause(self, passage: Passage, now_us: int) -> str:
        """Why reads of a passage may be missing, or be another's."""
        if self._away:
            return self.blind()
        from_us = self._times.middle_us(passage) + self._times.offset_us() - int(3 * self._times.sigma_us(passage))
        if from_us < self._blind_until_us:
            return "a reader began to read only during this passage"
        return self._unsure(passage, now_us)

    def _unsure(self, passage: Passage, now_us: int) -> str:
        """Why what came late may belong to a neighbour: it may be off by half of the way to him; empty = it cannot."""
        if self._lateness.sure:
            return ""
        middle_us, near = self._times.middle_us(passage), {passage.number - 1, passage.number + 1}
        others = [self._times.middle_us(other) for other in self._state.passages if other.number in near]
        if passage.number == self._state.next_passage - 1:
            others.append(now_us)  # so late the next one may have come at most
        bears_us = min((abs(other - middle_us) for other in others), default=0) / 2
        spans = {_reader(name): self._times.window_us(passage) for name in self._layout.portal.readers}
        if self._quiet is None:
            spans[PLC] = passage.start_us, self._times.stop_us(passage)
        return next(filter(None, (self._lateness.unsure(who, span, bears_us) for who, span in spans.items())), "")

    def _flooded(self, passage: Passage) -> bool:
        """Whether reads were left out while its own may have come."""
        if not self._floods:
            return False
        first_us, last_us = self._times.window_us(passage)
        return any(from_us <= last_us and first_us <= until_us for from_us, until_us in self._floods)

    # ---- learning ----------------------------------------------------------------------------------------------------

    def _learn(self, passage: Passage, now_us: int) -> None:
        self._learned(self._learner.learn(now_us, self._times.drawn_us, self._times.sigma_us(passage)))

    def _learned(self, known: Offsets | None) -> None:
        if known is not None:
            self._state.offset_us, self._state.antennas = known.offset_us, list(known.antennas)
            self.moved = True
            self._sums = {
                number: sums for number, sums in self._sums.items() if number < self._open_from() - NEIGHBOURS
            }

    def _watch_background(self, passage: Passage) -> None:
        """Notes how strongly each tag was read around the passage's middle."""
        middle_us = self._times.middle_us(passage) + self._times.offset_us()
        half_us = self._times.cycle_us() // 2
        powers: dict[str, tuple[float, float]] = {}
        for at_us, epc, antenna, power in self._between(middle_us - half_us, middle_us + half_us):
            if not self._places.used(antenna):
                continue
            every, near = powers.get(epc, (0.0, 0.0))
            powers[epc] = every + power, near + power * (2 * abs(at_us - middle_us) < half_us)
        measured = {epc for epc, (every, _) in powers.items() if every > LEAST_MW}
        self._background.note(passage.number, powers, measured)

    def _open_from(self) -> int:
        for passage in self._state.passages:
            if not passage.final:
                return passage.number
        return self._state.next_passage

    def _forget(self) -> None:
        """Drops old passages that are neighbours of none that is open, and reads that no open passage can claim."""
        passages = self._state.passages
        open_from = self._open_from()
        while len(passages) > KEEP_PASSAGES and passages[0].number < open_from - NEIGHBOURS:
            self._sums.pop(passages.pop(0).number, None)
        if not self._reads:
            return
        oldest = next((item for item in passages if item.number >= open_from - 2 * NEIGHBOURS), None)
        if oldest is not None:
            beside_us = (0, *(antenna.beside_us for antenna in self._state.antennas))
            away_us = min(0, self._times.offset_us()) + min(beside_us)
            keep_us = (
                oldest.start_us + away_us - WINDOW_SIGMAS * int(self._times.sigma_us(oldest)) - self._times.cycle_us()
            )
            keep_us = max(keep_us, self._reads[-1][0] - KEEP_READS_US)
            del self._reads[: bisect_left(self._reads, (keep_us,))]


def _reader(name: str) -> str:
    return f"reader {name}"


def _time(read: _Read) -> int:
    return read[0]


def _middle_us(seen: PassageSeen) -> int:
    """When the tags of a reported passage were before the antennas."""
    middles = [(tag.first_us + tag.last_us) // 2 for tag in seen.tags]
    return median_low(middles) if middles else (seen.start_us + seen.stop_us) // 2
