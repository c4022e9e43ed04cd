"""SSO, the Social Security Office: the employments of an insured person."""

from adapters.sso.adapter import Sso

__all__ = ["Sso"]
