"""The files of the log's keys: one or several sign, the list beside them says which sign no more, and what is wrong is named."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from linkage.errors import SettingsInvalid
from linkage.runtime.signing import key_list_of, load_signer, retired_on_disk, write_signers
from linkage.settings import Settings, load
from linkage.tlog.log_keys import LogKey, LogSigner, LogVerifier
from linkage.tlog.note import Signer
from tests.journeys.place import ORIGIN, build_place

OLD, NEW = (Signer(ORIGIN, bytes([seed]) * 32) for seed in (1, 2))
OTHER = Signer("other.example/log", bytes(32))
NEW_AND_FORMER = LogVerifier((LogKey(NEW.verifier, 5), LogKey(OLD.verifier, 0, 8)))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(build_place(tmp_path_factory.mktemp("world")).settings_file)


@pytest.fixture
def write(settings: Settings) -> Callable[..., Path]:
    """Writes the private file and, if it is given, the list."""
    path = settings.log.signing_key

    def write_them(private: str, listed: str | None = None) -> Path:
        path.write_text(private)
        path.chmod(0o600)
        key_list_of(path).unlink(missing_ok=True)
        if listed is not None:
            key_list_of(path).write_text(listed)
        return path

    return write_them


def test_without_a_list_every_private_key_signs_the_first_being_current(settings: Settings, write: Callable[..., Path]) -> None:
    write(f"{NEW.skey}\n{OLD.skey}\n")
    signer = load_signer(settings)
    assert [each.verifier for each in signer.signers] == [NEW.verifier, OLD.verifier]
    assert signer.verifier == LogVerifier((LogKey(NEW.verifier), LogKey(OLD.verifier)))


def test_a_key_that_the_list_has_retired_signs_no_more_though_its_private_key_is_still_there(
    settings: Settings, write: Callable[..., Path]
) -> None:
    write(f"{NEW.skey}\n{OLD.skey}\n", NEW_AND_FORMER.lines)  # cut off between the two files
    signer = load_signer(settings)
    assert [each.verifier for each in signer.signers] == [NEW.verifier]
    assert signer.verifier == NEW_AND_FORMER


def test_what_is_written_is_read_again_and_the_private_file_is_its_owners_alone(settings: Settings, write: Callable[..., Path]) -> None:
    path = write("", "")
    write_signers(path, LogSigner((NEW,), NEW_AND_FORMER))
    assert load_signer(settings).verifier == NEW_AND_FORMER
    assert (path.stat().st_mode & 0o777, key_list_of(path).stat().st_mode & 0o777) == (0o600, 0o644)
    assert "PRIVATE" not in key_list_of(path).read_text()


def cut_off(path: Path) -> None:
    """The next write of this file fails, once: a name that it is written under first is taken."""
    path.with_name(f".{path.name}.{os.getpid()}").touch()


def test_a_new_key_is_private_on_disk_before_the_list_names_it(settings: Settings, write: Callable[..., Path]) -> None:
    path = write(f"{OLD.skey}\n", f"{OLD.verifier.text} 0 -\n")
    both = LogSigner((NEW, OLD), LogVerifier((LogKey(NEW.verifier, 5), LogKey(OLD.verifier))))
    cut_off(key_list_of(path))
    with pytest.raises(SettingsInvalid):
        write_signers(path, both)
    assert [each.verifier for each in load_signer(settings).signers] == [NEW.verifier, OLD.verifier]
    write_signers(path, both)
    assert load_signer(settings).verifier == both.verifier


def test_an_old_key_is_retired_by_the_list_before_its_private_half_goes_and_a_second_try_takes_it_away(
    settings: Settings, write: Callable[..., Path]
) -> None:
    path = write(f"{NEW.skey}\n{OLD.skey}\n", f"{NEW.verifier.text} 5 -\n{OLD.verifier.text} 0 -\n")
    alone = LogSigner((NEW,), NEW_AND_FORMER)
    cut_off(path)
    with pytest.raises(SettingsInvalid):
        write_signers(path, alone)
    left = load_signer(settings)
    assert (left.verifier, retired_on_disk(settings, left.verifier)) == (NEW_AND_FORMER, NEW_AND_FORMER.keys[1:])
    write_signers(path, left)
    assert (path.read_text(), retired_on_disk(settings, left.verifier)) == (f"{NEW.skey}\n", ())


WRONG = {
    "no key": ("", None, "1 to 64"),
    "no private key": ("nothing", None, "PRIVATE+KEY+"),
    "no ASCII": ("é", None, "PRIVATE+KEY+"),
    "a key twice": (f"{OLD.skey}\n{OLD.skey}", None, "each key once"),
    "another log's key": (OTHER.skey, None, f"the key of {ORIGIN}"),
    "two logs' keys": (f"{OLD.skey}\n{OTHER.skey}", None, "one name"),
    "all retired": (OLD.skey, NEW_AND_FORMER.lines, "no last size"),
    "a current key of the list is missing": (NEW.skey, f"{NEW.verifier.text} 0 -\n{OLD.verifier.text} 0 -\n", "no last size"),
    "a list of something else": (NEW.skey, "nothing", "name+id+key"),
    "a list with letters": (NEW.skey, "é", "a list of the log's keys"),
}


@pytest.mark.parametrize("fault", sorted(WRONG))
def test_wrong_files_are_named_and_never_repeated(fault: str, settings: Settings, write: Callable[..., Path]) -> None:
    private, listed, expected = WRONG[fault]
    write(private, listed)
    with pytest.raises(SettingsInvalid) as caught:
        load_signer(settings)
    (problem,) = caught.value.problems
    assert Path(problem.file).name in ("log.key", "log.vkeys")
    assert expected in problem.expected
    assert all(each.skey.rpartition("+")[2] not in str(problem) for each in (OLD, NEW, OTHER))


def test_keys_that_others_may_read_are_refused(settings: Settings, write: Callable[..., Path]) -> None:
    write(OLD.skey).chmod(0o640)
    with pytest.raises(SettingsInvalid, match="640"):
        load_signer(settings)
