"""What the tests of packages and container share: the built tree, and a weir that runs as nobody in particular."""

import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = pathlib.Path(os.environ.get("WEIR_TREE", ROOT / "build/release"))
VERSION = os.environ.get("WEIR_VERSION") or re.search(r"project\(weir VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
NOBODY = 65534


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def needed_packages(binary):
    """The packages of the shared libraries that the binary is linked to, with the least version of each."""
    with tempfile.TemporaryDirectory() as folder:
        debian = pathlib.Path(folder) / "debian"
        debian.mkdir()
        (debian / "control").write_text("Source: weir\n\nPackage: weir\nArchitecture: any\n")
        said = run("dpkg-shlibdeps", "-O", "--ignore-missing-info", binary, cwd=folder)
    return sorted(said.strip().removeprefix("shlibs:Depends=").split(", "))


def demo_is_healthy(binary, *options):
    """Starts the demo where nothing can be written but its state, not as root, and asks it whether it is well."""
    with tempfile.TemporaryDirectory() as state:
        user = {}
        if os.geteuid() == 0:
            os.chown(state, NOBODY, NOBODY)
            user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        environment = {"PATH": os.environ["PATH"], "WEIR_STATE_DIR": state, "WEIR_LISTEN": "127.0.0.1:0"}
        with subprocess.Popen([str(binary), "demo", *options], env=environment, cwd="/", text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **user) as weir:
            try:
                if not weir.stdout.readline().startswith("READY "):
                    raise AssertionError("weir demo ended before it was ready")
                said = run(binary, "healthcheck", env=environment, cwd="/", **user)
                if not said.startswith("healthy: "):
                    raise AssertionError(said)
                return sorted(os.listdir(state))
            finally:
                weir.kill()
