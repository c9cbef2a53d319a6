"""Both event loops that lanewise runs on.

Public names: Loop, LOOPS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import uvloop

Loop = Callable[[], asyncio.AbstractEventLoop]
"""Makes an event loop, as the fixture `run` takes it."""
LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
