"""Where Python, NumPy and the C library live here, and how they are shown inside the jail."""

import importlib.util
import json
import platform
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

INSIDE = Path(__file__).with_name("inside")
OBSERVE = Path(__file__).parents[2] / "observe.py"
READING = Path(__file__).parents[1] / "reading" / "inside"
PACKAGES = ("numpy", "msgpack")
FLAGS = ("-P", "-s", "-S", "-B")  # -I would also ignore PYTHONHASHSEED, which grading needs
ENVIRONMENT = {
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
}
_ASK = (
    "import json, os, sys, sysconfig; print(json.dumps([os.path.realpath(sys._base_executable),"
    " sys.base_prefix, sysconfig.get_path('stdlib'), list(sys.version_info[:2])]))"
)


@dataclass(frozen=True)
class Interpreter:
    """A Python: its program, its prefix, its standard library."""

    program: Path
    prefix: Path
    stdlib: Path

    @property
    def of_the_system(self) -> bool:
        """True for the distribution's Python, whose files lie among everybody's in /usr."""
        return str(self.prefix) == "/usr"


def interpreter(python: str | None = None) -> Interpreter:
    """The Python to run inside: this one, or another program of the same version.

    Raises ValueError for another version, whose NumPy would not load.
    """
    if python is None:
        return Interpreter(
            Path(sys._base_executable).resolve(),
            Path(sys.base_prefix),
            Path(sysconfig.get_path("stdlib")),
        )
    answer = subprocess.run(
        [python, "-I", "-S", "-c", _ASK], capture_output=True, text=True, check=True
    )
    program, prefix, stdlib, version = json.loads(answer.stdout)
    if tuple(version) != sys.version_info[:2]:
        here = ".".join(map(str, sys.version_info[:2]))
        raise ValueError(f"{python} is Python {version[0]}.{version[1]}; give one of {here}")
    return Interpreter(Path(program), Path(prefix), Path(stdlib))


def package_folders() -> list[Path]:
    """NumPy, its bundled libraries, and msgpack, wherever they are installed."""
    folders = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        folder = Path(spec.submodule_search_locations[0])
        folders.append(folder)
        libraries = folder.with_name(f"{name}.libs")
        if libraries.is_dir():
            folders.append(libraries)
    return folders


def own_files() -> dict[str, Path]:
    """The files of the jail's package ``inside``, by the name they have there."""
    files = {path.name: path for path in sorted(INSIDE.glob("*.py"))}
    files |= {f"reading/{path.name}": path for path in sorted(READING.glob("*.py"))}
    return files | {"observe.py": OBSERVE}


def _package_stores(folder: Path) -> list[Path]:
    """Every folder of third-party packages in a library folder."""
    patterns = ("python*/site-packages", "python*/dist-packages")
    return [path for pattern in patterns for path in sorted(folder.glob(pattern)) if path.is_dir()]


def _system_libraries() -> list[Path]:
    """The folders and loaders of the C library."""
    triplet = Path("/usr/lib") / f"{platform.machine()}-linux-gnu"
    if triplet.is_dir():
        found = [triplet, Path("/lib") / triplet.name]
        found += [*Path("/usr/lib").glob("ld-*.so*"), *Path("/lib").glob("ld-*.so*")]
    else:
        found = [Path("/usr/lib"), Path("/lib")]
    found += [Path("/usr/lib64"), Path("/lib64")]
    return [path for path in found if path.exists()]


@dataclass
class View:
    """What a bubblewrap jail shows: arguments for it, the site folder, the program, the sources."""

    arguments: list[str]
    program: str
    site: str
    library_path: str | None
    sources: list[Path]
    covered: list[Path]

    def shows(self, path: Path) -> bool:
        """True when a path of the host can be seen inside, under whatever name."""
        if any(path.is_relative_to(folder) for folder in package_folders()):
            return True
        if any(path.is_relative_to(folder) for folder in self.covered):
            return False
        return any(path.is_relative_to(source) for source in self.sources)


def bubblewrap_view(python: Interpreter) -> View:
    """Mounts for bubblewrap: read-only Python, NumPy, msgpack, C library; nothing else.

    Python's own prefix appears as /jail/python, so the host's paths don't show. Every folder of
    third-party packages is covered by an empty one.
    """
    arguments, sources, covered, hosts, opened = [], [], [], [], set()

    def show(source: Path, target: str):
        for parent in reversed(Path(target).parents[:-1]):
            # bwrap would make some parents of its mounts for its own user alone.
            if str(parent) not in opened:
                arguments.extend(["--dir", str(parent)])
                opened.add(str(parent))
        arguments.extend(["--ro-bind", str(source), target])
        sources.append(source)

    def cover(folder: str, host: Path | None = None):
        arguments.extend(["--tmpfs", folder])
        covered.append(folder)
        if host is not None:
            hosts.append(host.resolve())

    for library in _system_libraries():
        top = Path(*library.parts[:2])
        if top.is_symlink():
            link = ["--symlink", str(top.readlink()), str(top)]
            if link != arguments[-3:]:
                arguments.extend(link)
            continue
        show(library.resolve(), str(library))
        for store in _package_stores(library):
            cover(str(store), store)
    arguments.extend(["--dir", "/etc", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"])
    library_path = None
    if python.of_the_system:
        program, site = str(python.program), "/jail/site"
        show(python.program, program)
        show(python.stdlib, str(python.stdlib))
        for name in ("site-packages", "dist-packages"):
            if (python.stdlib / name).is_dir():
                cover(str(python.stdlib / name), python.stdlib / name)
        arguments.extend(["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"])
        cover(site)
    else:
        program = f"/jail/python/bin/{python.program.name}"
        show(python.program, program)
        for name in ("lib", "lib64"):
            folder = python.prefix / name
            if folder.is_dir() and not folder.is_symlink():
                show(folder, f"/jail/python/{name}")
                for store in _package_stores(folder):
                    cover(f"/jail/python/{name}/{store.relative_to(folder)}", store)
        site = f"/jail/python/lib/{python.stdlib.name}/site-packages"
        if site not in covered:
            site = "/jail/site"
            cover(site)
        if list((python.prefix / "lib").glob("libpython*.so*")):
            library_path = "/jail/python/lib"
    for folder in package_folders():
        show(folder, f"{site}/{folder.name}")
    for name, path in own_files().items():
        show(path, f"/jail/lib/inside/{name}")
    # bwrap's own --dev adds terminals, which nobody here needs.
    arguments.extend(["--proc", "/proc", "--tmpfs", "/dev", "--dir", "/dev/shm"])
    for device in ("null", "zero", "full", "random", "urandom"):
        arguments.extend(["--dev-bind", f"/dev/{device}", f"/dev/{device}"])
    for folder in [*covered, "/dev", "/"]:
        arguments.extend(["--remount-ro", folder])
    return View(arguments, program, site, library_path, sources, hosts)


def visible_files(python: Interpreter, scratch: Path) -> list[str]:
    """What Landlock lets a session read where no mount namespace hides the rest."""
    stores = ("site-packages", "dist-packages")
    seen = [path for path in python.stdlib.iterdir() if path.name not in stores]
    if not python.of_the_system:
        libraries = (python.prefix / "lib").iterdir()
        seen += [path for path in libraries if not path.name.startswith("python")]
    else:
        seen.append(Path("/etc/alternatives"))
    seen += [path for path in _system_libraries() if str(path) not in ("/usr/lib", "/lib")]
    seen += [*package_folders(), scratch, python.program]
    seen += map(Path, ("/etc/ld.so.cache", "/dev/urandom", "/dev/zero"))
    return [str(path) for path in seen]


def world_readable(path: Path) -> bool:
    """True when any user may reach and read a folder."""
    reachable = all(step.stat().st_mode & 0o001 for step in (path, *path.parents))
    return reachable and bool(path.stat().st_mode & 0o004)
