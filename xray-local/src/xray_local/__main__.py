"""`python -m xray_local` is `xray-local`."""

import sys

from xray_local.cli import main

if __name__ == "__main__":
    sys.exit(main())
