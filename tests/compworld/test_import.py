"""What importing the package costs and gives."""

import json
import subprocess
import sys

HEAVY = ("torch", "pygame", "matplotlib", "minigrid", "PIL", "imageio")


def in_a_new_process(code):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


def test_importing_and_stepping_load_nothing_heavy():
    code = f"""
import json, sys
import gymnasium
import compworld
after_import = [name for name in {HEAVY!r} if name in sys.modules]
registered = [name for name in gymnasium.registry if name.startswith("CompWorld")]
env = gymnasium.make(registered[0])
env.reset(seed=0)
env.step(1)
gymnasium.make_vec(registered[-1], num_envs=2).reset(seed=0)
after_use = [name for name in {HEAVY!r} if name in sys.modules]
print(json.dumps([after_import, after_use, registered]))
"""
    after_import, after_use, registered = in_a_new_process(code)
    assert after_import == []
    assert after_use == []
    assert registered == [
        "CompWorld-Preferences-v0",
        "CompWorld-Preferences-Small-v0",
        "CompWorld-Goals-v0",
        "CompWorld-Goals-Small-v0",
    ]


def test_gymnasium_imports_the_package_by_its_prefix():
    code = """
import json
import gymnasium
env = gymnasium.make("compworld:CompWorld-Goals-v0")
vector = gymnasium.make_vec("compworld:CompWorld-Goals-v0", num_envs=2)
print(json.dumps([env.spec.id, env.unwrapped.family.name, type(vector).__name__]))
"""
    assert in_a_new_process(code) == ["CompWorld-Goals-v0", "goals", "CompWorldVectorEnv"]
