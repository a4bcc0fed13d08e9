"""Which fields have an effect here, and the report of it.

`table` says of every field whether it is honoured, and where; `effects` are its types; `report`
walks a document with it.
"""
