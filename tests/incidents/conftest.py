"""One open incident in the session of the test."""

import pytest
from recordkit import open_one
from sqlalchemy.orm import Session

from incidents.models import Incident


@pytest.fixture
def incident(session: Session) -> Incident:
    return open_one(session)
