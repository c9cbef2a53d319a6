"""What `lanewise run` costs with many PLCs, for one tree of this project: `bench.plcs --against` has it run by each.

Public names: main. Run as a file, with the tree's root as PYTHONPATH; prints JSON. It needs of a tree only what its
`bench.plcs` has had since commit c3fd558. `bench.profile` has a sampler look at the process meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from bench import plcs
from bench._controller import Controller

IDLE_S = 6.0


def main() -> None:
    """``COUNT SECONDS [SAMPLER ...]``: of PLCs, how long parcels come, and a command that looks at the process then.

    In that ``{pid}`` stands for the process.
    """
    count, seconds = int(sys.argv[1]), float(sys.argv[2])
    # Of the tree that is measured, as its own bench has them.
    built, peer = (getattr(plcs, name) for name in ("build_libmodbus_plc", "LibmodbusPlc"))
    program = built(Path.cwd() / ".bench", *(str(shutil.which(tool)) for tool in ("cc", "pkg-config")))
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, plcs.PLC_NICE)
    parcels = round(seconds * 1_000_000 / plcs.EVERY_US)
    with ExitStack() as opened:
        peers = [opened.enter_context(peer(program, plcs.SCAN_US)) for _ in range(count)]
        ours = opened.enter_context(Controller([peer.port for peer in peers], parcels, 0))
        ours.start(lambda: all(peer.status()["epoch"] for peer in peers))
        time.sleep(1.0)
        used = ours.cpu_s()
        time.sleep(IDLE_S)
        idle_s = (ours.cpu_s() - used) / IDLE_S
        used, before = ours.cpu_s(), plcs._ticks()
        began = time.monotonic()
        words = [word.format(pid=ours._process and ours._process.pid) for word in sys.argv[3:]]
        sampler = subprocess.Popen(words, stdout=subprocess.DEVNULL) if words else None
        reactions = plcs._collect(peers, parcels, ours)
        took_s = time.monotonic() - began
        busy_s = ours.cpu_s() - used
        every, stolen = (now - then for now, then in zip(plcs._ticks(), before, strict=True))
        if sampler is not None and sampler.wait():
            raise ChildProcessError(f"{words[0]} ended with {sampler.returncode}")
        ours.stop()
    print(
        json.dumps(
            {
                "idle": idle_s / count,
                "busy": busy_s / took_s,
                "parcel_us": busy_s / len(reactions) * 1e6,
                "reactions_us": reactions,
                "defaulted": sum(one > plcs.DECISION_US for one in reactions),
                "stolen": stolen / every,
            }
        )
    )


if __name__ == "__main__":
    main()
