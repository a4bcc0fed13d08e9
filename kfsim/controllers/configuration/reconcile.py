"""Makes a Configuration's Revisions and tells which is created last and which ready last."""

from kfsim.api.conditions import FALSE, ConditionManager, ConditionSet, find_condition
from kfsim.api.knative.defaults import default_configuration
from kfsim.api.knative.serving import Configuration, ConfigurationStatus, Revision
from kfsim.api.meta import is_controlled_by
from kfsim.base.clock import Clock, format_timestamp
from kfsim.controllers.configuration.resources import (
    generation_of,
    make_revision,
    revision_name,
)
from kfsim.controllers.runtime import ClusterConfig, Key, Recorder, Result, Settled, version_of
from kfsim.replicas.failures import ENGINE_UNAVAILABLE
from kfsim.store import Store
from kfsim.traffic import is_ready

READY = "Ready"
CONDITIONS = ConditionSet(READY, ())
_REVISION_FAILED = "RevisionFailed"


class ConfigurationReconciler:
    """One Configuration at a time."""

    def __init__(
        self, *, store: Store, clock: Clock, recorder: Recorder, config: ClusterConfig
    ) -> None:
        self._store = store
        self._clock = clock
        self._recorder = recorder
        self._config = config
        self._settled = Settled()

    def reconcile(self, key: Key) -> Result:
        configuration = self._store.find(Configuration, key.name, key.namespace)
        if configuration is None or configuration.metadata.deletion_timestamp is not None:
            self._settled.forget(key)
            return Result()
        name = revision_name(configuration)
        if self._settled.is_settled(key, self._inputs(key, name)):
            return Result()
        wall = format_timestamp(self._clock.wall())
        old = configuration.status
        conditions = CONDITIONS.manager(old.conditions, wall=wall)
        generation = configuration.metadata.generation
        conditions.observe_generation(generation=generation, observed=old.observed_generation)
        status = self._reconcile_revisions(configuration, conditions, wall=wall)
        self._store.update_status(
            configuration.replaced(
                status=status.replaced(
                    observed_generation=generation, conditions=conditions.result()
                )
            )
        )
        latest = self._store.find(Revision, name, key.namespace)
        if latest is not None and is_ready(latest):  # else older Revisions count as well
            self._settled.settle(key, self._inputs(key, name))
        return Result()

    def _inputs(self, key: Key, latest: str) -> tuple[int, ...]:
        return (
            self._config.defaults.version,
            version_of(self._store, Configuration, key.name, key.namespace),
            version_of(self._store, Revision, latest, key.namespace),
        )

    def _defaulted(self, configuration: Configuration) -> Configuration:
        return default_configuration(configuration, defaults=self._config.defaults())

    def _reconcile_revisions(
        self, configuration: Configuration, conditions: ConditionManager, *, wall: str
    ) -> ConfigurationStatus:
        status = configuration.status
        latest = self._latest_created(configuration, wall=wall)
        name = revision_name(configuration)
        if latest is None:
            conditions.mark_false(
                READY,
                _REVISION_FAILED,
                "Revision creation failed with message: "
                f'revisions.serving.knative.dev "{name}" already exists.',
            )
            return status
        status = status.replaced(latest_created_revision_name=name)
        if status.latest_ready_revision_name != name:
            conditions.mark_unknown(READY, *_why_unknown(latest))
        self._report_failure(configuration, latest, conditions)
        ready = self._latest_ready(configuration, latest)
        if ready is None:
            return status
        if ready == name:
            conditions.mark_true(READY)
        self._report_ready(configuration, ready)
        return status.replaced(latest_ready_revision_name=ready)

    def _latest_created(self, configuration: Configuration, *, wall: str) -> Revision | None:
        """The current generation's Revision, made when missing; None when its name is taken."""
        name = revision_name(configuration)
        found = self._store.find(Revision, name, configuration.metadata.namespace)
        if found is None:
            made = make_revision(self._defaulted(configuration), wall=wall)
            created = self._store.create(made)
            self._recorder.normal(configuration, "Created", f'Created Revision "{name}"')
            return created
        if not is_controlled_by(found, configuration):
            return None
        is_current = generation_of(found) == configuration.metadata.generation
        wanted = self._defaulted(configuration).spec.template.spec
        return found if is_current or found.spec == wanted else None

    def _report_failure(
        self, configuration: Configuration, latest: Revision, conditions: ConditionManager
    ) -> None:
        ready = find_condition(latest.status.conditions, READY)
        if ready is None or ready.status != FALSE:
            return
        name = latest.metadata.name
        message = f'Revision "{name}" failed with message: {ready.message or ""}.'
        conditions.mark_false(READY, _REVISION_FAILED, message)
        before = find_condition(configuration.status.conditions, READY)
        if before is not None and (before.status, before.message) == (FALSE, message):
            return
        if name == configuration.status.latest_ready_revision_name:
            reason, which = "LatestReadyFailed", "ready"
        else:
            reason, which = "LatestCreatedFailed", "created"
        self._recorder.warning(
            configuration, reason, f'Latest {which} revision "{name}" has failed'
        )

    def _latest_ready(self, configuration: Configuration, latest: Revision) -> str | None:
        """The newest ready Revision that is not older than the latest ready one so far."""
        if is_ready(latest):
            return latest.metadata.name
        known = configuration.status.latest_ready_revision_name
        namespace = configuration.metadata.namespace
        oldest = self._store.find(Revision, known, namespace) if known else None
        start = generation_of(oldest) if oldest is not None else 0
        candidates = sorted(
            (
                revision
                for revision in self._store.owned(Revision, configuration)
                if generation_of(revision) >= start
            ),
            key=generation_of,
            reverse=True,
        )
        return next((each.metadata.name for each in candidates if is_ready(each)), None)

    def _report_ready(self, configuration: Configuration, ready: str) -> None:
        before = configuration.status.latest_ready_revision_name
        if before == ready:
            return
        if not before:
            self._recorder.normal(
                configuration, "ConfigurationReady", "Configuration becomes ready"
            )
        self._recorder.normal(
            configuration,
            "LatestReadyUpdate",
            f'LatestReadyRevisionName updated to "{ready}"',
        )


def _why_unknown(latest: Revision) -> tuple[str | None, str | None]:
    """Nothing, as in Knative, unless the Revision waits for what only the user can start."""
    ready = find_condition(latest.status.conditions, READY)
    if ready is None or ready.reason != ENGINE_UNAVAILABLE:
        return None, None
    return ready.reason, ready.message
