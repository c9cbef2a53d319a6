"""HiGHS beside our assignment: which units go by which pickup, as few as possible left behind, at the least cost.

Public names: solved.
"""

from __future__ import annotations

from time import process_time

import highspy
import numpy as np


def solved(costs: list[dict[int, int]], units: list[int], room: list[int]) -> tuple[float, int, int]:
    """(seconds without the making of the model, units that fit, their cost)."""
    behind = len(room)
    dear = 1 + (behind + 1) * max(cost for row in costs for cost in row.values())
    ways = [(one, at, cost) for one, row in enumerate(costs) for at, cost in (*row.items(), (behind, dear))]
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(ways), len(costs) + behind
    lp.col_cost_ = np.array([cost for _, _, cost in ways], dtype=float)
    lp.col_lower_, lp.col_upper_ = np.zeros(len(ways)), np.full(len(ways), highspy.kHighsInf)
    lp.row_lower_ = np.array([*units, *[-highspy.kHighsInf] * behind], dtype=float)
    lp.row_upper_ = np.array([*units, *room], dtype=float)
    starts, index = [0], []
    for one, at, _ in ways:
        index += [one] if at == behind else [one, len(costs) + at]
        starts.append(len(index))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = np.array(starts), np.array(index)
    lp.a_matrix_.value_ = np.ones(len(index))
    model = highspy.Highs()  # type: ignore[no-untyped-call]  # the library's
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    model.passModel(lp)
    began = process_time()
    model.run()
    took = process_time() - began
    flow = [round(value) for value in model.getSolution().col_value]
    taken = [(n, cost) for n, (_, at, cost) in zip(flow, ways, strict=True) if at != behind]
    return took, sum(n for n, _ in taken), sum(n * cost for n, cost in taken)
