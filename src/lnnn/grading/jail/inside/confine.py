"""Take rights away from this process, step by step, until student code may run in it.

Every step raises OSError when the kernel refuses it, so a session is confined or never starts.
"""

import ctypes
import os
import resource
import sys
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWIPC = 0x00020000, 0x08000000
_CLONE_NEWUSER, _CLONE_NEWPID = 0x10000000, 0x20000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_SIGKILL = 9
_CAPABILITY_VERSION_3 = 0x20080522
INNER_UID = 1000
LAST_FD = 4096

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _prctl(what, option, a=0, b=0):
    _check(_libc.prctl(option, ctypes.c_ulong(a), ctypes.c_ulong(b), 0, 0), what)


def become(uid: int) -> None:
    """Turn from root into an unprivileged user for good, without a group or a capability."""
    drop_bounding_set()
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    _drop_sets()  # the change of user leaves the inheritable ones
    # A change of user makes the files under /proc/self root's own; new namespaces need them.
    set_dumpable(True)


def set_dumpable(yes: bool) -> None:
    """Say whether processes of the same user may look into this one through /proc."""
    _prctl("PR_SET_DUMPABLE", _PR_SET_DUMPABLE, int(yes))


def adopt_orphans() -> None:
    """Make this process the parent of its descendants' orphans."""
    _prctl("PR_SET_CHILD_SUBREAPER", _PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Be killed when the parent dies."""
    _prctl("PR_SET_PDEATHSIG", _PR_SET_PDEATHSIG, _SIGKILL)


def new_namespaces() -> None:
    """Enter new user, pid, mount and ipc namespaces; the next child is pid 1 of its own."""
    uid, gid = os.getuid(), os.getgid()
    flags = _CLONE_NEWUSER | _CLONE_NEWPID | _CLONE_NEWNS | _CLONE_NEWIPC
    _check(_libc.unshare(flags), "nested namespaces")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INNER_UID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{INNER_UID} {gid} 1")


def private_files(megabytes: int) -> None:
    """Put fresh memory file systems on /tmp and /dev/shm, and an empty one over /proc."""
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE, None)
    _mount("tmpfs", "/tmp", "tmpfs", flags, f"size={megabytes}m,nr_inodes=4096,mode=1777")
    _mount("tmpfs", "/dev/shm", "tmpfs", flags, "size=1m,nr_inodes=64,mode=1777")
    # A fresh procfs may not be mounted here (the outer one is partly covered), nor is it missed.
    _mount("tmpfs", "/proc", "tmpfs", flags | _MS_RDONLY, "size=4k,nr_inodes=2,mode=0555")


def _mount(source, target, kind, flags, data):
    result = _libc.mount(
        source and source.encode(),
        target.encode(),
        kind and kind.encode(),
        ctypes.c_ulong(flags),
        data and data.encode(),
    )
    _check(result, f"mount on {target}")


def drop_bounding_set() -> None:
    """Make sure no capability can ever be gained again."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_READ, capability, 0, 0, 0) == 1:
            _prctl("PR_CAPBSET_DROP", _PR_CAPBSET_DROP, capability)


def drop_capabilities() -> None:
    """Give up every capability and every way to gain one."""
    drop_bounding_set()
    _drop_sets()


def _drop_sets():
    _prctl("PR_CAP_AMBIENT", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(header, nothing), "capset")


def capabilities() -> int:
    """The capabilities this process has in any of its sets, as bits."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    _check(_libc.capget(header, data), "capget")
    low, high = data[0] | data[1] | data[2], data[3] | data[4] | data[5]
    bounding = sum(1 << c for c in range(64) if _libc.prctl(_PR_CAPBSET_READ, c, 0, 0, 0) == 1)
    return low | high << 32 | bounding


def no_new_privileges() -> None:
    """No program this process could start gains rights, which a filter requires."""
    _prctl("PR_SET_NO_NEW_PRIVS", _PR_SET_NO_NEW_PRIVS, 1)


def mapped_bytes() -> int:
    """The address space this process uses now; 0 where the system doesn't tell."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def mount_points() -> list[str]:
    """Where something is mounted, as this process sees it."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return sorted({line.split()[4] for line in lines})


def limit_resources(limits: dict, mapped: int) -> None:
    """Set the rlimits of a submission; ``memory_mb`` counts on top of the bytes ``mapped``."""
    mega = 1 << 20
    # Wall time is the parent's business. This stops what spins between two calls.
    seconds = int(limits["total_seconds"] * (os.cpu_count() or 1)) + 5
    wanted = {
        "RLIMIT_AS": mapped + limits["memory_mb"] * mega,
        "RLIMIT_NPROC": limits["processes"],
        "RLIMIT_NOFILE": limits["open_files"],
        "RLIMIT_FSIZE": limits["file_mb"] * mega,
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": seconds,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_NICE": 0,
        "RLIMIT_RTPRIO": 0,
    }
    for name, value in wanted.items():
        which = getattr(resource, name, None)
        if which is None:  # not every Unix has every limit
            continue
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))


def keep_only(fd: int) -> int:
    """Close every file but ``fd``, which becomes number 3; 0, 1 and 2 lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    if fd != 3:
        os.dup2(fd, 3)
    os.closerange(4, LAST_FD)
    return 3
