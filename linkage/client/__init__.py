"""What counter software in Python uses: connect, log in at an agency, verify, look up, check receipts.

    with Counter.connect("gateway.example:7443", ca, cert, key, officer_token) as counter:
        reply = counter.verify(recipient="doe", service="jobseeker_registration", citizen_number=number, evidence=CardLaser(...))
        if reply.HasField("visit"):
            record = counter.lookup(reply.visit.token, "jobseeker_registration", "dopa.person", ["first_name"])

Requests and replies are the contract's own messages: what `proto/linkage/v1` says of a field holds. What is refused is raised as
`Refused`, with the sentences an officer reads as they stand.
"""

from linkage.client.counter import Counter
from linkage.client.receipts import CheckedReceipt, check_receipt, save_receipt
from linkage.client.refused import Refused
from linkage.client.values import record_values

__all__ = ["CheckedReceipt", "Counter", "Refused", "check_receipt", "record_values", "save_receipt"]
