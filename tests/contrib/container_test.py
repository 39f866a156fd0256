#!/usr/bin/env python3
"""The container without an engine: what the Dockerfile names is there, what it runs does what it says, and the compose
files keep weir to this machine."""

import os
import pathlib
import re
import shlex
import tempfile
import unittest

import yaml

import shipped

DOCKER = shipped.ROOT / "docker"


def instructions():
    """[("FROM", "debian:12 AS build"), ...]"""
    text = re.sub(r"^#.*\n", "", (DOCKER / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def stages():
    """The instructions of each stage."""
    out = []
    for word, rest in instructions():
        if word == "FROM":
            out.append([])
        out[-1].append((word, rest))
    return out


def compose(name):
    return yaml.safe_load((DOCKER / name).read_text())


def ignored():
    return [line for line in (shipped.ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]


class Dockerfile(unittest.TestCase):
    def test_every_copied_path_is_there_and_sent(self):
        for word, rest in instructions():
            if word != "COPY" or rest.startswith("--from="):
                continue
            *sources, _ = rest.split()
            for source in sources:
                self.assertTrue((shipped.ROOT / source).exists(), source)
                self.assertNotIn(source.split("/")[0], ignored())

    def test_every_step_is_a_script_that_can_be_run(self):
        copied = {}  # where a script lies in the second stage -> in the repository
        steps = 0
        for stage in stages():
            for word, rest in stage:
                if word == "COPY" and not rest.startswith("--from="):
                    *sources, target = rest.split()
                    copied.update({target + source.split("/")[-1]: source for source in sources})
                if word == "RUN":
                    steps += 1
                    script = shlex.split(rest)[0]
                    path = shipped.ROOT / copied.get(script, script)
                    self.assertTrue(os.access(path, os.X_OK), script)
                    shipped.run("bash", "-n", path)
        self.assertEqual(steps, 3)

    def test_it_builds_and_runs_on_the_same_debian(self):
        bases = [rest for word, rest in instructions() if word == "FROM"]
        self.assertEqual(bases, ["debian:12 AS build", "debian:12-slim"])

    def test_it_runs_as_somebody_who_owns_nothing_but_the_state(self):
        last = dict(stages()[-1])
        user, group = last["USER"].split(":")
        self.assertEqual(user, re.search(r"^readonly user=(\d+)$", (DOCKER / "runtime.sh").read_text(), re.M)[1])
        self.assertNotEqual((int(user), int(group)), (0, 0))
        variables = dict(pair.split("=") for pair in last["ENV"].split())
        self.assertEqual(variables["WEIR_STATE_DIR"], last["VOLUME"])
        self.assertIn(f"-g \"$user\" {last['VOLUME']}", (DOCKER / "runtime.sh").read_text())
        self.assertEqual(last["EXPOSE"], variables["WEIR_LISTEN"].split(":")[1])
        self.assertTrue(last["HEALTHCHECK"].endswith('CMD ["weir", "healthcheck"]'))
        self.assertEqual(last["ENTRYPOINT"], '["weir"]')
        self.assertEqual(last["CMD"], '["serve", "--generate-keys"]')

    def test_nothing_that_may_hold_a_key_is_sent_to_the_engine(self):
        for pattern in [".git", "build", "**/.env", "**/*.db", "**/node_modules"]:
            self.assertIn(pattern, ignored())


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        pathlib.Path(folder.name).chmod(0o755)
        cls.root = pathlib.Path(folder.name) / "stage"
        shipped.run(DOCKER / "stage.sh", cls.root, shipped.TREE / "weir")
        cls.binary = cls.root / "usr/bin/weir"

    def test_the_stage_holds_the_binary_and_no_secret_of_the_builder(self):
        files = sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())
        self.assertEqual(files, ["usr/bin/weir", "usr/share/doc/weir/copyright", "usr/share/doc/weir/weir.example.yaml"])
        self.assertNotIn(str(shipped.ROOT).encode(), self.binary.read_bytes())

    def test_the_packages_of_the_image_are_those_that_the_binary_needs(self):
        lists = (shipped.ROOT / "scripts/packages.txt").read_text()
        listed = re.search(r"^\[runtime\]\n(.*?)\n\n", lists, re.M | re.S)[1].split("\n")
        needed = [package.split(" ")[0] for package in shipped.needed_packages(self.binary)]
        # Certificates of providers, and the zones in which their days begin.
        self.assertEqual(sorted(listed), sorted(needed + ["ca-certificates", "tzdata"]))

    def test_what_makes_the_image_ready_leaves_a_home_for_the_state(self):
        if os.geteuid() != 0:
            self.skipTest("only root may give a folder away")
        text = (DOCKER / "runtime.sh").read_text()
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder) / "tmp/weir"
            place.mkdir(parents=True)
            # The paths of the image, within the folder; its packages are here already, or this isn't the machine to put them on.
            moved = re.sub(r"(?<= )/(?=var/)", f"{folder}/", text)
            self.assertNotRegex(moved, r"(?<!\w)/(var|etc|usr/(?!bin/env))", "a path of this machine is left")
            (place / "runtime.sh").write_text(moved)
            (place / "install_packages.sh").write_text('#!/bin/sh\n[ "$*" = runtime ]\n')
            (place / "install_packages.sh").chmod(0o755)
            shipped.run("bash", place / "runtime.sh")
            state = pathlib.Path(folder) / "var/lib/weir"
            self.assertEqual((state.stat().st_uid, state.stat().st_gid, state.stat().st_mode & 0o777), (10001, 10001, 0o700))
            self.assertFalse(place.exists())

    def test_it_starts_with_generated_keys_where_only_its_state_can_be_written(self):
        self.assertEqual(shipped.run(self.binary, "version"), f"weir {shipped.VERSION}\n")
        self.assertIn("keys.env", shipped.demo_is_healthy(self.binary, "--generate-keys"))

    def test_its_configuration_is_one_that_weir_takes(self):
        said = shipped.run(self.binary, "check", "--generate-keys", "--config", DOCKER / "weir.yaml",
                           env={"WEIR_LISTEN": "0.0.0.0:8484", "GROQ_API_KEY": "gsk-0123456789", "PATH": os.environ["PATH"]})
        self.assertIn("fine, 1 providers", said)


class Compose(unittest.TestCase):
    def services(self):
        for name in ["compose.yaml", "compose.replicas.yaml"]:
            for service, what in compose(name)["services"].items():
                yield f"{name}: {service}", what, compose(name)

    def test_ports_are_published_on_this_machine_only(self):
        for name, service, _ in self.services():
            self.assertTrue(service["ports"], name)
            for port in service["ports"]:
                self.assertRegex(port, r"^127\.0\.0\.1:\d+:8484$", name)
            self.assertNotIn("network_mode", service)

    def test_no_two_services_take_the_same_port_or_the_same_state(self):
        for name in ["compose.yaml", "compose.replicas.yaml"]:
            services = compose(name)["services"].values()
            ports = [port for service in services for port in service["ports"]]
            self.assertEqual(len(ports), len(set(ports)))
            states = [volume for service in services for volume in service["volumes"] if volume.endswith(":/var/lib/weir")]
            self.assertEqual(len(states), len(services))
            self.assertEqual(len(states), len(set(states)))
            self.assertEqual({state.split(":")[0] for state in states}, set(compose(name)["volumes"]))

    def test_they_may_do_nothing_but_serve(self):
        for name, service, _ in self.services():
            self.assertIs(service["read_only"], True, name)
            self.assertEqual(service["cap_drop"], ["ALL"], name)
            self.assertIn("no-new-privileges:true", service["security_opt"], name)
            self.assertNotIn("privileged", service)
            self.assertNotIn("user", service)
            self.assertGreater(int(service["stop_grace_period"].removesuffix("s")), 30, "server.drain_timeout")

    def test_what_they_mount_and_build_from_is_there(self):
        for name, service, _ in self.services():
            build = service["build"]
            self.assertTrue((DOCKER / build["context"] / build["dockerfile"]).exists(), name)
            for volume in service["volumes"]:
                source, _, more = volume.partition(":")
                if source.startswith("."):
                    self.assertTrue((DOCKER / source).is_file(), volume)
                    self.assertTrue(more.endswith(":ro"), volume)

    def test_other_containers_may_call_it_by_its_name(self):
        hosts = yaml.safe_load((DOCKER / "weir.yaml").read_text())["server"]["allowed_hosts"]
        self.assertEqual(hosts, list(compose("compose.yaml")["services"]))

    def test_no_key_stands_in_them(self):
        for name, service, _ in self.services():
            variables = service["environment"]
            if isinstance(variables, list):
                self.assertTrue(all("=" not in variable for variable in variables), name)
            else:
                self.assertTrue(all(re.fullmatch(r"\$\{\w+:-\}", value) for value in variables.values()), name)


if __name__ == "__main__":
    unittest.main()
