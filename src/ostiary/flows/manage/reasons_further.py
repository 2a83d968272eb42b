"""Reasons around connections, codes and second factors, in plain words.

The others, and the whole table, stand in `reasons`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.core.errors import Reason as R


@dataclass(frozen=True, slots=True)
class Meaning:
    """why: the true reason, as a sentence. remedy: what can be done about it."""

    why: str
    remedy: str


_CONNECTIONS: Final = "Compare the request with the connections of the tenant."
_NEW_CODE: Final = "The user has to ask for a new code; only the newest one is good."

FURTHER: Final[Mapping[R, Meaning]] = {
    R.ENDPOINT_DISABLED: Meaning(
        "The endpoint is switched off for this tenant.",
        "Move the application to another endpoint, or switch it on in the tenant.",
    ),
    R.TOO_MANY_REQUESTS: Meaning(
        "The same was asked too often.", "Wait; look for a client that loops."
    ),
    R.CLIENT_NOT_SERVED: Meaning(
        "The application is registered for today's pipeline, not for this endpoint.",
        "Use the token endpoint, or set `oidc_conformant: false` for it.",
    ),
    R.CONNECTION_UNKNOWN: Meaning(
        "The tenant has no connection of that name.", _CONNECTIONS
    ),
    R.CONNECTION_DISABLED: Meaning(
        "The connection is switched off, or not open to this application.",
        "Look at `enabled` of the connection and `connections` of the application.",
    ),
    R.CONNECTION_PASSIVE: Meaning(
        "The connection's strategy can only be used in a browser.", _CONNECTIONS
    ),
    R.CONNECTION_UNCONFIGURED: Meaning(
        "The connection is not set up, so nobody could check the password.",
        "Set its options, or choose another connection.",
    ),
    R.DIRECTORY_MISSING: Meaning(
        "The request names no connection and the tenant has no default directory.",
        "Set `default_directory`, or let the application name its connection.",
    ),
    R.TOO_MANY_LOGINS: Meaning(
        "The same user failed from the same address too often within a minute.",
        "Find the client that keeps sending an old password.",
    ),
    R.CODE_WRONG: Meaning("The one-time code was wrong, used or expired.", _NEW_CODE),
    R.CODE_EXHAUSTED: Meaning(
        "The one-time code was tried too often and is dead.", _NEW_CODE
    ),
    R.DEVICE_ASSERTION: Meaning(
        "The token by which a device signs its user in proved nothing.",
        "Look at the device's clock, and whether its key is still registered.",
    ),
    R.MFA_CODE_WRONG: Meaning(
        "The code of the second factor was wrong or was used before.",
        "Compare the clock of the authenticator with that of the server.",
    ),
    R.MFA_SENT_CODE_WRONG: Meaning(
        "The code that was sent as second factor was wrong, used or too old.",
        _NEW_CODE,
    ),
    R.MFA_SENT_CODE_DEAD: Meaning(
        "The code that was sent as second factor was tried too often and is dead.",
        _NEW_CODE,
    ),
    R.MFA_RECOVERY_WRONG: Meaning(
        "The recovery code was wrong or was used before.",
        "Only the newest one is good: each use replaces it.",
    ),
    R.MFA_TOO_OFTEN: Meaning(
        "Codes of the user's second factor were guessed, or asked for, too often.",
        "Wait: one more is allowed every six minutes. Somebody may know the password.",
    ),
    R.MFA_TOKEN_MALFORMED: Meaning(
        "The `mfa_token` is none of ours, or was used before.",
        "Begin again with the password.",
    ),
    R.MFA_TOKEN_EXPIRED: Meaning(
        "The second factor came too late.", "Begin again with the password."
    ),
    R.MFA_CHALLENGE_UNSUPPORTED: Meaning(
        "None of the challenges that the application can handle is available.",
        "Compare `challenge_type` with what the user has enrolled.",
    ),
    R.MFA_NOTHING_ENROLLED: Meaning(
        "The user has enrolled no second factor.",
        "Let the user enrol one, or set a TOTP secret for them.",
    ),
    R.REFRESH_USER_GONE: Meaning(
        "The refresh token is of a user who was removed.",
        "Nothing; somebody else has to sign in.",
    ),
    R.SCOPE_INSUFFICIENT: Meaning(
        "The token is good, but does not allow this.",
        "Give the application the role, or let it ask for the scope.",
    ),
    R.OBJECT_UNKNOWN: Meaning(
        "What the request names is not there, or not the caller's.",
        "Look at what there is before changing it.",
    ),
    R.OBJECT_TAKEN: Meaning(
        "What an application wanted to add has the name of another one.",
        "Give it another name, or change the one that is there.",
    ),
    R.OBJECT_INVALID: Meaning(
        "What an application wanted to enter is malformed, or may not be entered.",
        "The answer says what is wrong; addresses must be public ones, or in "
        "`server.outgoing_networks`.",
    ),
    R.MESSAGE_FAILED: Meaning(
        "The mail server or message gateway did not take the message.",
        "Look at the options of the connection, and at the gateway's own log.",
    ),
    R.HOST_UNKNOWN: Meaning(
        "The request named a host at which there is no tenant.",
        "Compare the tenant's domain with what the client, or a proxy, sends as host.",
    ),
    R.CROSS_ORIGIN_OFF: Meaning(
        "A page wanted to sign somebody in across origins, which is not offered.",
        "Use the password grant, or send the person to a login page.",
    ),
    R.SIGNUP_CLOSED: Meaning(
        "People may not sign up at this tenant.", "Set `signup: true` if they should."
    ),
    R.SIGNUP_TAKEN: Meaning(
        "Somebody of the connection has that name or mail address already.",
        "The person may have an account: let them ask for a new password.",
    ),
    R.PASSWORD_WEAK: Meaning(
        "The new password was short, common, known, or held the person's own name.",
        "The person has to choose another one.",
    ),
    R.TICKET_DEAD: Meaning(
        "The link of a mail was used, too old, replaced by a newer one, or forged.",
        "The person has to ask for a new mail; only the newest link is good.",
    ),
}
