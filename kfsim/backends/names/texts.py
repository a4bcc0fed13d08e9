"""Cluster-local names in the texts of a container. Pure.

A text is a word of the command line or the value of a variable. A name is taken for a Service's

* in a URL: `http://` before it, whichever of the three forms it has;
* in a full form, `NAME.NAMESPACE.svc` or with `.cluster.local`, standing alone between spaces,
  quotes, commas and the like;
* in the short form `NAME.NAMESPACE`, only as the whole value of an option or variable that is
  called a host, URL, address or the like. `-m iris.default` is a Python module, `/etc/a.default` a
  file, `me@iris.default` a mailbox.

Port 80 is the Service's own and belongs to the name; a name with any other port means something
that is not served here. Whether there is such a Service is for the caller to say.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kfsim.api.core import Container
from kfsim.base.local_hosts import LABEL, parse_local_host
from kfsim.base.types import ServiceName
from kfsim.replicas.addresses import ServiceDirectory

_FULL = rf"{LABEL}\.{LABEL}\.svc(?:\.cluster\.local\.?)?"
_ANY = rf"{LABEL}\.{LABEL}(?:\.svc(?:\.cluster\.local\.?)?)?"
_END = r"(?=$|[\s/?#\"'`,;)\]}|&<>\\])"
_IN_URL = re.compile(
    rf"(?P<before>(?<![\w.+-])http://(?:[^\s/@\"']*@)?)(?P<host>{_ANY})(?::80)?{_END}", re.I
)
_ALONE = re.compile(rf"(?P<before>^|[\s\"'`=,;(\[{{|])(?P<host>{_FULL})(?::80)?{_END}", re.I | re.M)
_WHOLE = re.compile(rf"(?P<before>)(?P<host>{_ANY})(?::80)?(?=$|/)", re.I)
_OPTION = re.compile(r"--?[\w.-]+")
_HOSTLY = re.compile(
    r"(?:^|[-_.])(?:host|hostname|url|uri|addr|address|endpoint|server|service|target|upstream"
    r"|backend)s?(?:$|[-_.])",
    re.I,
)
# What KServe appends (pkg/constants ArgumentPredictorHost), and its older servers' explainer form.
_COMPONENT_OPTION = re.compile(r"--(?:predictor|explainer|transformer)[-_]host")
_REFERENCE = re.compile(r"\$\$|\$\(([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name that reads as a Service's; `host` is as spelled, in lower case, without final dot."""

    host: str
    service: ServiceName
    is_component: bool = False
    """It is the value of an option by which components are told of each other."""

    def is_meant(self, directory: ServiceDirectory, namespace: str) -> bool:
        """Whether a container of that namespace means a Service here: one that exists, or one of
        its own service's components, which may be made a moment later."""
        own = self.is_component and self.service.namespace == namespace
        return own or directory.knows(self.service)


Replace = Callable[[Mention], str | None]
"""What to write for a mention, port included; None leaves it as it is."""


def rewrite_container(container: Container, replace: Replace) -> Container:
    """The container with what `replace` says in its command, args and env.

    References to variables in command and args are resolved first where that is certain, because
    a name may be put together of several.
    """
    plain = {
        each.name: each.value
        for each in container.env
        if each.value is not None and "$" not in each.value
    }
    command = _rewrite_words([_resolve(each, plain) for each in container.command], replace)
    args = _rewrite_words([_resolve(each, plain) for each in container.args], replace)
    env = tuple(
        each
        if each.value is None
        else each.replaced(value=_rewrite_text(each.value, replace, option=each.name))
        for each in container.env
    )
    if (command, args, env) == (container.command, container.args, container.env):
        return container
    return container.replaced(command=command, args=args, env=env)


def mentions_of(container: Container) -> tuple[Mention, ...]:
    """All mentions, each once, in the order of command, args and env."""
    found: dict[Mention, None] = {}

    def note(mention: Mention) -> None:
        found[mention] = None

    rewrite_container(container, note)
    return tuple(found)


def _rewrite_words(words: Sequence[str], replace: Replace) -> tuple[str, ...]:
    rewritten = []
    for index, word in enumerate(words):
        option, equals, value = word.partition("=")
        if equals and _OPTION.fullmatch(option):
            rewritten.append(f"{option}={_rewrite_text(value, replace, option=option)}")
        else:
            before = words[index - 1] if index else ""
            option = before if _OPTION.fullmatch(before) else ""
            rewritten.append(_rewrite_text(word, replace, option=option))
    return tuple(rewritten)


def _rewrite_text(text: str, replace: Replace, *, option: str) -> str:
    """`option` names the option or variable whose value the text is; empty for none."""
    is_component = _COMPONENT_OPTION.fullmatch(option) is not None

    def substitute(match: re.Match[str]) -> str:
        host = match["host"].lower().rstrip(".")
        service = parse_local_host(host)
        assert service is not None  # the patterns are made of the same parts
        written = replace(Mention(host, service, is_component))
        return match[0] if written is None else match["before"] + written

    if option and _HOSTLY.search(option) and _WHOLE.match(text):
        return _WHOLE.sub(substitute, text, count=1)
    return _ALONE.sub(substitute, _IN_URL.sub(substitute, text))


def _resolve(text: str, plain: Mapping[str, str]) -> str:
    """Expand what refers to variables without references of their own; leave the rest, `$$`
    included, to the backend's expansion."""
    if "$(" not in text:
        return text
    return _REFERENCE.sub(lambda match: plain.get(match[1] or "", match[0]), text)
