"""`kfsim doctor`: facts about the machine and the project, and what they mean for kfsim.

    gather_* (I/O, each failure a fact)  ──facts──▶  check_* (pure)  ──▶  Findings

`machine`, `network`, `engine`, `project` and `sources` hold one area's checks each; `gathering`,
`engine_facts`, `project_facts` and `source_facts` look. Called by `cli.commands.doctor` only.

Must not: change anything, or reach further than loopback, the Docker engine and the models' own
sources.
"""

from kfsim.cli.doctor.finding import Finding, Level

__all__ = ["Finding", "Level"]
