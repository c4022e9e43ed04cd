"""Manifests and settings of X-Road: what is refused, and how it is said."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from linkage.errors import SettingsInvalid
from linkage.sources.rest import load_adapter
from linkage.sources.rest.xroad.adapter import XRoadAdapter
from tests.sources.rest.xroad.ministry import World, change, written

WRONG = {
    "no service": (('service = "TH-TEST/GOV/9900003/registers/licences"\n', ""), "endpoints.licence.service", "nothing"),
    "a service of three parts": (("/9900003/registers/licences", "/licences"), "endpoints.licence.service", "'TH-TEST/GOV/licences'"),
    "a letter that X-Road has not": (("registers/licences", "registers/licences_1"), "endpoints.licence.service", "licences_1"),
    "a path upwards": (("registers/licences", "../licences"), "endpoints.licence.service", ".."),
    "plain REST with a service": (('protocol = "x-road"\n', ""), "endpoints.licence.service", "a service of X-Road"),
    "a protocol nobody knows": (('protocol = "x-road"', 'protocol = "xroad"'), "protocol", "xroad"),
    "another host": (("[endpoints.licence]\n", '[hosts]\nfar = "https://far.example"\n\n[endpoints.licence]\nhost = "far"\n'), "hosts.far", "another host"),
    "OAuth 2.0": (('kind = "none"', 'kind = "oauth2"\ntoken_path = "/token"'), "credentials.kind", "oauth2"),
    "a key as who asks": (('kind = "none"', 'kind = "header"\nheader = "X-Road-Client"\nsecret = "key"'), "credentials.header.X-Road-Client", "a header that"),
    "who asks": (("X-Road-Issue =", "X-Road-Client ="), "headers.X-Road-Client", "a header that X-Road"),
    "a hash": (("X-Road-Issue =", "x-road-request-hash ="), "headers.x-road-request-hash", "a header that X-Road"),
    "an officer": (('path = "/"', 'path = "/"\nheaders = { X-Road-UserId = "TH{number}" }'), "endpoints.berth.headers.X-Road-UserId", "a header that X-Road"),
    "a person as the issue": (('"{service}"', '"{number}"'), "headers.X-Road-Issue", "the subject's number"),
    "a setting of X-Road's own": (("[endpoints.licence]", '[settings.client]\nabout = "us"\n\n[endpoints.licence]'), "settings.client", "a setting of X-Road's own"),
    "a service as a setting": (("[endpoints.licence]", '[settings.berth_service]\nabout = "it"\n\n[endpoints.licence]'), "settings.berth_service", "a setting of"),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "key", "got"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_manifest_is_refused_by_file_key_and_what_came(tmp_path: Path, edit: tuple[str, str], key: str, got: str) -> None:
    folder = written(tmp_path, change(*edit))
    with pytest.raises(SettingsInvalid) as refused:
        load_adapter(folder)
    problems = [problem for problem in refused.value.problems if problem.key == key]
    assert len(problems) == 1, refused.value.problems
    assert got in problems[0].got
    assert problems[0].file == str(folder / "manifest.toml")
    assert problems[0].expected


def test_a_headers_of_the_providers_own_may_be_written(tmp_path: Path) -> None:
    load_adapter(written(tmp_path, change("X-Road-Issue", "X-Ministry-Purpose")))


def test_two_manifests_have_settings_of_their_own(folder: Path) -> None:
    adapter = load_adapter(folder)
    assert isinstance(adapter, XRoadAdapter)
    own = {"client", "security_server", "represented_party", "user_id"}
    assert set(adapter.Settings.model_fields) == {"base_url", "licence_service", "berth_service"} | own
    assert adapter.numbers_in_url
    assert not adapter.bare_404_is_not_found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client", "TH/GOV"),
        ("client", "TH/GOV/1/a b"),
        ("client", "TH/GOV/1/a\r\nX-Road-UserId: TH1"),
        ("security_server", "TH/GOV/1"),
        ("represented_party", "TH/GOV/1"),
        ("licence_service", "TH/GOV/1"),
        ("licence_service", "TH/GOV/1/../licences"),
        ("user_id", "TH1100000000016"),
        ("user_id", "TH-1234567"),
        ("user_id", "gateway"),
        ("user_id", "TH gateway"),
        ("user_id", "TH\r\nX: y"),
        ("base_url", "http://security-server.example"),
        ("nobody_knows", "x"),
    ],
)
def test_wrong_settings_are_refused(world: World, name: str, value: str) -> None:
    given = {"client": "TH/GOV/1/office", name: value}
    with pytest.raises(ValidationError):
        world.adapter.Settings.model_validate(given)


def test_the_client_must_be_named(world: World) -> None:
    with pytest.raises(ValidationError, match="client"):
        world.adapter.Settings.model_validate({})
