"""What the process of an entry does: it trains or loads the method, and then answers what the method would do.

It is handed observations and evidence, and hands back actions and outputs; scores are made by who asks.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import torch

from compworld.agents import Actor, Adapted, Learner, accelerate
from compworld.agents.checkpoints import load_parameters, load_tensors
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.allocation import keep_freed_memory
from compworld.benchmarks.runs.claims import claimed
from compworld.benchmarks.runs.courses import course_of
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.run import new_method
from compworld.benchmarks.runs.surroundings import of_a_run
from compworld.benchmarks.runs.training import train
from compworld.benchmarks.runs.workers import in_one_line
from compworld.benchmarks.submissions.messages import Message, receive, send
from compworld.benchmarks.submissions.parcels import evidence_in, observation_in
from compworld.benchmarks.worlds.world import World

CODE, CHECKPOINT = "code", "learner.safetensors"
"""What an entry brings lies under these names in the working folder."""


class Served:
    """A method in its world, asked one call after another.

    Args:
        config: of the run.
        checkpoint: whether parameters are loaded rather than trained.
    """

    def __init__(self, config: RunConfig, checkpoint: bool) -> None:
        self.config, self.world = config, World(config)
        self.method = new_method(config, self.world)
        self.trained: dict[str, Any] = {}
        if checkpoint:
            path = Path(CHECKPOINT)
            load_parameters(self.method, load_tensors(path)[0], path)
        elif self.method.trainable:
            self.trained = self._train()
        self.player: Any = None
        self.state: Any = None
        self.adapted: Adapted | None = None

    def _train(self) -> dict[str, Any]:
        keep_freed_memory()
        folder = RunFolder(Path("runs").resolve(), self.config)
        with claimed(folder.claim) as claim:
            found = train(
                course_of(self.method, self.config, self.world),
                self.config,
                folder,
                claim,
                lambda step, loss: None,
                lambda record: None,
            )
        if found["diverged"] and not found["best_step"]:
            raise ValueError(f"training {found['diverged']}")
        return {name: found[name] for name in ("training_seconds", "environment_steps") if name in found}

    def play(self, message: Message) -> dict[str, Any]:
        """A new player; what it sees."""
        assert isinstance(self.method, Actor)
        self.player = self.method.player(self.world.grid_family, self.world.split, message.facts["episodes"])
        return {"observation": self.player.observation}

    def predict(self, message: Message) -> dict[str, Any]:
        """Its actions."""
        arrays, before = message.arrays, None if message.facts["first"] else self.state
        actions, self.state = self.player.predict(observation_in(arrays), before, arrays["episode_start"])
        return {"actions": actions}

    def adapt(self, message: Message) -> dict[str, Any]:
        """Adapt to evidence."""
        assert isinstance(self.method, Learner)
        generator = torch.Generator().manual_seed(message.facts["seed"])
        with torch.no_grad():
            evidence = evidence_in(message.arrays, self.method.evidence)
            self.adapted = accelerate.adapt(self.method, evidence, generator)
        return {}

    def outputs(self, message: Message) -> dict[str, Any]:
        """What the adapted learner puts out for observations."""
        return self._of_adapted("predict", message)

    def act(self, message: Message) -> dict[str, Any]:
        """What the adapted learner does."""
        return self._of_adapted("act", message)

    def _of_adapted(self, name: str, message: Message) -> dict[str, Any]:
        with torch.no_grad():
            return {"found": getattr(self.adapted, name)(torch.from_numpy(message.arrays["inputs"])).numpy()}


CALLS = {"play": Served.play, "predict": Served.predict, "adapt": Served.adapt, "outputs": Served.outputs, "act": Served.act}


def serve() -> None:
    """Answer calls until the other end is closed; what is printed goes to standard error."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.path.append(str(Path(CODE).resolve()))
    try:
        _serve(orders, answers)
    except EOFError:
        return
    except (Exception, SystemExit) as error:
        send(answers, "failed", why=in_one_line(error))


@of_a_run()
def _serve(orders: BinaryIO, answers: BinaryIO) -> None:
    first, started = receive(orders), time.perf_counter()
    torch.set_num_threads(first.facts["threads"])
    served = Served(RunConfig.from_dict(first.facts["config"]), first.facts["checkpoint"])
    seconds = time.perf_counter() - started
    send(answers, "ready", evidence=served.method.evidence.__name__, seconds=seconds, **served.trained)
    while True:
        message = receive(orders)
        found = CALLS[message.name](served, message)
        facts = {name: value for name, value in found.items() if isinstance(value, str)}
        send(answers, "done", {name: value for name, value in found.items() if name not in facts}, **facts)
