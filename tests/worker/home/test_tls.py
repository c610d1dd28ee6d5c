"""Certificates of the settings: used, renewed, refused with a sentence; whom our clients believe."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from funcnodes_worker.home.base import Base, read_config
from funcnodes_worker.home.tls import (
    Tls,
    TlsProblem,
    server_context,
    tls_of,
    trust_elsewhere,
    trust_ours,
    why_not,
)

from tests.support.certificates import make_certificate


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two certificates and their keys: `first` for localhost, `second` for another name."""
    folder = tmp_path_factory.mktemp("certificates")
    make_certificate(folder, "first", ["localhost"])
    make_certificate(folder, "second", ["lab.example"])
    return folder


def base_with(folder: Path, **tls: str) -> Base:
    folder.mkdir(exist_ok=True)
    base = Base(folder)
    base.config_file.write_text(json.dumps({"tls": tls}))
    return base


@pytest.fixture
async def served(made: Path, tmp_path: Path) -> AsyncIterator[tuple[Base, int]]:
    """A base folder whose certificate is its own copy of the first, and the port of a server with it."""
    for ending in ("pem", "key"):
        shutil.copy(made / f"first.{ending}", tmp_path / f"used.{ending}")
    base = base_with(tmp_path, certificate="used.pem", key="used.key")

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(tls_of(read_config(base)))).start()
    yield base, runner.addresses[0][1]
    await runner.cleanup()


async def asked(url: str, trust: aiohttp.Fingerprint | ssl.SSLContext | bool) -> str:
    """Return what the server says to a new connection, or why there was none."""
    async with aiohttp.ClientSession() as http:
        try:
            async with http.get(url, ssl=trust) as answer:
                return await answer.text()
        except aiohttp.ClientError as problem:
            return why_not(problem)


async def test_our_clients_believe_the_certificate_of_the_settings_and_no_other(
    served: tuple[Base, int], made: Path, tmp_path: Path
) -> None:
    """By whatever name they dial. One from elsewhere believes what it is told to, under the right name."""
    base, port = served
    other = base_with(tmp_path / "base", certificate=str(made / "second.pem"), key=str(made / "second.key"))

    assert await asked(f"https://127.0.0.1:{port}/", trust_ours(base)) == "hello"
    assert "another certificate" in await asked(f"https://127.0.0.1:{port}/", trust_ours(other))
    assert "not believed" in await asked(f"https://localhost:{port}/", trust_elsewhere(None))
    assert await asked(f"https://localhost:{port}/", trust_elsewhere(made / "first.pem")) == "hello"
    assert "not believed" in await asked(f"https://localhost:{port}/", trust_elsewhere(made / "second.pem"))
    assert "not believed" in await asked(f"https://127.0.0.1:{port}/", trust_elsewhere(made / "first.pem"))


async def test_a_renewed_certificate_is_used_at_once_and_half_of_one_is_not(
    served: tuple[Base, int], made: Path
) -> None:
    """Without a start: new connections get the new one; while the key is missing, the former goes on."""
    base, port = served
    former = trust_ours(base)
    shutil.copy(made / "second.pem", base.folder / "used.pem")
    assert await asked(f"https://127.0.0.1:{port}/", former) == "hello"
    shutil.copy(made / "second.key", base.folder / "used.key")
    assert await asked(f"https://127.0.0.1:{port}/", trust_ours(base)) == "hello"
    assert "another certificate" in await asked(f"https://127.0.0.1:{port}/", former)


@pytest.fixture(scope="module")
def bad(made: Path) -> Path:
    """The folder with files of no use beside the good ones."""
    (made / "text.pem").write_text("not a certificate")
    command = ["openssl", "ec", "-aes256", "-passout", "pass:x", "-in", str(made / "first.key")]
    subprocess.run([*command, "-out", str(made / "locked.key")], check=True, capture_output=True, timeout=30)
    begun = (made / "first.pem").read_text().replace("-----END", "????-----END")
    (made / "damaged.pem").write_text(begun)
    return made


@pytest.mark.parametrize(
    ("certificate", "key", "said"),
    [
        ("missing.pem", "first.key", "No such file"),
        ("first.pem", "missing.key", "No such file"),
        ("text.pem", "first.key", "no certificate in PEM form"),
        ("damaged.pem", "first.key", "PEM form"),
        ("first.pem", "text.pem", "no key in PEM form"),
        ("first.pem", "second.key", "not the key of"),
        ("first.pem", "locked.key", "passphrase"),
    ],
)
def test_files_of_no_use_are_named_with_what_is_wrong(
    bad: Path, certificate: str, key: str, said: str
) -> None:
    with pytest.raises(TlsProblem, match=said) as refused:
        server_context(Tls(bad / certificate, bad / key))
    assert "config.json" in str(refused.value)


def test_one_without_the_other_is_refused_and_neither_is_no_tls(tmp_path: Path) -> None:
    for given, missing in (("certificate", "key"), ("key", "certificate")):
        with pytest.raises(TlsProblem, match=f"'tls.{missing}' is not"):
            tls_of(read_config(base_with(tmp_path, **{given: "x.pem"})))
    assert tls_of(read_config(base_with(tmp_path))) is None
    assert server_context(None) is None
    assert trust_ours(base_with(tmp_path)) is True
