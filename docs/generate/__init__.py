"""The reference pages under docs/reference, made from the code that they describe.

`python -m docs.generate` writes them (`make docs`), `--check` says which have drifted (`make
check`). One module per page: `cli` from the argument parsers, `configuration` from the settings'
classes, `fields` from the table of effects, `resources` from the scheme. A page is a pure function
of the code: no clock, no machine.
"""
