"""``python grafana/build``: write every dashboard's JSON."""

from __future__ import annotations

import sys

from cordguard_grafana.write import DASHBOARDS, FOLDER, write_all

if __name__ == "__main__":
    write_all(FOLDER)
    sys.stdout.write(f"wrote {', '.join(sorted(DASHBOARDS))} to {FOLDER}\n")
