"""How many single abstracts a second the REST API tags, against a constant, measured with wrk on loopback.

    python benchmarks/web.py

Needs wrk (https://github.com/wg/wrk). One server, one run: the constant is an endpoint of the same
application that takes the same requests and answers with the same bytes, unread and untagged. The abstracts
are the invented ones the project publishes, sent in turn. Then the API again at half of the rate it reached,
for the latency of a server that is not full.
"""

import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CONNECTIONS = 16
SECONDS = 8
ROUNDS = 3

SERVER = """
import sys
import gc
import uvicorn
from starlette.responses import Response
from otclass.web import create_app
app = create_app()
answer = sys.argv[2].encode()
@app.post("/constant", include_in_schema=False)
async def constant():
    return Response(answer, media_type="application/json")
gc.collect()
gc.freeze()
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
"""

# Each thread goes through all bodies. The delay, in milliseconds, holds the rate down.
SCRIPT = """
local bodies = {{}}
for line in io.lines("{bodies}") do bodies[#bodies + 1] = line end
local place = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
function request()
  place = place % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[place])
end
function delay() return {delay} end
function done(summary, latency)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  local rate = summary.requests / summary.duration * 1e6
  local median, p99 = latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  io.write(string.format("RESULT %f %f %f %d\\n", rate, median, p99, wrong))
end
"""


class Load(NamedTuple):
    """What wrk found: requests a second, and milliseconds that half and 99% of them took at most."""

    rate: float
    median: float
    p99: float


def load(address: str, bodies: Path, delay: float) -> Load:
    """Put load on an endpoint; each connection waits `delay` ms before every request."""
    script = bodies.with_name("load.lua")
    # Without a delay wrk must not be given the function: it would then pause for a tick of its clock.
    text = SCRIPT.format(bodies=bodies, delay=round(delay))
    script.write_text(
        text if delay else text.replace("function delay() return 0 end\n", ""), encoding="utf-8"
    )
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), address]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", printed)
    if found is None or found[4] != "0":
        raise SystemExit(f"wrk met errors:\n{printed}")
    return Load(*(float(value) for value in found.groups()[:3]))


def main() -> None:
    """Measure and print."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed; see https://github.com/wg/wrk.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (ROOT / "models" / "training" / "invented.csv").open(encoding="utf-8", newline="") as file:
        bodies = [
            json.dumps({"title": row["title"], "abstract": row["abstract"]}) for row in csv.DictReader(file)
        ]
    from otclass import tag
    from otclass.web.api import answer_of

    answer = json.dumps(answer_of(tag(**json.loads(bodies[0]))))
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(port), answer], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/health").close()
                break
            except OSError:
                time.sleep(0.1)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "bodies.jsonl")
            path.write_text("\n".join(bodies) + "\n", encoding="utf-8")
            load(f"{address}/api/tag", path, 0)
            for _ in range(ROUNDS):
                constant = load(f"{address}/constant", path, 0)
                tagging = load(f"{address}/api/tag", path, 0)
                half = load(f"{address}/api/tag", path, CONNECTIONS / (tagging.rate / 2) * 1000)
                print(
                    f"constant {constant.rate:.0f}/s, tagging {tagging.rate:.0f}/s "
                    f"({tagging.rate / constant.rate:.0%}); at {half.rate:.0f}/s "
                    f"median {half.median:.2f} ms, p99 {half.p99:.2f} ms (x{half.p99 / half.median:.1f})",
                    flush=True,
                )
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
