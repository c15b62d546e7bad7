"""The command lines `xray-operator` and `kubectl xray`: one module for each family of commands.

Exit codes: 0 done (`diff`: no differences), 1 refused or failed, 2 `diff` found a difference, 64 wrong usage,
130 Ctrl-C.
"""

from xray_operator.cli.main import kubectl_complete as kubectl_complete
from xray_operator.cli.main import kubectl_main as kubectl_main
from xray_operator.cli.main import main as main
