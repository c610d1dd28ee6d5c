"""The guide "drive a worker from Python": its code runs as it stands, against a real worker."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from tests.support.processes import program_environment
from tests.support.worker_process import running_worker

GUIDE = Path(__file__).parents[3] / "docs/guides/drive-a-worker.md"


async def test_the_code_of_the_guide_runs_as_it_stands(tmp_path: Path) -> None:
    """Block after block in one program; what needs the network is read only."""
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), flags=re.DOTALL | re.MULTILINE)
    program = tmp_path / "guide.py"
    program.write_text("\n\n".join([*blocks, "import asyncio\nasyncio.run(main())\nprint('all ran')\n"]))
    async with running_worker(tmp_path) as worker:
        environment = {**program_environment(), "FUNCNODES_CONFIG_DIR": str(worker.base.folder)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", str(program),
            env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    assert out.decode().splitlines()[0] == worker.uuid
    assert "is fed by" in out.decode()
    assert out.decode().splitlines()[-1] == "all ran"
