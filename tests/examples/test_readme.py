"""How a README's lines are compared with what is printed."""

import pytest

from tests.examples.readme import Step, make_pattern, read_steps

README = """\
Text.

```console
$ first --flag
one  …  three

$ second
```

```
$ not a console
```
"""


def test_commands_and_their_lines_are_read() -> None:
    assert list(read_steps(README)) == [
        Step("first --flag", ("one  …  three",)),
        Step("second", ()),
    ]


@pytest.mark.parametrize(
    ("wanted", "printed"),
    [
        ("iris  …  True", "iris   http://x   True   100"),
        ("a  8.6 ms  warm", "a 112.25 ms  warm"),
        ("0  6s", "0    63s"),
        ("x-deployment-pj7226vzf9-mbnmb  2/2", "x-deployment-aaaaaaaaaa-bbbbb   2/2"),
        ("http://iris.default.localhost:8080", "http://iris.default.localhost:40123"),
        ("built x (1cf65062aff3, 343 MB)", "built x (aaaaaaaaaaaa, 343 MB)"),
        ("cold", "the start was cold"),
    ],
)
def test_what_varies_is_not_compared(wanted: str, printed: str) -> None:
    assert make_pattern(wanted).search(printed)


@pytest.mark.parametrize(
    ("wanted", "printed"),
    [
        ("iris  …  True", "iris   http://x   False"),
        ('{"predictions":[1,1]}', '{"predictions":[1,2]}'),
        ("8 replicas", "9 replicas"),
        ("8.6 ms  warm", "8.6 ms  cold"),
    ],
)
def test_what_does_not_vary_is_compared(wanted: str, printed: str) -> None:
    assert not make_pattern(wanted).search(printed)


def test_lines_are_looked_for_in_order() -> None:
    step = Step("x", ("one", "two"))
    assert step.missing("one\nand two") is None
    assert step.missing("two\none") == "two"


def test_services_become_ready_in_any_order() -> None:
    step = Step("x", ("applied", "a: … Ready", "b: … Ready", "done"))
    assert step.missing("applied\nb: sure, Ready\na: sure, Ready\ndone") is None
    assert step.missing("b: Ready\napplied\na: but Ready\ndone") == "b: … Ready"
    assert step.missing("applied\ndone\na: but Ready\nb: but Ready") == "done"
