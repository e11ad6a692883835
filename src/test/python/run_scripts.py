"""Runs scripts for the tests, each in a fork of this process: what most of them import takes seconds, once here.

A line on its input is a file for what a script prints, the script, and its arguments, with tabs between them. Once
that script has ended, its exit status is a line on the output: 77 if it lacks a package.
"""

import importlib
import os
import runpy
import sys

MISSING_PACKAGES = 77
PACKAGES = ("numpy", "torch", "transformers", "safetensors", "peft", "accelerate")

for module in ("torch", "transformers.models.auto.modeling_auto", "peft"):
    try:
        importlib.import_module(module)
    except ImportError:
        pass  # the scripts that need it say so

for line in sys.stdin:
    log, *command = line.rstrip("\n").split("\t")
    child = os.fork()
    if child == 0:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()

printed = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
os.dup2(printed, 1)
os.dup2(printed, 2)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
sys.argv = command
sys.path[0] = os.path.dirname(os.path.abspath(command[0]))
try:
    runpy.run_path(command[0], run_name="__main__")
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] not in PACKAGES:
        raise
    print(f"missing: {error.name}")
    sys.exit(MISSING_PACKAGES)
