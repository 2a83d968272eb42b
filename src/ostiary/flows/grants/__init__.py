"""One file for each grant type: the one step that is its own, "who is it?".

Everything that grants share is told in `flows.token`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ostiary.core.model import Client
from ostiary.core.names import (
    CLIENT_CREDENTIALS,
    DEVICE_KEY,
    MFA_OOB,
    MFA_OTP,
    MFA_RECOVERY_CODE,
    ONE_TIME_CODE,
    PASSWORD,
    REFRESH_TOKEN,
    SAML1_BEARER,
    SAML2_BEARER,
)
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.facts import Registry
from ostiary.flows.grants.client_credentials import client_credentials
from ostiary.flows.grants.device_key import device_key
from ostiary.flows.grants.mfa_oob import mfa_oob
from ostiary.flows.grants.mfa_otp import mfa_otp
from ostiary.flows.grants.mfa_recovery_code import mfa_recovery_code
from ostiary.flows.grants.one_time_code import one_time_code
from ostiary.flows.grants.password import password
from ostiary.flows.grants.refresh_token import refresh_token
from ostiary.flows.grants.saml_bearer import saml_bearer

GrantStep = Callable[[Attempt, Registry, Client], Awaitable[Found]]

GRANTS: Final[Mapping[str, GrantStep]] = {
    PASSWORD: password,
    ONE_TIME_CODE: one_time_code,
    REFRESH_TOKEN: refresh_token,
    CLIENT_CREDENTIALS: client_credentials,
    DEVICE_KEY: device_key,
    SAML1_BEARER: saml_bearer,
    SAML2_BEARER: saml_bearer,
    MFA_OTP: mfa_otp,
    MFA_OOB: mfa_oob,
    MFA_RECOVERY_CODE: mfa_recovery_code,
}
