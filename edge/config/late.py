"""Libraries that take long to load, loaded where they are needed for the first time.

Public names: loaded.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType


def loaded(name: str) -> ModuleType:
    """The module. After a failure, as for want of memory, the next call begins anew.

    Python takes a package out that could not be loaded, and leaves those parts of it in that could: found later without
    their package, they are loaded in another order than its authors meant, and fail for ever.
    """
    if name not in sys.modules:
        for part in tuple(sys.modules):
            if part.partition(".")[0] not in sys.modules:
                sys.modules.pop(part, None)
    return importlib.import_module(name)
