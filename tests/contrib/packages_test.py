#!/usr/bin/env python3
"""The .deb and the .tar.gz: what is in them, whom it belongs to, what it depends on, and that it runs from there."""

import gzip
import os
import pathlib
import re
import subprocess
import tarfile
import tempfile
import unittest

import shipped

# Where things lie; a Debian user looks for them there.
FILES = {
    "./etc/weir/weir.yaml": 0o644,
    "./usr/bin/weir": 0o755,
    "./usr/lib/systemd/system/weir.service": 0o644,
    "./usr/share/bash-completion/completions/weir": 0o644,
    "./usr/share/doc/weir/README.md": 0o644,
    "./usr/share/doc/weir/copyright": 0o644,
    "./usr/share/doc/weir/examples/weir.example.yaml": 0o644,
    "./usr/share/fish/vendor_completions.d/weir.fish": 0o644,
    "./usr/share/man/man1/weir.1.gz": 0o644,
    "./usr/share/zsh/vendor-completions/_weir": 0o644,
}


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        made = shipped.run(shipped.ROOT / "scripts/package.sh", folder.name, shipped.TREE).split()
        cls.deb, = [pathlib.Path(path) for path in made if path.endswith(".deb")]
        cls.tar, = [pathlib.Path(path) for path in made if path.endswith(".tar.gz")]
        cls.root = pathlib.Path(folder.name) / "root"
        cls.control = pathlib.Path(folder.name) / "control"
        shipped.run("dpkg-deb", "-x", cls.deb, cls.root)
        shipped.run("dpkg-deb", "-e", cls.deb, cls.control)
        everything = pathlib.Path(folder.name) / "everything.tar"
        with everything.open("wb") as out:
            subprocess.run(["dpkg-deb", "--fsys-tarfile", str(cls.deb)], stdout=out, check=True)
        with tarfile.open(everything) as members:
            cls.members = [(m.name, m.mode, m.uid, m.gid, m.isdir()) for m in members]

    def field(self, name):
        return shipped.run("dpkg-deb", "-f", self.deb, name).strip()

    def test_everything_has_its_place_and_belongs_to_root(self):
        found = {name: mode for name, mode, *_ in self.members}
        for name, mode in FILES.items():
            self.assertEqual(found.get(name), mode, name)
        for name, mode, uid, gid, is_folder in self.members:
            self.assertEqual((uid, gid), (0, 0), name)
            self.assertEqual(mode & 0o7022, 0, f"{name} is writable by others, or more than that")
            if is_folder:
                self.assertEqual(mode, 0o755, name)
            self.assertRegex(name, r"^\./(usr|etc)(/|$)")
            self.assertNotIn("/local", name)

    def test_the_archive_holds_the_same_files(self):
        with tarfile.open(self.tar) as archive:
            names = {"." + name[name.index("/"):] for name in archive.getnames() if "/" in name and archive.getmember(name).isfile()}
        self.assertEqual(names, {name for name, _, _, _, is_folder in self.members if not is_folder})

    def test_its_fields_are_as_debian_wants_them(self):
        self.assertEqual(self.field("Package"), "weir")
        self.assertEqual(self.field("Version"), shipped.VERSION)
        self.assertEqual(self.field("Architecture"), shipped.run("dpkg", "--print-architecture").strip())
        self.assertEqual(self.deb.name, f"weir_{shipped.VERSION}_{self.field('Architecture')}.deb")
        self.assertEqual(self.field("Section"), "net")
        self.assertRegex(self.field("Maintainer"), r"^[^<]+ <[^>]+>$")
        summary, *more = self.field("Description").split("\n")
        self.assertLess(len(summary), 80)
        self.assertFalse(summary.endswith("."))
        for line in more:
            self.assertRegex(line, r"^ \S")
            self.assertLess(len(line), 80)

    def test_it_depends_on_what_the_binary_is_linked_to(self):
        depends = self.field("Depends").split(", ")
        self.assertEqual(sorted(set(depends) - {"ca-certificates", "tzdata"}), shipped.needed_packages(self.root / "usr/bin/weir"))
        self.assertIn("ca-certificates", depends)
        self.assertNotIn("not found", shipped.run("ldd", self.root / "usr/bin/weir"))

    def test_the_configuration_survives_an_upgrade(self):
        listed = (self.control / "conffiles").read_text().split("\n")
        self.assertEqual(listed, ["/etc/weir/weir.yaml", ""])
        self.assertEqual([name for name, *_, is_folder in self.members if name.startswith("./etc/") and not is_folder],
                         ["./etc/weir/weir.yaml"])
        said = shipped.run(self.root / "usr/bin/weir", "check", "--config", self.root / "etc/weir/weir.yaml")
        self.assertIn("fine", said)
        self.assertNotIn("error", said)

    def test_the_maintainer_scripts_are_shell_and_do_nothing_without_systemd(self):
        scripts = {path.name for path in self.control.iterdir()} - {"control", "conffiles", "md5sums"}
        self.assertEqual(scripts, {"postinst", "prerm", "postrm"})
        calls = {"postinst": ["configure", "0.0.1"], "prerm": ["remove"], "postrm": ["remove"]}
        for script, arguments in calls.items():
            path = self.control / script
            self.assertEqual(path.stat().st_mode & 0o777, 0o755)
            text = path.read_text()
            self.assertTrue(text.startswith("#!/bin/sh\n"))
            self.assertIn("\nset -e\n", text)
            shipped.run("sh", "-n", path)
            if not os.path.isdir("/run/systemd/system"):
                shipped.run("sh", path, *arguments)
        # The unit has a user for as long as it runs: none is made.
        self.assertIn("DynamicUser=yes", (self.root / "usr/lib/systemd/system/weir.service").read_text())
        self.assertNotRegex("".join((self.control / script).read_text() for script in scripts), "useradd|adduser|sysusers")

    def test_the_checksums_are_those_of_the_files(self):
        shipped.run("md5sum", "--quiet", "-c", self.control / "md5sums", cwd=self.root)

    def test_the_unit_starts_the_installed_binary(self):
        unit = (self.root / "usr/lib/systemd/system/weir.service").read_text()
        self.assertEqual(re.findall(r"^ExecStart=(\S+)", unit, re.M), ["/usr/bin/weir"])
        self.assertNotIn("/usr/local", unit)
        self.assertNotIn("To install it", unit)
        self.assertIn("LoadCredential=", unit)

    def test_manual_and_completions_are_the_binarys_own(self):
        binary = self.root / "usr/bin/weir"
        page = gzip.decompress((self.root / "usr/share/man/man1/weir.1.gz").read_bytes()).decode()
        self.assertEqual(page, shipped.run(binary, "manual"))
        for shell, place in {"bash": "bash-completion/completions/weir", "zsh": "zsh/vendor-completions/_weir",
                             "fish": "fish/vendor_completions.d/weir.fish"}.items():
            self.assertEqual((self.root / "usr/share" / place).read_text(), shipped.run(binary, "completion", shell))

    def test_the_binary_is_stripped_and_hardened(self):
        binary = self.root / "usr/bin/weir"
        self.assertNotIn(" .symtab", shipped.run("readelf", "-SW", binary))
        dynamic = shipped.run("readelf", "-dW", binary)
        self.assertNotRegex(dynamic, "RPATH|RUNPATH")
        self.assertRegex(dynamic, r"FLAGS.*BIND_NOW")
        self.assertIn("DYN (Position-Independent Executable", shipped.run("readelf", "-hW", binary))
        self.assertIn("GNU_RELRO", shipped.run("readelf", "-lW", binary))

    def test_it_runs_from_there(self):
        binary = self.root / "usr/bin/weir"
        self.root.parent.chmod(0o755)
        self.assertEqual(shipped.run(binary, "version"), f"weir {shipped.VERSION}\n")
        self.assertIn("daemon.json", shipped.demo_is_healthy(binary))


if __name__ == "__main__":
    unittest.main()
