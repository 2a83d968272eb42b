"""Users of a directory in a plan: what it told of them stays.

The configuration lists somebody for their flags and groups (interface §2, users).
"""

from collections.abc import Sequence
from pathlib import Path

from ostiary.app import House, open_house, prepare
from ostiary.configuration.reading import declare
from ostiary.flows.facts import Profile
from ostiary.flows.manage.apply import apply, management_event
from ostiary.flows.manage.changes import Change
from ostiary.flows.manage.planning import Planner
from ostiary.settings import Settings, load
from ostiary.stores.people import UserStore
from tests.flows.values import NOON, TENANT

FILE = f"""
server: {{data_dir: DATA}}
tenants:
- id: {TENANT}
  domains:
  - {{name: contoso.test}}
  - {{name: corp.test, authentication: pass-through, connection: corp-ad}}
  connections:
  - {{name: Username-Password-Authentication, strategy: auth0}}
  - name: corp-ad
    strategy: ad
    options: {{urls: ["ldaps://dc1.corp.test"], base_dn: "DC=corp,DC=test"}}
  users:
  - username: grace@corp.test
    groups: [vip]
    attributes: {{colour: blue}}
"""
GRACE = Profile(
    "grace@corp.test",
    external_id="corp-ad|7",
    email="grace@corp.test",
    given_name="Grace",
    groups=("staff",),
    attributes={"title": "Admiral"},
)


def settings_of(folder: Path, text: str) -> Settings:
    """The file's settings."""
    file = folder / "ostiary.yaml"
    file.write_text(text.replace("DATA", str(folder / "data")))
    return load(file, {})


async def bring(house: House, settings: Settings) -> Sequence[Change]:
    """Apply the file; what had to be changed."""
    planner = Planner(house.estate, house.vault, house.hashes, NOON)
    changes = await planner.plan(declare(settings))
    await apply(changes, house.estate, management_event("apply", NOON, "test"))
    return changes


async def test_applying_again_after_a_sign_in_changes_nothing(tmp_path: Path) -> None:
    """And what the file changes later is changed, without losing the rest."""
    settings = settings_of(tmp_path, FILE)
    prepare(settings.server)
    async with open_house(settings.server) as house:
        assert await bring(house, settings)
        people = UserStore(house.database)
        typed = "GRACE@corp.test"
        first = await people.provision(TENANT, "corp-ad", GRACE, [typed], NOON)
        assert await bring(house, settings) == []
        richer = FILE.replace("[vip]", "[vip, crew]").replace("colour: blue", "size: 7")
        [change] = await bring(house, settings_of(tmp_path, richer))
        assert set(change.fields) == {"groups", "attributes"}
        found = await people.find(TENANT, first.user.id)
        assert found is not None
        user = found.user
        assert user.all_groups == ("vip", "crew", "staff")
        assert (user.email, user.given_name) == ("grace@corp.test", "Grace")
        assert user.external_id == "corp-ad|7"
        assert user.attributes == {"colour": "blue", "size": 7, "title": "Admiral"}
