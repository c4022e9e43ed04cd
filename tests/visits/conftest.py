from typing import Any

import pytest

from linkage.clock import FakeClock
from linkage.keyring import KeyRing, NamedKey
from linkage.terms import Caller, Counter, Officer, RecipientId
from linkage.visits import Sealer


def make_caller(counter: int = 1, officer: str = "officer-0001", issuer: str = "https://officers.doe.example") -> Caller:
    uri = f"spiffe://linkage.example/centre/cm-01/counter/{counter}"
    return Caller(Counter(uri, "cm-01", RecipientId("doe"), "thumbprint"), Officer(issuer, officer))


@pytest.fixture
def caller() -> Any:
    return make_caller


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing((NamedKey("k2", b"\x02" * 32), NamedKey("k1", b"\x01" * 32)))


@pytest.fixture
def sealer(keys: KeyRing) -> Sealer:
    return Sealer(keys)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
