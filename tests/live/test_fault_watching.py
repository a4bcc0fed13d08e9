"""Files that change in storms, are replaced, go and come, or are half written, while `up`
follows them."""

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.live.tool import Kfsim
from tests.waiting import wait_until

STORM = 1000


def config_map(name: str, value: object) -> str:
    return (
        f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{v: '{value}'}}}}\n"
    )


def values(kfsim: Kfsim) -> dict[str, str]:
    found = kfsim.objects("configmaps")
    return {each["metadata"]["name"]: each["data"]["v"] for each in found if "v" in each["data"]}


class Following:
    """A foreground `up`, and what it has printed."""

    def __init__(self, kfsim: Kfsim) -> None:
        self.kfsim = kfsim
        self._path = kfsim.folder / "printed"
        with self._path.open("w") as file:
            self.process = subprocess.Popen(
                [*kfsim.command, "up", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0"],
                cwd=kfsim.folder,
                env=kfsim.environment,
                stdout=file,
                stderr=file,
                text=True,
            )
        kfsim.processes.append(self.process)
        self.wait_for("watching for changes")

    @property
    def printed(self) -> str:
        return self._path.read_text()

    def wait_for(self, words: str, *, times: int = 1) -> None:
        wait_until(lambda: self.printed.count(words) >= times, what=f"{words!r} is printed")

    def wait_for_values(self, wanted: dict[str, str]) -> None:
        wait_until(lambda: values(self.kfsim) == wanted, what=f"the values {wanted}")


@pytest.fixture
def following(kfsim: Kfsim) -> Following:
    kfsim.write("first.yaml", config_map("first", 0))
    return Following(kfsim)


def test_a_storm_of_files_is_applied_once_it_settled_and_the_last_change_wins(
    following: Following,
) -> None:
    kfsim = following.kfsim
    names = [f"c{number}" for number in range(STORM)]
    for version in range(3):
        for name in names:
            kfsim.write(f"storm/{name}.yaml", config_map(name, version))
    wanted = {"first": "0", **dict.fromkeys(names, "2")}
    following.wait_for_values(wanted)
    # The first time may come amid the storm; what it misses is taken in one more.
    told = Counter(line.split()[0] for line in following.printed.splitlines() if line)
    assert max(told[f"configmap/{name}"] for name in names) <= 2
    assert "Error" not in following.printed
    shutil.rmtree(kfsim.manifests / "storm")
    following.wait_for_values({"first": "0"})
    pruned = [line for line in following.printed.splitlines() if line.endswith("pruned")]
    assert len(pruned) == STORM
    assert following.process.poll() is None


def test_files_that_editors_replace_and_folders_that_go_and_come(following: Following) -> None:
    kfsim = following.kfsim
    path = kfsim.manifests / "first.yaml"
    for version in (1, 2):  # vim: the old file is moved away, and a new one is written
        path.rename(f"{path}~")
        path.write_text(config_map("first", version))
        following.wait_for_values({"first": str(version)})
    for version in (3, 4):  # most others: a new file is moved over the old one
        draft = kfsim.manifests / ".first.yaml.swp"
        draft.write_text(config_map("first", version))
        os.replace(draft, path)
        following.wait_for_values({"first": str(version)})
    shutil.rmtree(kfsim.manifests)
    wait_until(lambda: not kfsim.manifests.exists(), what="it is gone")
    kfsim.write("first.yaml", config_map("first", 5))
    following.wait_for_values({"first": "5"})
    kfsim.write("first.yaml", config_map("first", 6))
    following.wait_for_values({"first": "6"})
    assert following.process.poll() is None


def test_nonsense_and_half_a_file_leave_the_old_revision_serving_and_heal(
    kfsim: Kfsim, iris_model: Path
) -> None:
    path = kfsim.service("iris", iris_model)
    sound = path.read_text()
    following = Following(kfsim)
    uid = kfsim.object("isvc", "iris")["metadata"]["uid"]
    for number, nonsense in enumerate(
        (
            sound[: len(sound) // 2],
            sound.replace("predictor", "predicter"),
            "kind: [unclosed\n",
            "\x00\x01 no text at all",
        ),
        1,
    ):
        path.write_text(nonsense)
        following.wait_for("Error: ", times=number)
        assert kfsim.post("iris")[0] == 200
    path.write_text("")  # an editor truncates before it writes
    path.write_text(sound.replace("predictor:\n", "predictor:\n    timeout: 77\n"))
    following.wait_for("iris configured")
    wait_until(
        lambda: kfsim.post("iris")[2]["kfsim-revision"] == "iris-predictor-00002",
        what="the new revision serves",
    )
    path.write_text(sound)
    following.wait_for("iris configured", times=2)
    assert kfsim.post("iris")[0] == 200
    assert kfsim.object("isvc", "iris")["metadata"]["uid"] == uid
    assert "pruned" not in following.printed
