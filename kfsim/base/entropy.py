"""Randomness as an injected value: uids, name suffixes and dice.

Under virtual time one seed gives one trace, so no other module may draw random numbers.
"""

import random
import uuid
from typing import Protocol

# Kubernetes' generateName alphabet: no vowels and no look-alikes (apimachinery util/rand).
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Entropy(Protocol):
    """Where randomness comes from."""

    def uid(self) -> str:
        """A fresh UUID, as text."""
        ...

    def suffix(self, length: int = 5) -> str:
        """A name suffix in Kubernetes' generateName alphabet."""
        ...

    def uniform(self) -> float:
        """A float in [0, 1)."""
        ...

    def below(self, bound: int) -> int:
        """An integer in [0, bound); bound is at least 1."""
        ...


class SeededEntropy:
    """Reproducible randomness: equal seeds give equal sequences."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)

    def uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def suffix(self, length: int = 5) -> str:
        return "".join(self._random.choices(_SUFFIX_ALPHABET, k=length))

    def uniform(self) -> float:
        return self._random.random()

    def below(self, bound: int) -> int:
        return int(self._random.random() * bound)


class SystemEntropy(SeededEntropy):
    """Randomness seeded from the operating system."""

    def __init__(self) -> None:
        super().__init__(random.SystemRandom().getrandbits(256))
