"""`python -m xray_operator` is `xray-operator`."""

import sys

from xray_operator.cli import main

if __name__ == "__main__":
    sys.exit(main())
