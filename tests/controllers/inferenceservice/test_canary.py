"""canaryTrafficPercent: every user action of KServe's table, on a model of Knative's answers."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.api.knative.serving import TrafficTarget
from kfsim.controllers.inferenceservice.canary import Rollout, advance_rollout, make_traffic

V1, V2, V3 = "v1", "v2", "v3"


@dataclass
class Story:
    """An InferenceService over an idealised Knative: traffic is resolved at once."""

    created: str = ""
    ready: str = ""
    percent: int | None = None
    tagging: bool = False
    rollout: Rollout = field(default_factory=Rollout)
    traffic: tuple[TrafficTarget, ...] = ()

    def edit(self, revision: str, *, ready: bool = True) -> "Story":
        self.created = revision
        self.ready = revision if ready else self.ready
        return self.settle()

    def set(self, percent: int | None) -> "Story":
        self.percent = percent
        return self.settle()

    def settle(self) -> "Story":
        """Reconcile until nothing changes; it must come to rest."""
        for _ in range(6):
            wanted = make_traffic(self.percent, self.rollout, tag_routing=self.tagging)
            resolved = tuple(
                target.replaced(revision_name=self.ready) if target.latest_revision else target
                for target in wanted
            )
            rollout = advance_rollout(
                self.rollout,
                latest_ready=self.ready,
                latest_created=self.created,
                traffic=resolved,
            )
            if (rollout, resolved) == (self.rollout, self.traffic):
                return self
            self.rollout, self.traffic = rollout, resolved
        raise AssertionError("traffic does not come to rest")

    @property
    def shares(self) -> list[tuple[str | None, int | None]]:
        return [(target.revision_name, target.percent) for target in self.traffic]


def promoted() -> Story:
    """v2 after a canary, with all traffic."""
    return Story().edit(V1).set(10).edit(V2).set(None)


def test_first_deploy_with_a_percent_gives_all_to_the_first_revision() -> None:
    story = Story(percent=10).edit(V1)

    # R is known from then on, so the share is written as a split of v1 with itself.
    assert {revision for revision, _ in story.shares} == {V1}
    assert sum(percent or 0 for _, percent in story.shares) == 100
    assert story.rollout == Rollout(V1, "")


def test_an_edit_under_a_percent_splits_once_ready() -> None:
    story = Story().edit(V1).set(10).edit(V2)

    assert story.shares == [(V2, 10), (V1, 90)]
    assert story.traffic[1].tag == "prev"
    assert story.rollout.latest_rolled_out == V1


def test_raising_the_percent_makes_no_revision() -> None:
    assert Story().edit(V1).set(10).edit(V2).set(50).shares == [(V2, 50), (V1, 50)]


@pytest.mark.parametrize("percent", [None, 100])
def test_removing_the_percent_or_100_promotes(percent: int | None) -> None:
    story = Story().edit(V1).set(10).edit(V2).set(percent)

    assert story.shares == [(V2, 100)]
    assert story.rollout == Rollout(V2, V1)


def test_zero_during_a_canary_keeps_the_new_revision_reachable_by_tag() -> None:
    story = Story(tagging=True).edit(V1).set(10).edit(V2).set(0)

    assert story.shares == [(V2, 0), (V1, 100)]
    assert [target.tag for target in story.traffic] == ["latest", "prev"]


@pytest.mark.parametrize("percent", [10, 0])
def test_a_percent_after_the_promotion_rolls_back(percent: int) -> None:
    story = promoted().set(percent)

    assert story.shares == [(V2, percent), (V1, 100 - percent)]
    assert story.rollout.latest_rolled_out == V1


def test_the_first_spec_again_is_a_third_revision() -> None:
    story = promoted().set(20).edit(V3)

    assert story.shares == [(V3, 20), (V1, 80)]


def test_a_revision_that_never_becomes_ready_gets_nothing() -> None:
    story = Story().edit(V1).set(10).edit(V2, ready=False)

    assert {revision for revision, _ in story.shares} == {V1}
    assert story.rollout.latest_rolled_out == V1


def test_an_unready_edit_after_a_promotion_does_not_roll_back() -> None:
    story = promoted().edit(V3, ready=False).set(10)

    assert {revision for revision, _ in story.shares} == {V2}
    assert story.rollout == Rollout(V2, V1)


@pytest.mark.parametrize(
    ("percent", "rolled_out", "tagging", "expected"),
    [
        (None, "", False, [(None, True, 100, None)]),
        (10, "", True, [(None, True, 100, "latest")]),
        (10, V1, False, [(None, True, 10, None), (V1, False, 90, "prev")]),
        (10, V1, True, [(None, True, 10, "latest"), (V1, False, 90, "prev")]),
        (100, V1, False, [(None, True, 100, None)]),
        (0, V1, False, [(None, True, 0, None), (V1, False, 100, "prev")]),
    ],
    ids=["none", "first-deploy", "split", "split-tagged", "full", "zero"],
)
def test_what_is_written(
    percent: int | None,
    rolled_out: str,
    tagging: bool,
    expected: list[tuple[str | None, bool, int, str | None]],
) -> None:
    targets = make_traffic(percent, Rollout(rolled_out), tag_routing=tagging)

    assert [(t.revision_name, t.latest_revision, t.percent, t.tag) for t in targets] == expected


actions = st.one_of(
    st.tuples(st.just("set"), st.one_of(st.none(), st.integers(0, 100))),
    st.tuples(st.just("edit"), st.booleans()),
)


@given(st.lists(actions, max_size=12), st.booleans())
def test_any_history_comes_to_rest_with_100_percent(
    history: list[tuple[str, int | bool | None]], tagging: bool
) -> None:
    story = Story(tagging=tagging).edit("v0")
    for number, (action, value) in enumerate(history, start=1):
        if action == "set":
            story.set(value)
        else:
            story.edit(f"v{number}", ready=bool(value))
        assert sum(percent or 0 for _, percent in story.shares) == 100
        assert story.rollout.latest_rolled_out
