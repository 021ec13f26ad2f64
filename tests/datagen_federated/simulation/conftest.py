import pytest
import torch

from federated_data import make_images


@pytest.fixture
def images():
    return make_images()


@pytest.fixture(autouse=True)
def one_thread():
    """Threads of torch spin while they wait, and here they would wait for those of other tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
