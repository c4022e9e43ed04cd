"""The settings page: complete or refused, every problem at once."""

from pathlib import Path

import pytest

from linkage.errors import SettingsInvalid
from linkage.settings import load

LEAST = """
[server]
certificate = "server.pem"
key = "server.key"
client_ca = "ca.pem"
[log]
origin = "linkage.example/audit"
path = "log.db"
signing_key = "log.key"
data_keys = "keys.db"
key_encryption_keys = "kek.keys"
pseudonym_keys = "pseudonym.keys"
[tokens]
keys = "token.keys"
[files]
register = "register.toml"
agreements = "agreements.toml"
services = "services.toml"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "linkage.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_relative_paths_are_relative_to_the_settings_file(tmp_path: Path) -> None:
    settings = load(written(tmp_path, LEAST + '[sources.x]\nadapter = "x"\n[sources.x.recipients.doe]\nsecret_file = "a/b"\n'))

    assert tmp_path / "server.pem" == settings.server.certificate
    assert str(tmp_path / "a/b") == settings.sources["x"].recipients["doe"]["secret_file"]


def test_every_problem_is_reported_at_once_with_key_got_and_expected(tmp_path: Path) -> None:
    wrong = LEAST.replace('client_ca = "ca.pem"', 'client_ca = "ca.pem"\nreserve = -1\ninsecure = true').replace('keys = "token.keys"', "")

    with pytest.raises(SettingsInvalid) as refused:
        load(written(tmp_path, wrong))

    assert {"server.reserve", "server.insecure", "tokens.keys"} == {problem.key for problem in refused.value.problems}


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKAGE_TOKENS__VISIT_MINUTES", "7")

    assert 7 == load(written(tmp_path, LEAST)).tokens.visit_minutes


@pytest.mark.parametrize("text", ["[server", "\xff", ""])
def test_what_is_no_settings_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsInvalid):
        load(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="No such file"):
        load(tmp_path / "absent.toml")


def test_no_room_for_the_agency_between_deadline_and_reserve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="max_deadline"):
        load(written(tmp_path, LEAST.replace('client_ca = "ca.pem"', 'client_ca = "ca.pem"\nmax_deadline = 1.0\nreserve = 1.0')))


def test_requests_under_way_are_never_closed_as_orphans(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="recover_after"):
        load(written(tmp_path, LEAST.replace("[tokens]", "recover_after = 20.0\n[tokens]")))


DATABASES = LEAST.replace('path = "log.db"', 'postgres = "log.pg"\nanchor = "log.anchor"').replace(
    'data_keys = "keys.db"', 'data_keys_postgres = "keys.pg"'
)


def test_a_log_in_databases_is_good_settings(tmp_path: Path) -> None:
    settings = load(written(tmp_path, DATABASES))

    assert (None, tmp_path / "log.pg", tmp_path / "log.anchor") == (settings.log.path, settings.log.postgres, settings.log.anchor)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('postgres = "log.pg"', "", "either log.path or log.postgres"),
        ('postgres = "log.pg"', 'postgres = "log.pg"\npath = "log.db"', "either log.path or log.postgres"),
        ('data_keys_postgres = "keys.pg"', 'data_keys = "keys.db"', "with log.postgres the data keys are in log.data_keys_postgres"),
        ('data_keys_postgres = "keys.pg"', "", "with log.postgres the data keys are in log.data_keys_postgres"),
        ('data_keys_postgres = "keys.pg"', 'data_keys_postgres = "keys.pg"\ndata_keys = "keys.db"', "log.data_keys is left out"),
        ('anchor = "log.anchor"', "", "a file on its own disk"),
        ('postgres = "log.pg"', 'path = "log.db"', "with log.path the data keys are in log.data_keys"),
    ],
)
def test_a_log_is_in_one_place_and_its_keys_in_one_of_the_same_sort(tmp_path: Path, old: str, new: str, expected: str) -> None:
    with pytest.raises(SettingsInvalid, match=expected) as refused:
        load(written(tmp_path, DATABASES.replace(old, new)))

    assert {"log"} == {problem.key for problem in refused.value.problems}
