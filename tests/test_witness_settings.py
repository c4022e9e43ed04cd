"""What the settings may say about witnesses."""

from pathlib import Path

import pytest

from linkage.errors import SettingsInvalid
from linkage.settings import load
from tests.test_settings import LEAST, written
from tests.witnessed import COSIGNER, OTHER

WITNESS = f'[[log.witnesses]]\nname = "w"\nvkey = "{COSIGNER.key.text}"\nurl = "https://witness.example/prefix/"\nca = "ca.pem"\n'
OTHERS = WITNESS.replace('"w"', '"v"').replace(COSIGNER.key.text, OTHER.key.text)


def settings(witnesses: str = WITNESS, more: str = "") -> str:
    return LEAST.replace("[tokens]", f"{more}\n{witnesses}\n[tokens]")


def test_witnesses_are_taken_as_they_are_named(tmp_path: Path) -> None:
    log = load(written(tmp_path, settings(WITNESS + OTHERS, "witness_quorum = 2\nwitness_refuse_after = 0"))).log

    assert ["w", "v"] == [witness.name for witness in log.witnesses]
    assert ("https://witness.example/prefix", tmp_path / "ca.pem") == (log.witnesses[0].url, log.witnesses[0].ca)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://[::1]:8080/x", "http://localhost:1", "https://w.example:8443"])
def test_plain_http_is_for_this_machine_alone(tmp_path: Path, url: str) -> None:
    assert url == load(written(tmp_path, settings(WITNESS.replace("https://witness.example/prefix/", url)))).log.witnesses[0].url


@pytest.mark.parametrize(
    "text",
    [
        settings(more="witness_quorum = 2"),
        settings(more="witness_quorum = 0"),
        settings(more="witness_refuse_after = 900.0"),
        settings(more="witness_refuse_after = -1.0"),
        settings(more="witness_every = 900.0"),
        settings(WITNESS + WITNESS),
        settings(WITNESS + OTHERS.replace('"v"', '"w"')),
        settings(WITNESS + WITNESS.replace('"w"', '"v"')),
        settings(WITNESS.replace('"w"', '"W 1"')),
        settings(WITNESS + "insecure = true\n"),
        *(
            settings(WITNESS.replace("https://witness.example/prefix/", url))
            for url in (
                "http://10.0.0.1",
                "http://witness.example",
                "ftp://127.0.0.1",
                "https://",
                "https://a@b.example",
                "https://b.example?x",
                "b.example",
            )
        ),
    ],
    ids=range(17),
)
def test_what_does_not_add_up_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsInvalid, match="log"):
        load(written(tmp_path, text))
