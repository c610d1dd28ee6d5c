"""The original FuncNodes as the peer: the same programs, run in its environment and in ours, side by side.

Its packages are installed from the registry into an environment of their own and run; nothing of them is
read or copied. The programs (`engine_program.py`, `worker_program.py`) use published names only.
"""
