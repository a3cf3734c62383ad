"""How many times faster than real time the tissue block runs, in CPU time of this process: one core is what counts."""

from __future__ import annotations

import argparse
import time

from cordguard.simulators.tissue.block import Surroundings, TissueBlock
from cordguard.simulators.tissue.media import one_medium
from cordguard.simulators.tissue.needle import monopolar
from cordguard.simulators.tissue.properties import TISSUES

STEP_S = 0.1


def main() -> None:
    """Print a line for each size of cells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size-mm", type=float, default=80.0, help="length of the cube's edges")
    parser.add_argument("--seconds", type=float, nargs=2, default=(60.0, 10.0), help="of case, at 1 mm and at 0.5 mm")
    parser.add_argument("--power-w", type=float, default=5.0)
    chosen = parser.parse_args()
    for spacing_mm, seconds in zip((1.0, 0.5), chosen.seconds, strict=True):
        begun_s = time.process_time()
        block = TissueBlock(
            monopolar(1.5, 20.0), Surroundings([TISSUES["muscle"]], one_medium, chosen.size_mm, spacing_mm)
        )
        ready_s = time.process_time()
        for _ in range(round(seconds / STEP_S)):
            block.step(chosen.power_w, STEP_S)
        taken_s = time.process_time() - ready_s
        print(
            f"{spacing_mm:g} mm, {block.box.cells**3:,} cells: {seconds / taken_s:.2f} x real time over {seconds:g} s "
            f"of case, after {ready_s - begun_s:.1f} s of preparation; balance open by {block.balance.error:.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
