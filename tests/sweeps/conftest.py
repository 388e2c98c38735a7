import pytest

from tests.workers.local_cluster import local_cluster


@pytest.fixture
def cluster():
    with local_cluster() as made:
        yield made
