"""Every reason to refuse in plain words, and what an administrator can do about it.

For operators only: here stands the true reason, which a stranger never learns.
"""

from collections.abc import Mapping
from typing import Final

from ostiary.core.errors import Reason as R
from ostiary.flows.manage.reasons_directories import DIRECTORIES
from ostiary.flows.manage.reasons_further import FURTHER, Meaning

_FIX_REQUEST: Final = "Correct the request that the application sends."
_FIX_ASSERTION: Final = (
    "Look at how the application makes its assertion: issuer and subject are its "
    "client id, the audience is our token endpoint, it lives 24 hours at most."
)
_SIGN_IN_AGAIN: Final = "The user has to sign in again."
_WRONG_TENANT: Final = (
    "Check the tenant in the address that the application is configured with."
)

MEANINGS: Final[Mapping[R, Meaning]] = {
    **FURTHER,
    **DIRECTORIES,
    R.METHOD_NOT_ALLOWED: Meaning(
        "The endpoint was asked by a method other than POST.", _FIX_REQUEST
    ),
    R.PARAMETER_MISSING: Meaning("A required parameter was missing.", _FIX_REQUEST),
    R.PARAMETER_REPEATED: Meaning("A parameter came twice.", _FIX_REQUEST),
    R.PARAMETER_INVALID: Meaning("A parameter was malformed.", _FIX_REQUEST),
    R.CREDENTIAL_IN_QUERY: Meaning(
        "A credential stood in the address, where logs would keep it.",
        "Send credentials in the body; change the one that was sent.",
    ),
    R.RESOURCE_PARAMETER: Meaning(
        "The request named its API by `resource` where `scope` is wanted.",
        "Ask for the scope RESOURCE/.default instead.",
    ),
    R.GRANT_UNSUPPORTED: Meaning(
        "The grant type is not one that this server knows.", _FIX_REQUEST
    ),
    R.TENANT_MALFORMED: Meaning(
        "The tenant in the address was neither a GUID nor a domain.", _WRONG_TENANT
    ),
    R.TENANT_UNKNOWN: Meaning("No tenant has that id or domain.", _WRONG_TENANT),
    R.INSTANCE_MALFORMED: Meaning(
        "A discovery request brought no usable address.", _FIX_REQUEST
    ),
    R.INSTANCE_UNKNOWN: Meaning(
        "A discovery request was about a host that is not ours.",
        "Check `server.base_url`, and the address the application is configured with.",
    ),
    R.TENANT_ALIAS_REFUSED: Meaning(
        "The address named no tenant, and this grant needs one.",
        "Use the tenant's id or domain in the address.",
    ),
    R.TENANT_UNDETERMINED: Meaning(
        "Neither the address nor the user name tells which tenant is meant.",
        "Use the tenant's id or domain in the address, or the full user name.",
    ),
    R.DOMAIN_UNKNOWN: Meaning(
        "No tenant has the domain of the user name.",
        "Add the domain: ostiary tenant change NAME --add-domain DOMAIN.",
    ),
    R.CLIENT_UNKNOWN: Meaning(
        "The tenant has no application of that client id.",
        "Check the client id; register it with ostiary app add; for an application of "
        "another tenant, make it multi-tenant.",
    ),
    R.CLIENT_DISABLED: Meaning(
        "The application is disabled.", "ostiary app change APP --enable"
    ),
    R.CLIENT_SINGLE_TENANT: Meaning(
        "The application serves its own tenant only.",
        "Use that tenant's address, or ostiary app change APP --audience multi-tenant.",
    ),
    R.CLIENT_ID_MISMATCH: Meaning(
        "The request named two different applications.", _FIX_REQUEST
    ),
    R.CLIENT_CREDENTIALS_SEVERAL: Meaning(
        "The request proved its application in two ways at once.", _FIX_REQUEST
    ),
    R.CLIENT_CREDENTIAL_MISSING: Meaning(
        "A confidential application sent no secret and no assertion.",
        "Configure its secret, or register it as public: ostiary app change APP "
        "--public-client.",
    ),
    R.CLIENT_CREDENTIAL_UNWANTED: Meaning(
        "A public application sent a secret or an assertion.",
        "Take the secret out of the application, or register it as confidential: "
        "ostiary app change APP --confidential-client.",
    ),
    R.CLIENT_SECRET_WRONG: Meaning(
        "The client secret is none of the application's.",
        "Configure the right one, or make a new one: ostiary app secret add APP.",
    ),
    R.CLIENT_SECRET_EXPIRED: Meaning(
        "The client secret was right, but has expired.",
        "Make a new one: ostiary app secret add APP.",
    ),
    R.CLIENT_NOT_PUBLIC: Meaning(
        "The tenant's edition keeps the password grant for public applications.",
        "ostiary app change APP --public-client, or another edition for the tenant.",
    ),
    R.ASSERTION_MALFORMED: Meaning(
        "The client assertion cannot be read.", _FIX_ASSERTION
    ),
    R.ASSERTION_SUBJECT: Meaning(
        "Issuer or subject of the client assertion is not the application.",
        _FIX_ASSERTION,
    ),
    R.ASSERTION_AUDIENCE: Meaning(
        "The client assertion is meant for another server.", _FIX_ASSERTION
    ),
    R.ASSERTION_EXPIRED: Meaning(
        "The client assertion is outside its time, or lives too long.",
        _FIX_ASSERTION + " Compare the clocks of both machines.",
    ),
    R.ASSERTION_SIGNATURE: Meaning(
        "The client assertion is signed with a key that is not registered, or badly.",
        "Register the certificate: ostiary app change APP --certificate FILE.",
    ),
    R.ASSERTION_REUSED: Meaning(
        "The client assertion was used before, and the application's work once.",
        "Let the application make one for each request, or allow reuse: ostiary app "
        "change APP --assertion-reuse.",
    ),
    R.GRANT_NOT_ALLOWED: Meaning(
        "The application may not use this grant type.",
        "ostiary app change APP --grant-type TYPE, with every type it shall have.",
    ),
    R.PASSWORD_GRANT_OFF: Meaning(
        "The tenant's door for passwords is shut.",
        "Only if there is no other way: ostiary tenant change NAME --password-grant.",
    ),
    R.SCOPE_MALFORMED: Meaning("The scope cannot be read.", _FIX_REQUEST),
    R.SCOPE_UNKNOWN: Meaning(
        "The API does not publish a scope that was asked for.",
        "Correct the scope, or add it to the API under `resources` and apply.",
    ),
    R.SCOPE_MIXED: Meaning(
        "All permissions of an API were asked for together with some of them.",
        "Ask for RESOURCE/.default alone, or for the scopes alone.",
    ),
    R.SCOPE_NOT_DEFAULT: Meaning(
        "An application signing in as itself asked for single scopes.",
        "Ask for RESOURCE/.default.",
    ),
    R.RESOURCES_SEVERAL: Meaning(
        "Scopes of several APIs were asked for at once.",
        "Ask for a token for each API.",
    ),
    R.RESOURCE_UNKNOWN: Meaning(
        "The tenant has no such API.",
        "Correct the scope, or add the API under `resources` and apply.",
    ),
    R.RESOURCE_NOT_DECLARED: Meaning(
        "The API is not among the permissions of the application.",
        "ostiary app change APP --permission RESOURCE/SCOPE, with every permission it "
        "shall have.",
    ),
    R.ACCOUNT_LOCKED: Meaning(
        "The account was locked after too many different wrong passwords; the "
        "password of this attempt was not looked at or not told.",
        "Wait, or ostiary user change USER --unlock. Ask who was guessing.",
    ),
    R.SOURCE_BLOCKED: Meaning(
        "Too many wrong passwords came from this address today.",
        "Look for what is guessing there; the count starts anew tomorrow (UTC).",
    ),
    R.USER_UNKNOWN: Meaning(
        "The tenant has no user of that name.",
        "Check the name; add the user with ostiary user add.",
    ),
    R.USER_ELSEWHERE: Meaning(
        "The user belongs to another tenant.", "Use that tenant's address."
    ),
    R.USER_GUEST: Meaning(
        "The user is an invited personal account, which has no password here.",
        "Guests sign in where they come from.",
    ),
    R.PASSWORD_ABSENT: Meaning(
        "The account has no password.",
        "Give it one if it shall have one: ostiary user change USER --password-stdin.",
    ),
    R.USER_FEDERATED: Meaning(
        "The user's domain is federated: passwords are checked elsewhere.",
        "The application has to use the federated way in.",
    ),
    R.PASSWORD_WRONG: Meaning(
        "The password was wrong.",
        "If the user forgot it: ostiary user change USER --password-stdin.",
    ),
    R.USER_DISABLED: Meaning(
        "The password was right, but the account is disabled.",
        "ostiary user change USER --enable",
    ),
    R.PASSWORD_EXPIRED: Meaning(
        "The password was right, but has expired.",
        "ostiary user change USER --password-stdin",
    ),
    R.PASSWORD_MUST_CHANGE: Meaning(
        "The password was right, but must be changed first.",
        "ostiary user change USER --password-stdin",
    ),
    R.PASSWORD_LEAKED: Meaning(
        "The password was right, but is known to have leaked.",
        "ostiary user change USER --password-stdin, with another one.",
    ),
    R.MFA_REQUIRED: Meaning(
        "The password was right; the user needs a second factor, which this request "
        "did not bring.",
        "Bring it, where the client can; else use a sign-in with a browser, or "
        "another account for this purpose.",
    ),
    R.MFA_ENROLMENT_REQUIRED: Meaning(
        "The password was right; the user needs a second factor and has none yet.",
        "Let the user enrol one, or use another account for this purpose.",
    ),
    R.POLICY_BLOCKED: Meaning(
        "The password was right; a conditional access policy forbids this sign-in.",
        "Look at `policies` of the tenant: the first that matches decides.",
    ),
    R.USER_NOT_ASSIGNED: Meaning(
        "The application demands assignment, and the user is not assigned.",
        "ostiary user change USER --assign CLIENT_ID",
    ),
    R.CONSENT_REQUIRED: Meaning(
        "Nobody consented to a scope that the application asked for.",
        "ostiary consent add --client-id ID --admin --scope SCOPE, or for the user "
        "with --user USER.",
    ),
    R.REFRESH_UNKNOWN: Meaning(
        "The refresh token is not one of this tenant's.", _SIGN_IN_AGAIN
    ),
    R.REFRESH_EXPIRED: Meaning("The refresh token has expired.", _SIGN_IN_AGAIN),
    R.REFRESH_REUSED: Meaning(
        "A refresh token was used a second time, so the whole session was ended: "
        "somebody may have copied it.",
        _SIGN_IN_AGAIN + " Ask whether the application keeps the newest token.",
    ),
    R.REFRESH_REVOKED: Meaning(
        "The session was ended, by revocation, a new password or a reset.",
        _SIGN_IN_AGAIN,
    ),
    R.REFRESH_FOREIGN: Meaning(
        "The refresh token belongs to another application.",
        "Find out how that application got it.",
    ),
    R.TOKEN_INVALID: Meaning(
        "The access token is not a living one of this tenant.", _SIGN_IN_AGAIN
    ),
    R.OVERLOADED: Meaning(
        "More passwords came than can be checked; this one was not looked at.",
        "If it lasts: more cores or nodes, or find out who sends so many.",
    ),
    R.UNAVAILABLE: Meaning(
        "The store did not answer.", "Look at the database and the server's log."
    ),
}
