"""Reasons around directories, upstreams, agents and federation, in plain words.

The others, and the whole table, stand in `reasons`.
"""

from collections.abc import Mapping
from typing import Final

from ostiary.core.errors import Reason as R
from ostiary.flows.manage.reasons_further import Meaning

_TEST: Final = "Run `ostiary connection test` with its name."
_DIRECTORY: Final = "Look at the account in the directory."
_TRUST: Final = "Compare the domain's connection with the identity provider's settings."

DIRECTORIES: Final[Mapping[R, Meaning]] = {
    R.DIRECTORY_UNREACHABLE: Meaning(
        "The directory that checks the password cannot be reached.",
        "Look at the connection's address and the directory: ostiary doctor.",
    ),
    R.DIRECTORY_TIMEOUT: Meaning(
        "The directory that checks the password did not answer in time.",
        "Look at the directory and the network in between: ostiary doctor.",
    ),
    R.DIRECTORY_MISCONFIGURED: Meaning(
        "The directory or upstream does not accept this server as configured.", _TEST
    ),
    R.DIRECTORY_BUSY: Meaning(
        "The upstream answered that it is asked too often.",
        "Wait; ask its operator for a higher limit.",
    ),
    R.DIRECTORY_LIED: Meaning(
        "The directory or upstream gave an answer that could not be verified.", _TEST
    ),
    R.AGENT_ABSENT: Meaning(
        "No agent of the connection is connected.",
        "Start `ostiary agent` beside the directory, and look at its log.",
    ),
    R.DIRECTORY_LOCKED: Meaning(
        "The directory itself has locked the account.",
        "Wait for its lock to end, or unlock the account there.",
    ),
    R.ACCOUNT_EXPIRED: Meaning(
        "The password was right, but the account has expired in its directory.",
        _DIRECTORY,
    ),
    R.DIRECTORY_PASSWORD_EXPIRED: Meaning(
        "The password was right, but has expired in the directory or must be changed.",
        "The user has to change it there.",
    ),
    R.LOGON_RESTRICTED: Meaning(
        "The password was right, but the directory limits hours or workstations.",
        _DIRECTORY,
    ),
    R.UPSTREAM_MFA_REQUIRED: Meaning(
        "The password was right, but the upstream asks for a second factor.",
        "Exempt the user there, or let them sign in with a browser.",
    ),
    R.UPSTREAM_CONSENT_REQUIRED: Meaning(
        "The password was right, but the upstream asks for consent to our application.",
        "Let its administrator consent to the application of the connection.",
    ),
    R.UPSTREAM_POLICY_BLOCKED: Meaning(
        "The password was right, but a policy of the upstream blocks the sign-in.",
        "Look at the policies there.",
    ),
    R.FEDERATION_UNTRUSTED: Meaning(
        "No connection of the tenant trusts the issuer of the SAML assertion.", _TRUST
    ),
    R.FEDERATION_ASSERTION: Meaning(
        "The SAML assertion was badly signed, out of date, or for somebody else.",
        _TRUST,
    ),
    R.FEDERATION_REPLAYED: Meaning(
        "The SAML assertion was used before.",
        "Each is good once: let the client ask the identity provider again.",
    ),
    R.FEDERATION_DOMAIN: Meaning(
        "The SAML assertion speaks of a domain that is not federated with its issuer.",
        _TRUST,
    ),
    R.FEDERATION_NO_USER: Meaning(
        "The SAML assertion names no user by immutable id or user name.",
        "Let the identity provider issue both claims.",
    ),
}
