"""Every responseCode that LED's one known client names, and what each means to us. What is not here is UNAVAILABLE.

That client stores 909, 901 and 902 as it stores 904: a failure of the service became "not bankrupt". Here only 904 says so.
"""

from collections.abc import Mapping

FOUND = "000"
"""ถูกฟ้องล้มละลาย: sued for bankruptcy, with the cases."""

NOT_FOUND = "904"
"""ไม่ถูกฟ้องล้มละลาย: not sued for bankruptcy."""

FAILURES: Mapping[str, str] = {
    "901": "code 901 application not allowed",
    "902": "code 902 transID differs",
    "903": "code 903 user not allowed",  # inferred: the client writes 902 twice
    "909": "code 909 system error",
}
"""Code -> what the log and the metrics say of it: LED has looked nothing up."""
