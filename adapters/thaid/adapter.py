"""ThaID's adapter: a person's code to a verdict, an officer's code to an access token. It discloses no records."""

from typing import ClassVar

from pydantic import BaseModel

from adapters.thaid.consent import redeem, revoke
from adapters.thaid.keys import Keys
from adapters.thaid.settings import ThaidSettings
from linkage.sources.adapter import Adapter, ExchangesCode, Link, Refused, RefusedCause, Unavailable, Verified, Verifies
from linkage.sources.address import origin
from linkage.terms import Assurance, Evidence, NoMatch, Secret, ThaidCode, Verdict


class Thaid(Adapter, Verifies, ExchangesCode):
    """ThaID. Settings are `ThaidSettings`; another model is a defect (`TypeError`)."""

    Settings: ClassVar[type[BaseModel]] = ThaidSettings
    evidence: ClassVar[frozenset[Assurance]] = frozenset({Assurance.THAID})

    def __init__(self) -> None:
        self._keys = Keys()

    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        own = _own(settings)
        return frozenset({origin(own.base_url), origin(own.keys_url())})

    async def verify(self, evidence: Evidence, link: Link) -> Verified | Refused:
        if not isinstance(evidence, ThaidCode):
            return Verified(Verdict.UNAVAILABLE, why="not a ThaID code")
        settings = _own(link.settings)
        consent = await redeem(evidence, link, settings, self._keys)
        if isinstance(consent, Refused):
            return consent
        if isinstance(consent, Unavailable):
            return Verified(Verdict.UNAVAILABLE, why=consent.why, retry_after=consent.retry_after)
        await revoke(consent.access_token, link, settings)  # nothing else is asked with it
        if evidence.number is not None and evidence.number != consent.about.number:
            return Verified(Verdict.NO_MATCH, no_match=NoMatch.ANOTHER_PERSON)
        return Verified(Verdict.MATCH, about=consent.about)

    async def exchange(self, code: ThaidCode, link: Link) -> Secret | Refused | Unavailable:
        settings = _own(link.settings)
        consent = await redeem(code, link, settings, self._keys)
        if isinstance(consent, Refused | Unavailable):
            return consent
        if code.number is None or code.number != consent.about.number:
            await revoke(consent.access_token, link, settings)
            return Refused(RefusedCause.LOGIN_REFUSED, "pid")
        return consent.access_token  # still needed: Linkage Center checks it with ThaID


def _own(settings: BaseModel) -> ThaidSettings:
    if not isinstance(settings, ThaidSettings):
        raise TypeError("settings of another adapter")
    return settings
