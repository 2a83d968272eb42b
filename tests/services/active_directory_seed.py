"""Fills a fresh Samba domain; run by Samba's own Python, see `active_directory`.

Usage: SEED CONF fill|stamp JSON; `fill` prints what the domain knows of its people.
"""

import json
import sys
import time
from typing import Any

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

TICKS = 10_000_000
DAY = 86400


def nt(seconds: float) -> str:
    """An epoch time as Windows counts it: 100 ns since 1601."""
    return str(int((seconds + 11_644_473_600) * TICKS))


class Domain:
    """The database of the domain that a configuration file names."""

    def __init__(self, conf: str) -> None:
        self.loaded = LoadParm()
        self.loaded.load(conf)
        self.db = SamDB(lp=self.loaded, session_info=system_session())
        self.base = str(self.db.domain_dn())

    def raw(self) -> Any:
        """The partition's own file: the only way to times a DC keeps for itself."""
        folder = self.loaded.get("private dir")
        path = f"tdb://{folder}/sam.ldb.d/{self.base.upper()}.ldb"
        return ldb.Ldb(path, options=["modules:"])

    def dn(self, account: str) -> str:
        """The DN of an account."""
        found = self.db.search(
            self.base, expression=f"(sAMAccountName={account})", attrs=["dn"]
        )
        return str(found[0].dn)

    def change(self, dn: str, to: Any = None, **values: str | bytes) -> None:
        """Replace attributes of an entry."""
        target = to or self.db
        message = ldb.Message(ldb.Dn(target, dn))
        for name, value in values.items():
            message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
        target.modify(message)

    def stamp(self) -> None:
        """At every start: the lock is counted from now."""
        now = nt(time.time())
        locked = self.dn("locked")
        self.change(locked, self.raw(), lockoutTime=now, badPasswordTime=now)
        self.change(locked, self.raw(), badPwdCount="5")

    def fill(self, job: dict[str, Any]) -> dict[str, dict[str, str]]:
        """People in every state, and their groups."""
        span = str(-job["seconds"] * TICKS)
        self.change(
            self.base,
            lockoutThreshold=str(job["threshold"]),
            minPwdAge="0",
            maxPwdAge="-9223372036854775808",  # never: the domain is cached
            lockOutObservationWindow=span,
            lockoutDuration=span,
        )
        configuration = self.db.get_config_basedn()
        self.change(f"CN=Partitions,{configuration}", uPNSuffixes="mail.example.test")
        self.db.transaction_start()
        for unit in ("People", "Groups", "Services"):
            self.db.create_ou(f"OU={unit},{self.base}")
        for account, password in job["people"].items():
            self.add(account, password, "OU=People", **job["profiles"].get(account, {}))
        self.add("svc-ostiary", job["service_password"], "OU=Services")
        for group, members in job["groups"].items():
            self.db.newgroup(group, groupou="OU=Groups")
            self.db.add_remove_group_members(group, members)
        self.db.transaction_commit()
        self.bend(job)
        return {account: self.told(account) for account in job["people"]}

    def add(self, account: str, password: str, unit: str, **profile: str) -> None:
        """A person with a mail address."""
        mail = f"{account}@corp.example.test"
        self.db.newuser(account, password, userou=unit, mailaddress=mail)
        for name, value in profile.items():
            self.change(self.dn(account), **{name: value})

    def bend(self, job: dict[str, Any]) -> None:
        """Put people in their states."""
        zoe = self.dn("zoe")
        new = f"CN=M\u00fcller\\, Zo\u00eb (x),OU=People,{self.base}"
        self.change(zoe, userPrincipalName="zoe.mueller@mail.example.test")
        self.db.rename(zoe, new)
        claimed = "clash@corp.example.test"  # which a DC of today would refuse
        self.change(self.dn("claimant"), to=self.raw(), userPrincipalName=claimed)
        self.change(self.dn("clash"), userPrincipalName="other@mail.example.test")
        for twin in ("twin1", "twin2"):
            self.change(self.dn(twin), mail="twins@corp.example.test")
        self.db.disable_account("(sAMAccountName=disabled)")
        self.change(self.dn("acctexpired"), accountExpires=nt(1_600_000_000))
        self.change(self.dn("mustchange"), pwdLastSet="0")
        self.change(self.dn("badhours"), logonHours=b"\0" * 21)
        self.change(self.dn("badworkstation"), userWorkstations="NOSUCHPC")
        span = str(-job["seconds"] * TICKS)
        day = -DAY * TICKS - 1  # of exactly a day Samba thinks that it never ends
        self.settings("short-lived", "pwexpired", job["threshold"], day, span)
        strict = job["strict_threshold"]
        self.settings("strict", "strict", strict, -9000 * DAY * TICKS, span)
        three_days_ago = nt(time.time() - 3 * DAY)
        self.change(self.dn("pwexpired"), to=self.raw(), pwdLastSet=three_days_ago)

    def settings(
        self, name: str, account: str, threshold: int, age: int, span: str
    ) -> None:
        """A password settings object of its own for one account."""
        self.db.add(
            {
                "dn": f"CN={name},CN=Password Settings Container,CN=System,{self.base}",
                "objectClass": "msDS-PasswordSettings",
                "msDS-PasswordSettingsPrecedence": "1",
                "msDS-PasswordReversibleEncryptionEnabled": "FALSE",
                "msDS-PasswordHistoryLength": "0",
                "msDS-PasswordComplexityEnabled": "FALSE",
                "msDS-MinimumPasswordLength": "1",
                "msDS-MinimumPasswordAge": "0",
                "msDS-MaximumPasswordAge": str(age),
                "msDS-LockoutThreshold": str(threshold),
                "msDS-LockoutObservationWindow": span,
                "msDS-LockoutDuration": span,
                "msDS-PSOAppliesTo": self.dn(account),
            }
        )

    def told(self, account: str) -> dict[str, str]:
        """An account's DN and GUID, as Samba itself writes them."""
        dn = self.dn(account)
        found = self.db.search(dn, scope=ldb.SCOPE_BASE, attrs=["objectGUID"])[0]
        raw = found["objectGUID"][0]
        text = self.db.schema_format_value("objectGUID", raw).decode()
        return {"dn": dn, "guid": text}


if __name__ == "__main__":
    domain = Domain(sys.argv[1])
    if sys.argv[2] == "stamp":
        domain.stamp()
    else:
        print(json.dumps(domain.fill(json.loads(sys.argv[3]))))
