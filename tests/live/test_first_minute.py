"""What `up` prints once services are up works as printed, in a shell."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.live.tool import IMPATIENT, INPUT, Kfsim
from tests.waiting import wait_until

CUSTOM = f"""\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: own
  annotations: {{kfsim.dev/runtime: process}}
spec:
  predictor:
    containers:
    - name: kserve-container
      image: example.com/own:1
      command: [{sys.executable}, -c]
      args:
      - |
        import http.server, os
        class Hello(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"hello")
        port = int(os.environ["PORT"])
        http.server.HTTPServer(("127.0.0.1", port), Hello).serve_forever()
"""


def in_shell(line: str, folder: Path) -> str:
    """The line as a user pastes it; `python3` is the one that runs the tests, as it is on a
    machine with kfsim."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env=environment | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout.strip()


def printed_lines(text: str, program: str, word: str) -> list[str]:
    return [
        line.strip()
        for line in text.splitlines()
        if line.startswith(f"  {program} ") and word in line
    ]


def test_the_printed_lines_work_in_a_shell(kfsim: Kfsim, iris_model: Path) -> None:
    (kfsim.folder / "an input.json").write_text(json.dumps(INPUT))
    example = "  annotations: {kfsim.dev/example: ../an input.json}\n"
    kfsim.service("shown", iris_model, head=example)
    kfsim.service("plain", iris_model, extra="    minReplicas: 0\n")
    kfsim.service("tensor", iris_model)
    tensor = (kfsim.manifests / "tensor.yaml").read_text()
    kfsim.write("tensor.yaml", tensor + "      protocolVersion: v2\n")
    kfsim.write("own.yaml", CUSTOM)
    printed = kfsim.up("--runtime", "process")
    expected = {
        "shown": '{"predictions":[1,1]}',
        "plain": '"predictions":',
        "tensor": '"outputs":',
        "own": "hello",
    }
    for name, answer in expected.items():
        for program in ("curl", "python3 -c"):
            word = f"//{name}." if program == "curl" else f"/serving/default/{name}/"
            (line,) = printed_lines(printed, program, word)
            quiet = line.replace("curl ", "curl -sS ", 1) if program == "curl" else line
            assert answer in in_shell(quiet, kfsim.folder)
    assert "scales to zero 60 s after the last request" in printed
    assert "never scales to zero: minReplicas 1" in printed


def test_up_says_what_a_request_from_zero_took(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.write("config.yaml", IMPATIENT)
    kfsim.service("iris", iris_model, extra="    minReplicas: 0\n")
    output = kfsim.folder / "printed"
    with output.open("w") as file:
        up = subprocess.Popen(
            [sys.executable, "-m", "kfsim", "up", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0"],
            cwd=kfsim.folder,
            env=kfsim.environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    kfsim.processes.append(up)
    wait_until(lambda: "watching" in output.read_text(), what="up follows")
    wait_until(lambda: not kfsim.objects("pods"), what="no pod is left")
    _, _, headers = kfsim.post("iris")
    assert headers["kfsim-start"] == "cold"
    wait_until(lambda: "iris: answered from zero in " in output.read_text(), what="it is told")
    (line,) = [each for each in output.read_text().splitlines() if "from zero" in each]
    assert "load " in line
    why = kfsim.run("why", "iris")
    assert "scales to zero 6 s after the last request" in why
    assert line.partition(": ")[2] in why
    with urllib.request.urlopen(f"http://{kfsim.daemon['api']}/metrics") as response:
        page = response.read().decode()
    assert 'kfsim_cold_start_seconds_count{namespace="default",revision="iris-pred' in page
    assert 'phase="load"' in page
