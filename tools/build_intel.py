#!/usr/bin/env python3
"""Makes the set of known things that is installed with the programs, out of data/intel.

    build_intel.py PICKET_ADMIN DATA_INTEL OUT
"""

import os
import subprocess
import sys
from pathlib import Path

# Folder, date of the lists (for entries that tell none), what is not told by the folder's name.
FEEDS = [
    ("misp-warninglists", "2026-08-20", []),
    ("picket", "2026-11-23", ["--source", "picket", "--licence", "Apache-2.0"]),
    ("appverifier", "2025-08-29", []),
    ("stalkerware-indicators", "2026-06-21", []),
    ("mvt-indicators", "2026-04-08", []),
    ("maltrail", "2026-08-23", []),
]


def main():
    admin, data, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    beside = out.with_suffix(".new")
    beside.unlink(missing_ok=True)
    for folder, date, more in FEEDS:
        done = subprocess.run([admin, "intel", "import", "--set", str(beside), "--date", date, *more, str(data / folder)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.stderr.write(done.stdout + done.stderr)
            return done.returncode
    os.replace(beside, out)
    Path(f"{beside}.lock").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
