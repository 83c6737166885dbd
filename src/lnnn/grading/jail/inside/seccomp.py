"""A seccomp filter, assembled by hand, for the process that runs a submission.

Everything is allowed but what the tables below name. The namespaces are the wall; the filter takes
away the kernel interfaces that a function of floats never needs and that break walls. It also holds
where the wall is thin (no user namespaces) and where RLIMIT_NPROC doesn't count (a grader that is
root). Source: seccomp(2), linux/filter.h; numbers from asm/unistd_64.h and asm-generic/unistd.h.
"""

import ctypes
import errno
import os
import struct
import sys

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (number on x86_64, number on aarch64); None where the architecture lacks the call.
_NAMESPACES = {  # new namespaces would give capabilities back
    "unshare": (272, 97),
    "setns": (308, 268),
}
_MOUNTS = {  # the read-only file system stays as it is
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
}
_OTHER_PROCESSES = {  # reading, steering or borrowing from another process
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}
_NEW_PROCESSES = {  # a submission is one process: no fork bomb, no leftover, no program
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
}
_NETWORK = {  # no socket at all: neither a host, a neighbour nor netlink is in reach
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
}
_KERNEL_SURFACE = {  # large, seldom needed, and where escapes have been found
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    "personality": (135, 92),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "syslog": (103, 116),
    "acct": (163, 89),
    "reboot": (169, 142),
    "vhangup": (153, 58),
    "lookup_dcookie": (212, 18),
}
_MACHINE = {  # the host's clock and name
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
}
_UNCOUNTED_MEMORY = {  # memory that no address-space limit sees
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
}
_MARKS = {  # what neighbours could read on files that all of them may open
    "flock": (73, 32),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
}
_HOST_FACTS = {  # mounts with the host's paths; its memory and load
    "statmount": (457, 457),
    "listmount": (458, 458),
    "sysinfo": (99, 179),
}
_FILE_CHANGES = {  # only where the file system is the host's
    "creat": (85, None),
    "truncate": (76, 45),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "utimensat": (280, 88),
    "futimesat": (261, None),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
_CONDITIONAL = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "open": (2, None),
    "openat": (257, 56),
    "openat2": (437, 437),
    "prctl": (157, 167),
    "ioctl": (16, 29),
    "fcntl": (72, 25),
}
_DENIED = (
    _NAMESPACES
    | _MOUNTS
    | _OTHER_PROCESSES
    | _NEW_PROCESSES
    | _NETWORK
    | _KERNEL_SURFACE
    | _MACHINE
    | _UNCOUNTED_MEMORY
    | _MARKS
    | _HOST_FACTS
)
_YOUNGEST = 470  # a call younger than these tables answers "no such call", and libraries fall back

_CLONE_THREAD = 0x00010000
_CLONE_NEW = 0x7E020080  # every CLONE_NEW… flag
_OPEN_FOR_WRITING = 0o1103  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_PR_SET_PDEATHSIG = 1
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
# F_GETLK, F_SETLK, F_SETLKW, the same for open files, F_SETLEASE, F_GETLEASE, F_NOTIFY
_LOCKS = (5, 6, 7, 36, 37, 38, 1024, 1025, 1026)

_LOAD, _EQUAL, _AT_LEAST, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x25, 0x45, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NR, _ARCH = 0, 4
_SECCOMP_SET_MODE_FILTER = 1


def supported() -> bool:
    """True when this machine's system calls are in the tables."""
    return sys.platform == "linux" and os.uname().machine in _ARCHITECTURES


def build(keep_files: bool) -> bytes:
    """The filter's instructions; ``keep_files`` also denies every change to a file system."""
    machine = os.uname().machine
    if not supported():
        raise OSError(f"no system call table for {machine}; x86_64 and aarch64 are known")
    column = list(_ARCHITECTURES).index(machine)
    code = _Code()
    code.load(_ARCH)
    code.unless_equal(_ARCHITECTURES[machine], _KILL)
    code.load(_NR)
    if machine == "x86_64":
        code.if_(_AT_LEAST, 0x40000000, _KILL)  # x32 numbers would pass below every rule
    code.if_(_ABOVE, _YOUNGEST, _ERRNO | errno.ENOSYS)
    denied = _DENIED | _FILE_CHANGES if keep_files else _DENIED
    for numbers in denied.values():
        if numbers[column] is not None:
            code.if_(_EQUAL, numbers[column], _ERRNO | errno.EPERM)

    def number(name):
        return _CONDITIONAL[name][column]

    # clone3 hides its flags in memory; without it the C library falls back to clone for threads.
    code.if_(_EQUAL, number("clone3"), _ERRNO | errno.ENOSYS)
    threads_only = [
        (_ANY_BIT, _CLONE_NEW, _ERRNO | errno.EPERM),
        (_ANY_BIT, _CLONE_THREAD, _ALLOW),
        (None, 0, _ERRNO | errno.EPERM),
    ]
    code.when(number("clone"), 0, threads_only)
    # Without this the submission could outlive the zygote where no pid namespace holds it.
    code.when(number("prctl"), 0, [(_EQUAL, _PR_SET_PDEATHSIG, _ERRNO | errno.EPERM)])
    typing = [(_EQUAL, request, _ERRNO | errno.EPERM) for request in (_TIOCSTI, _TIOCLINUX)]
    code.when(number("ioctl"), 1, typing)
    code.when(number("fcntl"), 1, [(_EQUAL, lock, _ERRNO | errno.EPERM) for lock in _LOCKS])
    if keep_files:
        rule = [(_ANY_BIT, _OPEN_FOR_WRITING, _ERRNO | errno.EACCES)]
        code.if_(_EQUAL, number("openat2"), _ERRNO | errno.ENOSYS)
        code.when(number("openat"), 2, rule)
        if number("open") is not None:
            code.when(number("open"), 1, rule)
    code.add(_RETURN, 0, 0, _ALLOW)
    return code.bytes()


def install(program: bytes) -> None:
    """Put the filter on this process for good. Raises OSError when the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    holder = Program(len(program) // 8, program)
    call = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
    if libc.syscall(call, _SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(holder)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"seccomp filter: {os.strerror(code)}")


class _Code:
    """Classic BPF, one rule at a time; every jump stays inside its rule."""

    def __init__(self):
        self._instructions = []

    def add(self, operation, if_true, if_false, value):
        self._instructions.append(struct.pack("=HBBI", operation, if_true, if_false, value))

    def load(self, offset):
        self.add(_LOAD, 0, 0, offset)

    def if_(self, comparison, value, verdict):
        self.add(comparison, 0, 1, value)
        self.add(_RETURN, 0, 0, verdict)

    def unless_equal(self, value, verdict):
        self.add(_EQUAL, 1, 0, value)
        self.add(_RETURN, 0, 0, verdict)

    def when(self, number, argument, rules):
        """Apply rules to the low word of an argument of one call, then reload the number."""
        length = sum(1 if comparison is None else 2 for comparison, _, _ in rules)
        self.add(_EQUAL, 0, length + 2, number)
        self.load(16 + 8 * argument)  # little-endian on both architectures
        for comparison, value, verdict in rules:
            if comparison is None:
                self.add(_RETURN, 0, 0, verdict)
            else:
                self.if_(comparison, value, verdict)
        self.load(_NR)

    def bytes(self):
        return b"".join(self._instructions)
