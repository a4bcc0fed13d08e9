"""networking.istio.io/v1beta1: the VirtualService that KServe makes per InferenceService."""

from typing import Any, ClassVar

from pydantic import Field

from kfsim.api.meta import Model, Object, shared


class StringMatch(Model):
    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None


class HTTPMatchRequest(Model):
    uri: StringMatch | None = None
    authority: StringMatch | None = None
    headers: dict[str, StringMatch] = Field(default_factory=dict)
    gateways: tuple[str, ...] = ()


class Destination(Model):
    host: str
    port: dict[str, Any] | None = None


class HTTPRouteDestination(Model):
    destination: Destination
    weight: int | None = None
    headers: dict[str, Any] | None = None


class HTTPRewrite(Model):
    uri: str | None = None
    authority: str | None = None


class HTTPRoute(Model):
    name: str | None = None
    match: tuple[HTTPMatchRequest, ...] = ()
    route: tuple[HTTPRouteDestination, ...] = ()
    rewrite: HTTPRewrite | None = None
    headers: dict[str, Any] | None = None


class VirtualServiceSpec(Model):
    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    http: tuple[HTTPRoute, ...] = ()


class VirtualService(Object):
    """Short name vs."""

    API_VERSION: ClassVar[str] = "networking.istio.io/v1beta1"
    KIND: ClassVar[str] = "VirtualService"

    spec: VirtualServiceSpec = Field(default_factory=shared(VirtualServiceSpec))
    status: dict[str, Any] = Field(default_factory=dict)
