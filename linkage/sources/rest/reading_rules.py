"""What a manifest's rules must keep to: no record type without its "not found", and no failure that reads as one."""

from linkage.pages import Page
from linkage.sources.rest.manifest import Manifest, Means, Rule
from linkage.sources.rest.written import WrittenManifest


def check_rules(page: Page, written: WrittenManifest, manifest: Manifest) -> None:
    """Report everything about rules that is wrong."""
    found = frozenset().union(*(one.found_status for one in manifest.endpoints.values()))
    for place, rule in enumerate(manifest.rules):
        _check_rule(page, f"rule.{place}", rule, found, manifest)
    for one in written.record:
        covered = any(rule.means is Means.NOT_FOUND and (rule.records is None or one.type in rule.records) for rule in manifest.rules)
        if not covered and one.never_not_found is None:
            page.report("rule", f"none that means not_found for {one.type!r}", "one, or never_not_found with the reason in its [[record]]")
        if covered and one.never_not_found is not None:
            page.report(f"record[{one.type}].never_not_found", "a reason, and a rule that means not_found", "one of them")


def _check_rule(page: Page, key: str, rule: Rule, found: frozenset[int], manifest: Manifest) -> None:
    if rule.statuses is None and rule.when is None:
        page.report(key, "a rule for every reply", "status, when, or both")
    if rule.when is None and (both := found & (rule.statuses or frozenset())):
        page.report(f"{key}.when", f"nothing, for status {min(both)}, which brings records", "an expression that tells them apart")
    if rule.means is Means.NOT_FOUND and rule.statuses is None:
        page.report(f"{key}.status", "any status", "the status with which the agency says so")
    if rule.means is Means.NOT_FOUND and any(status >= 500 for status in rule.statuses or ()):
        page.report(f"{key}.status", "a status of 500 or more", "none of these for not_found: a service that broke has looked nothing up")
    if rule.means is Means.NOT_FOUND and rule.when is not None and rule.when.negates:
        page.report(f"{key}.when", "!= or !", "the agency's own word for it, with ==: what it is not fits every failure, too")
    for name in (rule.records or frozenset()) - manifest.records.keys():
        page.report(f"{key}.records", repr(name), "a record type of this manifest")
