"""keys.opaque: id_tokens signed by a secret that client and server share."""

import base64

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.flows.facts import SharedKey
from ostiary.keys.opaque import sign_shared
from ostiary.keys.sealing import MasterKey

SECRET = "b3N0aWFyeS1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZi1HSElKS0xNTk8"
CLAIMS = {
    "iss": "https://localhost:8443/",
    "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
    "aud": "LEGHS",
    "iat": 1700000000,
    "exp": 1700036000,
}
"""The vectors of contract auth0 §1.4, members in their order there."""
CONTEXT = "client:tenant:LEGHS"


@pytest.fixture(scope="module")
def master() -> MasterKey:
    """A master key of this module's own."""
    return MasterKey([b"m" * 32])


def signed(master: MasterKey, secret: str, *, encoded: bool) -> str:
    """The token of the vectors, by a sealed secret."""
    sealed = master.seal(secret.encode(), CONTEXT)
    return sign_shared(master, SharedKey(sealed, CONTEXT, encoded), CLAIMS)


@pytest.mark.parametrize(
    ("encoded", "signature"),
    [
        (False, "H8IPFb30h26qWQeoZmIgl1SRv1wr1JhQ8jy0Sp5Razk"),
        (True, "tqgDsGuc6dgMppG8e5T8P2GwAmjld02nZgvJBfV02uM"),
    ],
    ids=["raw", "decoded"],
)
def test_vectors_of_contract_auth0_1_4(
    master: MasterKey, encoded: bool, signature: str
) -> None:
    """Both ways to take a secret as key, octet for octet."""
    token = signed(master, SECRET, encoded=encoded)
    assert token.rpartition(".")[2] == signature
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims == CLAIMS


@given(st.binary(min_size=32, max_size=60))
def test_a_decoded_secret_needs_no_padding(octets: bytes) -> None:
    """Whatever its length, with padding or without, the octets are the key."""
    padded = base64.urlsafe_b64encode(octets).decode()
    master = MasterKey([b"m" * 32])
    for secret in (padded, padded.rstrip("=")):
        token = signed(master, secret, encoded=True)
        jwt.decode(
            token,
            octets,
            algorithms=["HS256"],
            options={"verify_exp": False, "verify_aud": False},
        )


@pytest.mark.parametrize("secret", ["any text!", "a" * 45, "=", ""])
def test_a_secret_that_is_no_base64url_still_signs(
    master: MasterKey, secret: str
) -> None:
    """As lenient as the decoders of clients: no sign-in ends in a defect of ours."""
    token = signed(master, secret, encoded=True)
    assert len(token.split(".")) == 3
