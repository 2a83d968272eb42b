"""Sound instances for the tests of the doctor to make ill."""

from pathlib import Path

import pytest

from tests.cli.doctor.patients import Patient
from tests.services.provision import free_port


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    """A sound instance that nobody started yet."""
    port = free_port()
    tenant = {
        "name": "contoso",
        "domains": [{"name": "contoso.test"}],
        "password_grant": True,
    }
    server = {
        "base_url": f"https://localhost:{port}",
        "listen": [f"127.0.0.1:{port}"],
        "data_dir": str(tmp_path / "data"),
    }
    made = Patient(tmp_path, {"server": server, "tenants": [tenant]})
    made.write()
    return made


@pytest.fixture
def applied(patient: Patient) -> Patient:
    """The same with a store."""
    patient.apply()
    return patient
