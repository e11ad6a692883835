"""Starts one rank as a process of its own, as a trainer that torchrun has started would.

torchrun … src/test/python/launch_rank.py COMMAND ARGUMENT…
"""

import os
import subprocess
import sys

assert os.environ["TORCHELASTIC_USE_AGENT_STORE"] == "True"
sys.exit(subprocess.call(sys.argv[1:]))
