"""What is said of alarms and of the event log, by kinds, states and lengths of time.

Public names: of_kind, of_part, of_alarm_state, of_priority, of_ask, of_done, of_length, of_log_kind, of_weight.
"""

from __future__ import annotations

from edge.core.events import AlarmChanged
from edge.core.values.alarm import AlarmAction
from edge.views.words.phrase import Phrase, Word, phrase
from edge.views.words.table import WORDS


def of_kind(kind: str) -> Phrase:
    """What a kind of alarm is called."""
    return phrase(f"alarm.{kind}")


def of_part(alarm: AlarmChanged, part: str) -> Word:
    """Its cause, consequence or action; a site's own words stay as they are."""
    text, code = str(getattr(alarm, part)), f"alarm.{alarm.kind}.{part}"
    return phrase(code) if text == WORDS[code][0] else text


def of_alarm_state(state: str) -> Phrase:
    """How it stands."""
    return phrase(f"alarms.state.{state}")


def of_priority(priority: str) -> Phrase:
    """How soon somebody must act."""
    return phrase(f"alarms.priority.{priority}")


def of_ask(action: AlarmAction) -> Phrase:
    """What is asked of it."""
    return phrase(f"alarms.ask.{action}")


def of_done(action: AlarmAction, alarm: str) -> Phrase:
    """That it was asked."""
    return phrase("alarms.done", wish=of_ask(action), alarm=alarm)


def of_length(us: int) -> Phrase:
    """A length of time."""
    seconds = us // 1_000_000
    if seconds < 60:
        return phrase("alarms.time.s", n=seconds)
    if seconds < 3600:
        return phrase("alarms.time.min", n=seconds // 60)
    return phrase("alarms.time.h", n=seconds // 3600, more=seconds // 60 % 60)


def of_log_kind(kind: str) -> Phrase:
    """What an entry of the log is about."""
    return phrase(f"log.kind.{kind}")


def of_weight(weight: str) -> Phrase:
    """How heavy an entry is."""
    return phrase(f"log.weight.{weight}")
