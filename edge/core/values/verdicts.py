"""The words of the decisions: why, what is wrong, what became of it.

Public names: Stage, FindingKind, RouteReason, Trial, Outcome, AnomalyCode, GateVerdict, DockReason, Wanted,
Expected.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Stage(StrEnum):
    """How much was known when a passage's evidence was weighed."""

    EARLY = "early"  # its own window is over, some neighbours are not known yet
    DUE = "due"  # the last moment for a decision in time
    FINAL = "final"  # the neighbours are known; nothing can change it


class FindingKind(StrEnum):
    """What can be wrong with a tote's content."""

    MISSING = "missing"
    EXTRA = "extra"
    FOREIGN = "foreign"  # another order's
    DUPLICATE = "duplicate"  # already shipped
    CONTRADICTION = "contradiction"  # tag and barcode, or two portals, name different totes
    UNREADABLE = "unreadable"  # a tag without a meaning, or no tag where one is needed
    NO_ORDER = "no-order"  # the tote belongs to no open order


class RouteReason(StrEnum):
    """Why a parcel or tote is sent to its lane."""

    VERIFIED = "verified"
    REFUSED = "refused"
    ASSIGNED = "assigned"  # the first lane of its carrier and service
    ALTERNATIVE = "alternative"  # the first is full or disabled
    RECIRCULATE = "recirculate"  # all of them are
    REJECT = "reject"  # all of them are, and it went round often enough
    NO_READ = "no-read"
    AMBIGUOUS = "ambiguous"  # two parcels' labels in one passage
    CONTRADICTION = "contradiction"  # tag and barcode, or two portals, name different parcels
    NO_ORDER = "no-order"
    CANCELLED = "cancelled"
    QUALITY = "quality"  # quality refused something of its order
    DUPLICATE = "duplicate"  # already shipped
    TRIAL = "trial"  # an engineer asked for it, on a line in commissioning mode
    NO_LANE = "no-lane"  # no lane is configured for the carrier and service


class Trial(StrEnum):
    """What somebody who commissions a line wants of it."""

    NONE = ""
    BEGIN = "begin"  # the mode in which test diverts are done
    END = "end"
    DIVERT = "divert"  # the next parcel without an order goes to the lane


class Outcome(StrEnum):
    """Where a routed parcel or tote ended."""

    CONFIRMED = "confirmed"  # in the lane it was sent to
    MISSORTED = "missorted"  # in another one
    DEFAULTED = "defaulted"  # the PLC had no route in time
    FAILED = "failed"  # the divert failed; lane 0 = still on the line
    LOST = "lost"


class AnomalyCode(StrEnum):
    """What kind of unexpected thing happened. What to do about each: docs/operations.md."""

    COMMAND_DROPPED = "command-dropped"  # a command never reached the PLC
    COMMAND_REFUSED = "command-refused"  # the PLC did not act on a command
    ROUTE_KEPT = "route-kept"  # decided again after a crash for another lane than the PLC had accepted
    EVENTS_MISSED = "events-missed"  # events of a PLC are lost
    PLC_RESTARTED = "plc-restarted"  # a PLC began a new session with parcels on the belt
    JAM = "jam"
    JAM_CLEARED = "jam-cleared"
    STRAY = "stray"  # an object that the PLC does not track
    MACHINE_STATE = "machine-state"  # a machine left Execute
    UNKNOWN_INDUCTION = "unknown-induction"  # INDUCTED at a station that is no line's induction
    UNKNOWN_EVENT = "unknown-event"  # an event that the mailbox does not have
    UNKNOWN_TRACK = "unknown-track"  # an end of a track that no line knows
    UNCONFIRMED = "unconfirmed"  # more came after a track than fit on the belt, and nothing says where it is
    TRACK_FORGOTTEN = "track-forgotten"  # a track whose end the PLC never told
    NO_SUCH_LANE = "no-such-lane"  # an operator asked for a lane that does not exist
    TRIAL_BEGAN = "trial-began"  # a line is in commissioning mode
    TRIAL_ENDED = "trial-ended"  # and is not any more
    TRIAL_LANE = "trial-lane"  # a test divert was asked for
    TRIAL_REFUSED = "trial-refused"  # somebody asked for what is not done now
    VERDICT_CHANGED = "verdict-changed"  # a tote's final verdict is not the one it was routed by
    IDENTITY_CHANGED = "identity-changed"  # a parcel's final evidence names another parcel
    CONTRADICTION = "contradiction"  # tag and barcode, or two portals, name different parcels or totes
    CANCELLED_SORTED = "cancelled-sorted"  # a parcel is in a lane of its carrier, and its order was cancelled meanwhile
    UNACCOUNTED_COMMANDS = "unaccounted-commands"  # a PLC handled commands that this host did not send
    INCOMPATIBLE = "incompatible"  # a PLC has another layout or version, or obeys a newer host
    GPI_CHANGED = "gpi-changed"  # a reader's input changed
    ANTENNA_CHANGED = "antenna-changed"  # an antenna came or went
    READER_REFUSED = "reader-refused"  # somebody who may be a reader was not let in
    READER_NOTICE = "reader-notice"  # a reader is in trouble that does not end its connection
    CLOCK_JUMPED = "clock-jumped"  # that of a reader or PLC was set
    INPUT_FAILED = "input-failed"  # the decisions failed by an input, a fault of the program; it is left out
    READER_FLOODS = "reader-floods"  # a reader tells more tags than any order expects, and they are left out


class GateVerdict(StrEnum):
    """What a parcel's way through a dock door means."""

    RIGHT = "right"  # it belongs to the load that is open there
    WRONG = "wrong"  # it does not, or no load is open there
    UNKNOWN = "unknown"  # no order has it
    RECALLED = "recalled"  # it is aboard an open load, and its order was cancelled, or refused by quality
    ALREADY_LOADED = "already-loaded"  # it counts as aboard, and never came back
    UNLOADED = "unloaded"  # it came back out of a trailer
    ARRIVED = "arrived"  # it came in and was in no load
    UNDETERMINED = "undetermined"  # it may have passed, see Direction


class DockReason(StrEnum):
    """Why a door's light or buzzer changed."""

    WRONG_PARCEL = "wrong-parcel"
    RECALLED = "recalled"  # the order of a parcel aboard was cancelled
    REFUSED = "refused"  # quality refused something of the order of a parcel aboard
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"  # every wrong parcel is back in the house
    TIME = "time"  # on for as long as is configured
    CLOSED = "closed"  # the load was closed


class Wanted(StrEnum):
    """Whose order wants a tag that two passages claim about as much."""

    UNDECIDED = ""  # there is no tie, or both want it, or neither
    HERE = "here"
    THERE = "there"


class Expected(IntEnum):
    """Whether orders know a tag; for `edge.core.portal.flood`."""

    NO = 0
    BY_ARTICLE = 1  # an open order wants its article, whichever serial number
    BY_NAME = 2  # it is the tote or parcel of an order, or an item that one names or took before
