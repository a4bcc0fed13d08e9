"""The cluster's own ConfigMaps as values: upstream's keys, defaults and limits.

One module per ConfigMap, each with a frozen class and `parse(data)`, which raises Invalid that
names the key, what was found and what would do. `_example` and keys that nobody knows are ignored,
as upstream does. config-autoscaler is in `kfsim.autoscaler.config`, beside what it steers.

Controllers read them through `controllers.runtime.ConfigReader`.
"""

from typing import Final

KNATIVE_NAMESPACE: Final = "knative-serving"
