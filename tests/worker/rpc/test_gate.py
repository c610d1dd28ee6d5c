"""The verdicts of `rpc/gate`: who may pass, from headers alone."""

import hashlib

import pytest
from funcnodes_worker.rpc.gate import ALL_RIGHTS, Gate, Granted, Presented, Refused, Right, host_name

TOKEN = "t" * 43
ORIGIN = "http://localhost:8000"
SESSION = "a-session-id"
HASHED = hashlib.sha256(SESSION.encode()).hexdigest()
BEARER = f"Bearer {TOKEN}"


def gate(**options: object) -> Gate:
    made = Gate(TOKEN, **options)  # type: ignore[arg-type]
    made.set_access([ORIGIN], {"fn_8000": [HASHED]})
    return made


@pytest.mark.parametrize(
    ("presented", "by"),
    [
        (Presented("localhost:9382", authorization=BEARER), "token"),
        (Presented("127.0.0.1:9382", authorization=BEARER.replace("Bearer", "bearer")), "token"),
        (Presented("[::1]:9382", origin=ORIGIN, authorization=BEARER), "token"),
        (Presented("localhost", origin=ORIGIN, cookies={"fn_8000": SESSION}), "session"),
    ],
)
def test_passes(presented: Presented, by: str) -> None:
    """The token, and a session from its own page, get in with all rights."""
    caller = gate().judge(presented)
    assert (caller.by, caller.rights) == (by, ALL_RIGHTS)


@pytest.mark.parametrize(
    ("presented", "status"),
    [
        (Presented("localhost"), 401),
        (Presented("localhost", authorization="Bearer wrong"), 401),
        (Presented("localhost", authorization=f"Basic {TOKEN}"), 401),
        (Presented("localhost", authorization=""), 401),
        (Presented("evil.example", authorization=BEARER), 403),
        (Presented("localhost.evil.example", authorization=BEARER), 403),
        (Presented("", authorization=BEARER), 403),
        (Presented("[", authorization=BEARER), 403),
        (Presented("localhost", origin="null", authorization=BEARER), 403),
        (Presented("localhost", origin="http://evil.example", authorization=BEARER), 403),
        (Presented("localhost", origin="http://localhost:8001", authorization=BEARER), 403),
        (Presented("localhost", origin="https://localhost:8000", authorization=BEARER), 403),
        # A cookie without Origin, for another port, or of a session nobody knows.
        (Presented("localhost", cookies={"fn_8000": SESSION}), 401),
        (Presented("localhost", origin=ORIGIN, cookies={"fn_8001": SESSION}), 401),
        (Presented("localhost", origin=ORIGIN, cookies={"fn_8000": HASHED}), 401),
        # A wrong token is not made good by a cookie.
        (Presented("localhost", origin=ORIGIN, authorization="Bearer no", cookies={"fn_8000": SESSION}), 401),
    ],
)
def test_refuses(presented: Presented, status: int) -> None:
    with pytest.raises(Refused) as refused:
        gate().judge(presented)
    assert refused.value.status == status


def test_a_revoked_session_is_out() -> None:
    """What the supervisor takes away does not count from the next request on."""
    made = gate()
    assert made.session_counts(HASHED)
    made.set_access([ORIGIN], {"fn_8000": []})
    assert not made.session_counts(HASHED)
    with pytest.raises(Refused):
        made.judge(Presented("localhost", origin=ORIGIN, cookies={"fn_8000": SESSION}))


def test_fixed_origins_outlive_every_change() -> None:
    made = Gate(TOKEN, fixed_origins=["https://lab.example"])
    made.set_access([], {})
    assert (
        made.judge(Presented("localhost", origin="https://lab.example", authorization=BEARER)).by == "token"
    )


def test_no_auth_still_asks_for_place() -> None:
    """Without tokens a foreign page is still refused, a page of this machine is not."""
    made = Gate(TOKEN, no_auth=True)
    assert made.judge(Presented("localhost")).by == "no_auth"
    assert made.judge(Presented("localhost", origin="http://localhost:5173")).by == "no_auth"
    for presented in (
        Presented("localhost", origin="http://evil.example"),
        Presented("localhost", origin="null"),
        Presented("evil.example"),
    ):
        with pytest.raises(Refused):
            made.judge(presented)


@pytest.mark.parametrize(
    ("header", "name"),
    [("LocalHost:1", "localhost"), ("[::1]:80", "::1"), ("a.b", "a.b"), ("", ""), ("[x", "")],
)
def test_host_name(header: str, name: str) -> None:
    assert host_name(header) == name


def test_a_grant_gives_its_right_and_all_before_it() -> None:
    """Only while it counts, only for its worker, only as Bearer."""
    secret = "fn-secret"
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    made = gate(worker="w1")
    made.set_access([ORIGIN], {}, [Granted(hashed, Right.RUN, "w1")])
    presented = Presented("localhost", authorization=f"Bearer {secret}")

    caller = made.judge(presented)
    assert (caller.by, caller.rights) == ("grant", {Right.VIEW, Right.RUN})
    assert caller.session is not None
    assert made.session_counts(caller.session)

    made.set_access([ORIGIN], {}, [Granted(hashed, Right.RUN, "w2")])
    with pytest.raises(Refused, match="another worker"):
        made.judge(presented)
    made.set_access([ORIGIN], {}, [])
    with pytest.raises(Refused, match="revoked or has expired"):
        made.judge(presented)
    assert not made.session_counts(caller.session)
