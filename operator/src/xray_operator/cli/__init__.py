"""The command line `xray-operator`: one module for each family of commands, and the rendering for a terminal.

Exit codes: 0 done (`diff`: no differences), 1 refused or failed, 2 `diff` found a difference, 64 wrong usage,
130 Ctrl-C.
"""

from xray_operator.cli.main import main as main
