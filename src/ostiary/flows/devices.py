"""Keys and refresh tokens of a user's devices: added, listed, removed.

Who the caller is was proven before; each change leaves its record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ostiary.core.devices import MOST_KEYS, DeviceKey, DeviceRules, DeviceSession
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import User
from ostiary.core.request import Trace
from ostiary.flows.facts import AuditEvent
from ostiary.flows.ports import Ports


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose devices these are, and by which request they are changed.

    by: "user", or the id of the client that acts as an administrator.
    """

    user: User
    trace: Trace
    by: str = "user"

    def event(self, what: str, at: float, client_id: str, name: str) -> AuditEvent:
        """The audit record of a change at `at`, in epoch seconds."""
        return AuditEvent(
            at=at,
            trace=self.trace,
            outcome="changed",
            reason=what,
            tenant_id=self.user.tenant_id,
            client_id=client_id,
            user_id=self.user.id,
            username=self.user.username,
            detail={"by": self.by, "device": name},
        )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as a device registers it; client_id "" is any client that may use keys."""

    text: str = field(repr=False)
    device_name: str
    device_id: str = ""
    client_id: str = ""


async def add_key(
    owner: Owner, new: NewKey, rules: DeviceRules, ports: Ports
) -> DeviceKey:
    """Keep a key of the owner. Raises Refused(PARAMETER_INVALID) for a bad one."""
    read = ports.device_signatures.read_key(new.text)
    if read is None:
        why = "is no RSA public key in PEM"
        raise Refused(Reason.PARAMETER_INVALID, name="public_key", why=why)
    if read.bits < rules.minimum_bits:
        why = f"has fewer than {rules.minimum_bits} bits"
        raise Refused(Reason.PARAMETER_INVALID, name="public_key", why=why)
    now = ports.clock.now()
    key = DeviceKey(
        id=ports.clock.short_id(),
        tenant_id=owner.user.tenant_id,
        user_id=owner.user.id,
        client_id=new.client_id,
        device_name=new.device_name,
        device_id=new.device_id,
        public_key=read.pem,
        fingerprint=read.fingerprint,
        created_at=now,
    )
    event = owner.event("device.add", now, key.client_id, key.device_name)
    await ports.devices.add(key, MOST_KEYS, event)
    return key


async def find_entry(
    tenant_id: str, id: str, ports: Ports
) -> DeviceKey | DeviceSession | None:
    """The key or living session of that id, of whatever user of the tenant."""
    key = await ports.devices.find_key(tenant_id, id)
    if key is not None:
        return key
    return await ports.devices.find_session(tenant_id, id, ports.clock.now())


async def remove_entry(
    owner: Owner, entry: DeviceKey | DeviceSession, ports: Ports
) -> None:
    """Forget a key, or end a session: its refresh token is dead at once."""
    now = ports.clock.now()
    event = owner.event("device.remove", now, entry.client_id, entry.device_name)
    if isinstance(entry, DeviceKey):
        await ports.devices.remove([entry], event)
    else:
        await ports.tokens.revoke_session(entry.id, event)


async def remove_keys(owner: Owner, device_name: str, ports: Ports) -> None:
    """Forget the owner's keys of that device name; none is fine, and no act at all."""
    tenant_id, user_id = owner.user.tenant_id, owner.user.id
    keys: Sequence[DeviceKey] = await ports.devices.keys(tenant_id, user_id)
    named = [key for key in keys if key.device_name == device_name]
    if named:
        event = owner.event("device.remove", ports.clock.now(), "", device_name)
        await ports.devices.remove(named, event)
