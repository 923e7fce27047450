# SPDX-License-Identifier: GPL-2.0-only
"""Packages of any Debian suite, through a private apt root.

The archive's address is the one this system's own apt uses. The system's configuration, lists and
packages are never changed: each suite has its own lists and cache below the rig's cache directory,
and a package is unpacked there, never installed.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tools.rig.places import cache, lock

KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
LISTS_AGE_MAX_S = 24 * 3600


class SuiteError(Exception):
    pass


def _run(args, **kwargs):
    return subprocess.run(
        [str(arg) for arg in args],
        stdin=subprocess.DEVNULL,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **kwargs
    )


def _uris_of_sources():
    """The addresses in sources.list and sources.list.d, for an apt that has no lists yet and
    therefore names no targets.
    """
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for path in files:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        for line in path.read_text(errors="replace").splitlines():
            found = (
                re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)", line)
                if path.suffix == ".list"
                else None
            )
            if found:
                yield found[1]
            if path.suffix == ".sources" and line.lower().startswith("uris:"):
                yield from line.split()[1:]


def archive_uri():
    """The address of the Debian archive, as this system's apt has it."""
    targets = _run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    ).stdout.split()
    for uri in [*targets, *_uris_of_sources()]:
        # Mirrors name the main archive .../debian; security, ports and third parties have other
        # names.
        if uri.rstrip("/").rsplit("/", 1)[-1] == "debian":
            return uri.rstrip("/")
    raise SuiteError(
        "no Debian archive in this system's apt sources: add one whose address ends in /debian"
    )


def _keyring():
    for path in KEYRINGS:
        if os.path.exists(path):
            return path
    raise SuiteError("no Debian archive keyring: install the package debian-archive-keyring")


class Suite:
    """One suite (bookworm, trixie-backports, sid, ...) with an apt root of its own, of this
    system's architecture or of another.
    """

    def __init__(self, name, architecture=None):
        self.name = f"{name}-{architecture}" if architecture else name
        self.suite, self.architecture = name, architecture
        self.root = cache("suites", self.name)
        self.config = self.root / "apt.conf"

    def _configure(self):
        for part in ("lists/partial", "archives/partial"):
            (self.root / part).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        (self.root / "sources.list").write_text(
            f"deb [signed-by={_keyring()}] {archive_uri()} {self.suite} main\n"
        )
        foreign = (
            f'APT::Architecture "{self.architecture}";\nAPT::Architectures {{"{self.architecture}";}};'
            if self.architecture
            else ""
        )
        # Read after the system's own files, so that a proxy set there still serves. Its hooks are
        # dropped: some of them would clean the system's cache because of our update.
        self.config.write_text(f"""
#clear APT::Architectures;
{foreign}
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::State "{self.root}";
Dir::State::status "{self.root}/status";
Dir::State::lists "{self.root}/lists";
Dir::Cache "{self.root}";
Dir::Cache::archives "{self.root}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "{self.root}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
""")

    def _apt(self, tool, *args, cwd=None):
        return _run([tool, "-q", "-c", self.config, *args], cwd=cwd)

    def _update(self):
        stamp = self.root / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_AGE_MAX_S:
            return
        self._configure()
        done = self._apt("apt-get", "update")
        said = done.stdout + done.stderr
        if "NO_PUBKEY" in said:
            raise SuiteError(
                f"{self.name} is signed with a key that the installed debian-archive-keyring does not have: "
                "upgrade that package"
            )
        if done.returncode or not any((self.root / "lists").glob("*Packages*")):
            raise SuiteError(f"cannot read the package lists of {self.name}:\n{said}")
        stamp.touch()

    def show(self, package):
        """The control fields of a package's candidate, as a dict; None when the suite has no such
        package.
        """
        with lock(f"suite-{self.name}"):
            self._update()
            text = self._apt("apt-cache", "show", "--no-all-versions", package).stdout
        fields = dict(re.findall(r"^([A-Za-z0-9-]+): *(.*)$", text.split("\n\n")[0], re.M))
        return fields or None

    def names(self, pattern):
        """Names of the suite's packages that match the regular expression as a whole."""
        with lock(f"suite-{self.name}"):
            self._update()
            every = self._apt("apt-cache", "pkgnames").stdout.split()
        return sorted(name for name in every if re.fullmatch(pattern, name))

    def download(self, package, into):
        """Fetches one package file; returns its path. apt checks it against the signed lists."""
        with lock(f"suite-{self.name}"):
            self._update()
            done = self._apt("apt-get", "download", package, cwd=into)
        found = sorted(Path(into).glob(f"{package}_*.deb"))
        if done.returncode or not found:
            raise SuiteError(
                f"cannot download {package} of {self.name}:\n{done.stdout}{done.stderr}"
            )
        return found[-1]

    def download_all(self, packages, into):
        """Fetches packages with all that they depend on; returns the paths of their files. apt
        checks them against the signed lists.
        """
        (Path(into) / "partial").mkdir()
        with lock(f"suite-{self.name}"):
            self._update()
            done = self._apt(
                "apt-get", "install", "--yes", "--download-only", "--no-install-recommends", "-o",
                f"Dir::Cache::archives={into}", *packages,
            )
        if done.returncode:
            raise SuiteError(
                f"cannot download {' '.join(packages)} of {self.name} with what they depend on:\n{done.stdout}{done.stderr}"
            )
        return sorted(Path(into).glob("*.deb"))

    def extract(self, packages, target, keep=None, drop=(), dependencies=False):
        """Unpacks packages together into target, which is made whole or not at all.

        keep: member patterns, all when None; drop: member patterns left out; dependencies: with all
        that they depend on. A target that exists is taken as it is.
        """
        target = Path(target)
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=target.parent, prefix=".making-"))
        try:
            (work / "tree").mkdir()
            for deb in (
                self.download_all(packages, work)
                if dependencies
                else (self.download(package, work) for package in packages)
            ):
                _unpack(deb, work / "tree", keep, drop)
                deb.unlink()
            (work / "tree").rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return target


def _unpack(deb, tree, keep, drop):
    files = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
    command = [
        "tar",
        "-x",
        "--no-same-owner",
        "--wildcards",
        *[f"--exclude={pattern}" for pattern in drop],
        "-C",
        tree,
        *(keep or []),
    ]
    done = _run_stdin(command, files.stdout)
    files.stdout.close()
    # A pattern in keep that matches nothing is tar's error, not ours: packages differ in where they
    # put their files.
    missed_only = all(
        "Not found in archive" in line or "previous errors" in line
        for line in done.stderr.splitlines()
    )
    if files.wait() or (done.returncode and not missed_only):
        raise SuiteError(f"cannot unpack {deb.name}: {done.stderr}")


def _run_stdin(command, stdin):
    return subprocess.run(
        [str(arg) for arg in command], stdin=stdin, stderr=subprocess.PIPE, text=True
    )
