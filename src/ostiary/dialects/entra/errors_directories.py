"""Refusals around directories, upstreams and federation, in this dialect's words.

Contract entra §3.5 and §6.3; what the interface's rulings say of directory states.
"""

from collections.abc import Mapping
from typing import Final

from ostiary.core.errors import Reason as R
from ostiary.dialects.entra.row import DOWN, GRANT, INTERACTION, Row

_NO_ASSERTION: Final = Row(GRANT, 50008, "The SAML assertion is not valid here.")

DIRECTORIES: Final[Mapping[R, Row]] = {
    R.CONNECTION_UNCONFIGURED: Row(
        DOWN, 80001, "The directory that checks the password is not set up.", 503
    ),
    R.DIRECTORY_UNREACHABLE: Row(
        DOWN, 80001, "The directory that checks the password cannot be reached.", 503
    ),
    R.DIRECTORY_TIMEOUT: Row(
        DOWN, 80002, "The directory that checks the password did not answer.", 503
    ),
    R.ACCOUNT_EXPIRED: Row(GRANT, 50057, "The user account has expired."),
    R.DIRECTORY_PASSWORD_EXPIRED: Row(
        GRANT, 50144, "The password has expired in the user's directory."
    ),
    R.LOGON_RESTRICTED: Row(
        GRANT, 80012, "The user's directory does not allow this sign-in now or here."
    ),
    R.UPSTREAM_MFA_REQUIRED: Row(
        GRANT,
        50076,
        "The user's identity provider asks for multi-factor authentication.",
        suberror="basic_action",
        v1_error=INTERACTION,
    ),
    R.UPSTREAM_CONSENT_REQUIRED: Row(
        GRANT,
        65001,
        "The user's identity provider asks for consent.",
        suberror="consent_required",
        uri=False,
    ),
    R.UPSTREAM_POLICY_BLOCKED: Row(
        GRANT,
        53003,
        "Access is blocked by a policy of the user's identity provider.",
        suberror="message_only",
        v1_error=INTERACTION,
        uri=False,
    ),
    R.FEDERATION_UNTRUSTED: _NO_ASSERTION,
    R.FEDERATION_ASSERTION: _NO_ASSERTION,
    R.FEDERATION_REPLAYED: _NO_ASSERTION,
    R.FEDERATION_DOMAIN: Row(
        GRANT, 50107, "The user's domain is not federated with the assertion's issuer."
    ),
    R.FEDERATION_NO_USER: Row(
        GRANT, 90020, "The SAML assertion names no user by immutable id or UPN."
    ),
}
