"""The walls this machine may have, strongest first, as ways to start a zygote."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from lnnn.messages import _

from . import layout
from .errors import JailUnavailable
from .host import Launch
from .inside import landlock, seccomp

BUBBLEWRAP, UID, NONE = "bubblewrap", "unprivileged uid", "none"
_LAYERS = {
    BUBBLEWRAP: {"user": True, "filter": True, "namespaces": True, "frozen_files": False},
    UID: {"user": True, "filter": True, "namespaces": False, "frozen_files": True},
    NONE: {"user": False, "filter": False, "namespaces": False, "frozen_files": False},
}
_SCRIPT = "inside/zygote.py"
_SCRATCH_PREFIX = "lnnn-jail-"


def bubblewrap_launches(python: layout.Interpreter):
    """Ways to start bubblewrap here, best first. Raises JailUnavailable when there is none.

    A grader that is root lets bubblewrap mount as root, so that a Python under /root can be shown,
    and the zygote turns into a free uid before it does anything else; only a uid other than root's
    is counted by RLIMIT_NPROC. If root may not mount (a container), bubblewrap itself runs as that
    uid in a user namespace. Any other grader uses a user namespace.

    Each way comes twice: with namespaces of its own for every session; and, for systems that don't
    nest user namespaces, with one jail for every session.
    """
    program = shutil.which("bwrap")
    if program is None:
        text = _("{program} is not installed ({command}).")
        raise JailUnavailable(text.format(program="bwrap", command="apt install bubblewrap"))
    if not seccomp.supported():
        text = _("There is no table of system calls for {machine}.")
        raise JailUnavailable(text.format(machine=os.uname().machine))
    view = layout.bubblewrap_view(python)
    environment = dict(layout.ENVIRONMENT)
    if view.library_path:
        environment["LD_LIBRARY_PATH"] = view.library_path
    common = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    common += ["--unshare-cgroup-try", "--hostname", "jail", "--as-pid-1", "--new-session"]
    # The zygote's own /tmp; only where sessions don't nest do they share it with it.
    common += [*_tmp(program), *view.arguments, "--chdir", "/tmp", "--"]
    start = [view.program, *layout.FLAGS, f"/jail/lib/{_SCRIPT}"]
    users = [(["--unshare-user"], None, None)]
    if os.getuid() == 0:
        uid = free_uids(1)
        root = ["--cap-drop", "ALL"]
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            root += ["--cap-add", capability]
        users = [(root, None, uid), (["--unshare-user"], uid, None)]
    for nested in (True, False):
        for arguments, outer_uid, become in users:
            config = {
                "path": ["/jail/lib", view.site],
                "layers": _LAYERS[BUBBLEWRAP] | {"nested": nested},
                "become": become,
                "session_uids": None,
                "visible": None,
            }
            command = [program, *arguments, *common, *start]
            yield Launch(
                BUBBLEWRAP,
                command,
                environment,
                config,
                info=True,
                uid=outer_uid,
                shows=view.shows,
            )


def uid_launches(python: layout.Interpreter):
    """A zygote of root whose sessions are users of their own. Raises JailUnavailable."""
    if sys.platform != "linux" or not seccomp.supported():
        raise JailUnavailable(_("This needs Linux on x86_64 or aarch64."))
    if os.getuid() != 0:
        raise JailUnavailable(_("Only root can give sessions another uid."))
    for folder in (python.stdlib, *layout.package_folders()):
        if not layout.world_readable(folder):
            text = _(
                "{folder} can't be read by an unprivileged uid. Give a Python that everybody may "
                "read: {example}"
            )
            example = "Jail(python='/usr/bin/python3')"
            raise JailUnavailable(text.format(folder=folder, example=example))
    scratch = _scratch()
    visible, notes = None, ()
    if landlock.version():
        visible = layout.visible_files(python, scratch)
    else:
        notes = (_("This kernel has no Landlock: files that everybody may read can be read."),)
    config = {
        "path": [str(scratch / "lib"), str(scratch / "site")],
        "layers": _LAYERS[UID] | {"nested": False},
        "become": None,
        "session_uids": free_uids(1000),
        "visible": visible,
    }
    command = [str(python.program), *layout.FLAGS, str(scratch / "lib" / _SCRIPT)]
    yield Launch(UID, command, layout.ENVIRONMENT, config, scratch=scratch, notes=notes)


def unsafe_launches(python: layout.Interpreter):
    """A plain subprocess with resource limits: no wall at all."""
    scratch = _scratch()
    config = {
        "path": [str(scratch / "lib"), str(scratch / "site")],
        "layers": _LAYERS[NONE] | {"nested": False},
        "become": None,
        "session_uids": None,
        "visible": None,
    }
    command = [str(python.program), *layout.FLAGS, str(scratch / "lib" / _SCRIPT)]
    notes = (_("There is no isolation: a submission can read and write whatever the grader can."),)
    yield Launch(NONE, command, layout.ENVIRONMENT, config, scratch=scratch, notes=notes)


def free_uids(count: int) -> int:
    """The first of ``count`` uids nobody has, different in every process.

    Sessions of different workers then can't signal each other, and limits on processes are
    counted apart.
    """
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    last = max(int(first) + int(length) for first, _outside, length in ranges)
    if last > 3_000_000_000:
        first = 1_000_000_000 + os.getpid() % 1_000_000 * 1000
    else:
        first = last - 1000 - os.getpid() % max(1, (last - 20_000) // 1000) * 1000
    while True:
        if first < 1000:
            raise JailUnavailable(_("No free uid is mapped into this container."))
        if not any(_taken(uid) for uid in range(first, first + count)):
            return first
        first -= 1000


def _taken(uid):
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _scratch():
    """A folder with the jail's own files and links to the packages a submission may import."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_SCRATCH_PREFIX}{os.getpid()}-"))
    own, site = folder / "lib" / "inside", folder / "site"
    (own / "reading").mkdir(parents=True)
    site.mkdir()
    for name, path in layout.own_files().items():
        shutil.copyfile(path, own / name)
    for path in layout.package_folders():
        (site / path.name).symlink_to(path)
    for path in (folder, folder / "lib", own, own / "reading", site):
        path.chmod(0o755)
    return folder


def _sweep():
    """Remove the folders of graders that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_SCRATCH_PREFIX}*-*"):
        try:
            pid = int(folder.name.removeprefix(_SCRATCH_PREFIX).partition("-")[0])
            ours = folder.lstat().st_uid == os.getuid() and folder.is_dir()
        except (ValueError, FileNotFoundError):
            continue
        if ours and not Path("/proc", str(pid)).exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _tmp(program):
    known = _help(program)
    arguments = []
    if "--size" in known:
        arguments += ["--size", str(64 << 20)]
    if "--perms" in known:
        arguments += ["--perms", "1777"]
    return [*arguments, "--tmpfs", "/tmp"]


@cache
def _help(program):
    return subprocess.run([program, "--help"], capture_output=True, text=True, check=False).stdout
