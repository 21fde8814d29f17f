"""Abuse case 30: where a rollback address may lead (ASVS 5.0 1.3.6, 13.2.5)."""

import socket
import threading
import time
from typing import Any

import httpx
import pytest
import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from integrations.errors import OutsideServiceError
from integrations.rollback import addresses
from integrations.rollback.addresses import PinnedTransport, locate
from integrations.rollback.base import Fields, TargetError
from integrations.rollback.kinds import build_target
from integrations.rollback.remote import Remote, secret

PUBLIC = "93.184.215.14"


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names resolve to each answer in turn, then to the last one; what was asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host == "127.0.0.1":  # a connection to the pinned number
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        found = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "http://169.254.169.254/latest/meta-data/",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
        "https://[::]/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[fd00:ec2::254]/",
        "https://100.100.100.200/",
        "https://168.63.129.16/",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:a9fe:a9fe::1]/",
        "https://[::169.254.169.254]/",
    ],
)
@pytest.mark.parametrize("allow_private", [False, True])
def test_abuse_30_no_word_of_the_operator_opens_link_local_or_metadata(url, allow_private):
    with pytest.raises(TargetError):
        locate(url, allow_private=allow_private)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1",
        "https://127.0.0.1",
        "https://127.1.2.3",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://[fc00::1]/",
        "https://[2002:7f00:1::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://localhost/",
    ],
)
def test_abuse_30_private_and_loopback_need_the_operators_word(url):
    with pytest.raises(TargetError, match="allow_private: true"):
        locate(url, allow_private=False)
    assert locate(url, allow_private=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://1.2.3.4.5/",
        "https://a.b.0x7f/",
        "https://127.0.0.1./",
        "https://example.com.:443/",
    ],
)
@pytest.mark.parametrize("allow_private", [False, True])
def test_abuse_30_an_ip_address_in_disguise_is_refused_before_anything_is_resolved(monkeypatch, url, allow_private):
    asked = resolving(monkeypatch, [PUBLIC])
    with pytest.raises(TargetError):
        locate(url, allow_private=allow_private)
    assert asked == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://example.com/",
        "//example.com/",
        "example.com",
        "",
        "https://",
        "https:///path",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:port/",
        "https://user:password@example.com/",
        "https://example.com@169.254.169.254/",
        "https://example.com\\@169.254.169.254/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: x",
        "https://еxample.com/",
        "https://①②⑦.⓪.⓪.①/",
        "https://-example.com/",
        "https://exam_ple.com/",
        "https://[::1/",
        "https://[fe80::1%eth0]/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.fe80]/",
        "https://%31%32%37.0.0.1/",
    ],
)
def test_abuse_30_other_schemes_and_malformed_addresses_are_refused(monkeypatch, url):
    asked = resolving(monkeypatch, [PUBLIC])
    with pytest.raises(TargetError) as caught:
        locate(url, allow_private=True)
    assert asked == []
    assert "password@" not in str(caught.value)


def test_a_public_address_is_taken_and_pinned(monkeypatch):
    resolving(monkeypatch, [PUBLIC, "93.184.215.15"])
    place = locate("https://hooks.example.com:8443/x", allow_private=False)
    assert (place.host, place.port, str(place.address)) == ("hooks.example.com", 8443, PUBLIC)


def test_abuse_30_one_private_address_among_public_ones_refuses_the_name(monkeypatch):
    resolving(monkeypatch, [PUBLIC, "10.0.0.1"])
    with pytest.raises(TargetError, match=r"10\.0\.0\.1"):
        locate("https://hooks.example.com/", allow_private=False)


def test_a_public_address_must_be_https_even_where_private_ones_are_allowed(monkeypatch):
    resolving(monkeypatch, [PUBLIC])
    with pytest.raises(TargetError, match="must be https"):
        locate("http://hooks.example.com/", allow_private=True)


def test_a_name_that_does_not_resolve_may_resolve_later(monkeypatch):
    def nothing(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(addresses.socket, "getaddrinfo", nothing)
    with pytest.raises(OutsideServiceError, match="cannot be resolved") as caught:
        locate("https://hooks.example.com/", allow_private=False)
    assert not caught.value.permanent


def test_abuse_30_a_name_that_is_bound_anew_is_asked_once_and_what_was_checked_is_called(serve, monkeypatch):
    served = serve(Starlette(routes=[Route("/", lambda request: JSONResponse(request.headers["host"]))]))
    port = int(served.url.rpartition(":")[2])
    asked = resolving(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
    place = locate(f"http://rebound.example.com:{port}/", allow_private=True)
    with httpx.Client(transport=PinnedTransport(place), trust_env=False) as client:
        answer = client.get(place.url)
    assert answer.json() == f"rebound.example.com:{port}"
    assert asked == ["rebound.example.com"]


def test_abuse_30_a_pinned_client_speaks_to_no_other_host(serve):
    served, other = serve(Starlette()), serve(Starlette())
    place = locate(served.url, allow_private=True)
    with (
        httpx.Client(transport=PinnedTransport(place), trust_env=False) as client,
        pytest.raises(TargetError, match="stopped"),
    ):
        client.get(other.url)
    assert other.calls == []


def test_abuse_30_a_redirect_to_inside_is_not_followed(serve):
    inside = serve(Starlette(routes=[Route("/", lambda _: JSONResponse({}))]))
    served = serve(Starlette(routes=[Route("/x", lambda _: RedirectResponse(f"{inside.url}/"))]))
    remote = Remote("Service", served.url, True, None, {}, ())
    with pytest.raises(OutsideServiceError) as caught:
        remote.read("/x")
    assert caught.value.permanent
    assert inside.calls == []


def test_a_proxy_of_the_environment_is_not_used(serve, monkeypatch):
    proxy = serve(Starlette())
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    served = serve(Starlette(routes=[Route("/", lambda _: JSONResponse({"a": 1}))]))
    assert Remote("Service", served.url, True, None, {}, ()).read("/") == {"a": 1}
    assert proxy.calls == []


def test_the_certificate_is_checked_against_the_name_not_the_pinned_number(tmp_path, monkeypatch):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    held = tmp_path / "server.pem"
    authority.issue_cert("lever.example.com").private_key_and_cert_chain_pem.write_to_path(held)
    app = Starlette(routes=[Route("/", lambda _: JSONResponse({"a": 1}))])
    config = uvicorn.Config(app, host="127.0.0.1", port=0, ssl_certfile=held, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        resolving(monkeypatch, ["127.0.0.1"])
        good = Remote("Service", f"https://lever.example.com:{port}", True, tmp_path / "ca.pem", {}, ())
        assert good.read("/") == {"a": 1}
        other_name = Remote("Service", f"https://other.example.com:{port}", True, tmp_path / "ca.pem", {}, ())
        with pytest.raises(OutsideServiceError, match="certificate"):
            other_name.read("/")
        no_ca = Remote("Service", f"https://lever.example.com:{port}", True, None, {}, ())
        with pytest.raises(OutsideServiceError, match="certificate"):
            no_ca.read("/")
    finally:
        server.should_exit = True
        thread.join(10)


def test_an_answer_without_end_is_cut_off(serve, monkeypatch):
    monkeypatch.setattr("integrations.rollback.remote.ANSWER_BYTES", 1000)
    served = serve(Starlette(routes=[Route("/", lambda _: JSONResponse("x" * 2000))]))
    with pytest.raises(OutsideServiceError):
        Remote("Service", served.url, True, None, {}, ()).read("/")


ENTRY = {
    "id": "flag",
    "kind": "unleash",
    "url": "https://10.0.0.1",
    "token_env": "LEVER_TOKEN",
    "flag": "a",
    "environment": "production",
    "to": "off",
}


def test_an_entry_to_a_private_host_without_the_operators_word_sends_nothing():
    with pytest.raises(TargetError, match="allow_private: true"):
        build_target(ENTRY).current()


@pytest.mark.parametrize("word", ["yes", 1, "true", None, False])
def test_only_a_plain_true_allows_a_private_host(word):
    assert not Remote.of("x", Fields({**ENTRY, "allow_private": word}), lambda _: {}).allow_private


@pytest.mark.parametrize("name", ["token", "secret", "password", "api_key"])
def test_an_entry_that_holds_a_secret_is_refused_without_showing_it(name):
    with pytest.raises(TargetError, match="must not be in the file") as caught:
        build_target({**ENTRY, name: "s3cr3t-0815"})
    assert "0815" not in str(caught.value)


def test_a_token_written_where_its_variables_name_belongs_is_refused_without_showing_it():
    with pytest.raises(TargetError, match="name of an environment variable") as caught:
        build_target({**ENTRY, "token_env": "s3cr3t-0815"})
    assert "0815" not in str(caught.value)


def test_a_token_may_stand_in_dot_env_and_the_environment_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("UNLEASH_TOKEN='from-the-file'\n")
    monkeypatch.delenv("UNLEASH_TOKEN", raising=False)
    fields = Fields({"id": "x", "token_env": "UNLEASH_TOKEN"})
    assert secret(fields, "token_env") == "from-the-file"
    monkeypatch.setenv("UNLEASH_TOKEN", "from-the-process")
    assert secret(fields, "token_env") == "from-the-process"


def test_a_variable_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("LEVER_TOKEN")
    with pytest.raises(TargetError, match="LEVER_TOKEN is not set"):
        build_target(ENTRY)


def test_nothing_that_went_wrong_on_the_way_shows_the_token(token, caplog, serve):
    caplog.set_level("DEBUG")
    served = serve(Starlette())
    target = build_target({**ENTRY, "url": served.url, "allow_private": True})
    with pytest.raises(TargetError):
        target.current()
    gone = build_target({**ENTRY, "url": "https://127.0.0.1:9", "allow_private": True})
    with pytest.raises(OutsideServiceError, match="cannot be reached") as caught:
        gone.current()
    assert token not in caplog.text + str(caught.value) + repr(gone)
