"""keys.agent_proofs: what an agent's own key signed counts, and nothing else."""

import base64
import json
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ostiary.keys.agent_proofs import AgentKey, SignedProofs
from ostiary.keys.keyfile import KeyFileError
from tests.keys.forms import bare

PROOFS = SignedProofs()
CLAIMS = {"iss": "one", "nonce": "n", "exp": 1_800_000_000}
# RFC 8037 appendix A: the key of RFC 8032 §7.1, and the signature of A.4.
RFC_PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_JWS = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_Mu"
    "M0KAg"
)


@pytest.fixture
def key(tmp_path: Path) -> AgentKey:
    """A new key."""
    return AgentKey.kept(tmp_path / "agent.key")


def public_of(key: Ed25519PrivateKey) -> str:
    """Base64url, by hand."""
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_proof_is_read_by_others(key: AgentKey) -> None:
    """PyJWT verifies it by the public half (RFC 8037)."""
    raw = base64.urlsafe_b64decode(key.public + "=")
    public = Ed25519PublicKey.from_public_bytes(raw)
    read = jwt.decode(
        key.prove(CLAIMS), public, algorithms=["EdDSA"], options={"verify_exp": False}
    )
    assert read == CLAIMS


def test_a_proof_of_others_is_read() -> None:
    """One that PyJWT signed, with the key of its signer only."""
    signer, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    proof = jwt.encode(CLAIMS, signer, algorithm="EdDSA")
    assert PROOFS.read(proof, public_of(signer)) == CLAIMS
    assert PROOFS.read(proof, public_of(other)) is None


def test_the_vector_of_the_rfc_is_signed_but_no_object() -> None:
    """RFC 8037 A.4 signs plain text: its key is a key, its text holds no claims."""
    assert PROOFS.read_key(RFC_PUBLIC) == RFC_PUBLIC
    assert PROOFS.read(RFC_JWS, RFC_PUBLIC) is None


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_proof_proves_nothing(key: AgentKey, part: int) -> None:
    """One character of any part."""
    parts = key.prove(CLAIMS).split(".")
    old = parts[part][5]
    parts[part] = parts[part][:5] + ("A" if old != "A" else "B") + parts[part][6:]
    assert PROOFS.read(".".join(parts), key.public) is None


def test_no_other_algorithm_counts(key: AgentKey) -> None:
    """Neither none nor HS256 by the public key nor RS256 (RFC 8725 §3.1)."""
    rsa = generate_private_key(public_exponent=65537, key_size=2048)
    payload = key.prove(CLAIMS).split(".")[1]
    headers = [bare(json.dumps({"alg": alg}).encode()) for alg in ("none", "HS256")]
    forged = [f"{header}.{payload}." for header in headers]
    secret = base64.urlsafe_b64decode(key.public + "=")
    forged.append(jwt.encode(CLAIMS, secret, algorithm="HS256"))
    forged.append(jwt.encode(CLAIMS, rsa, algorithm="RS256"))
    assert [PROOFS.read(each, key.public) for each in forged] == [None] * 4


def test_a_header_may_not_ask_for_more() -> None:
    """`crit` is refused, and a key it brings along is not looked at."""
    signer, thief = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    crit = jwt.encode(CLAIMS, signer, algorithm="EdDSA", headers={"crit": ["x"]})
    jwk = {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": public_of(thief)}}
    own = jwt.encode(CLAIMS, thief, algorithm="EdDSA", headers=jwk)
    assert PROOFS.read(crit, public_of(signer)) is None
    assert PROOFS.read(own, public_of(signer)) is None


@pytest.mark.parametrize(
    "text",
    ["", "x", "AAAA", RFC_PUBLIC + "=", RFC_PUBLIC + "AA", RFC_PUBLIC[:-1] + "p"],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """Other lengths, padding, and a second spelling of the same bytes."""
    assert PROOFS.read_key(text) is None
    assert PROOFS.read("a.b.c", text) is None


def test_the_key_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600, the same at the next start; one that others may read is refused."""
    path = tmp_path / "agent.key"
    first = AgentKey.kept(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert AgentKey.kept(path).public == first.public
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        AgentKey.kept(path)


@pytest.mark.parametrize("kind", ["garbage", "rsa"])
def test_a_file_with_something_else_is_told(tmp_path: Path, kind: str) -> None:
    """With its name, not with its content."""
    path = tmp_path / "agent.key"
    content = b"secret garbage"
    if kind == "rsa":
        rsa = generate_private_key(public_exponent=65537, key_size=2048)
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        content = rsa.private_bytes(*form)
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(KeyFileError) as told:
        AgentKey.kept(path)
    assert str(path) in str(told.value)
    assert "secret garbage" not in str(told.value)
