from contextlib import suppress

import torch

from datagen_images import use_threads


def test_threads_are_as_before_after_the_block():
    before = torch.get_num_threads()
    with suppress(KeyError), use_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    assert torch.get_num_threads() == before
