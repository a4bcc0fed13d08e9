"""Resource kinds as frozen pydantic models, one module per API group.

A manifest enters as JSON, is checked against its model (`scheme`), defaulted and validated, and
is stored as bytes; typed views are decoded on demand. The models hold exactly the fields that
kfsim accepts; which of them have no effect stands in `docs/fidelity.md`. Everything here is pure:
no I/O, no time, no randomness. Pydantic is imported nowhere else.
"""
