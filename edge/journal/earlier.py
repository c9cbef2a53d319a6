"""What a stored state said otherwise in earlier versions.

Public names: in_todays_words.
"""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.values.track import RouteState, TrackState


def in_todays_words(body: bytes) -> bytes:
    """A state as this version stores it: 0.1.0 told by five flags where a track and its route are.

    Raises msgspec.MsgspecError for what is no state at all.
    """
    if b'"inducted":' not in body:
        return body
    told = msgspec.json.decode(body, type=dict[str, Any])
    told["lines"] = lines = msgspec.convert(told.get("lines"), dict[str, dict[str, Any]])
    for line in lines.values():
        line["tracks"] = tracks = msgspec.convert(line.get("tracks"), dict[str, dict[str, Any]])
        for track in tracks.values():
            if "inducted" in track:
                _by_states(track)
    return msgspec.json.encode(told)


def _by_states(track: dict[str, Any]) -> None:
    words = ("inducted", "ended", "unconfirmed", "handled", "early")
    inducted, ended, unconfirmed, handled, early = (track.pop(word, False) for word in words)
    if ended:
        track["state"] = TrackState.ENDED if inducted else TrackState.ENDED_AWAITED
    elif inducted:
        track["state"] = TrackState.UNCONFIRMED if unconfirmed else TrackState.INDUCTED
    if track.get("lane"):
        track["route"] = RouteState.HANDLED if handled else RouteState.DECIDED
    elif early:
        track["route"] = RouteState.DOUBTED
