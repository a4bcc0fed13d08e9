"""KFServing 0.6 where it differs from KServe: fixed servers, defaulting, refusals."""
