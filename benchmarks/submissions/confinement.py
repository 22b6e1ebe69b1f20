"""A process that gives up what it does not need, for good: run as a program, which then becomes another.

    python confinement.py SETTINGS COMMAND...

Nothing of the project is imported here: threads that were there before would stay free. What is left to the process, and what
this does not protect from, stands in docs/submissions.md. Landlock: landlock(7); seccomp: seccomp(2), by libseccomp.
"""

import ctypes
import errno
import json
import os
import resource
import signal
import stat
import sys
from pathlib import Path
from typing import Any

LEAST_LANDLOCK = 3
"""The version that Linux 6.2 has; earlier ones let files be truncated."""

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of Landlock's system calls on every architecture."""
VERSION_FLAG, PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
ALL_RIGHTS = (1 << 15) - 1
"""Of version 3: everything that can be done to files and folders."""
READ = EXECUTE | READ_FILE | READ_DIR

SET_PDEATHSIG, DROP_BOUNDING, SET_NO_NEW_PRIVS = 1, 24, 38
"""Options of prctl(2)."""
CAPABILITIES = 64
THREAD = 0x00010000
"""CLONE_THREAD of clone(2)."""

DENIED = (
    # The network, and what could reach it unseen.
    *("socket", 425, 426, 427),
    # Other processes: new ones, and those of the same user.
    *("fork", "vfork", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", 424, 434, 438, "ptrace", "kcmp"),
    *("process_vm_readv", "process_vm_writev", 440, "setpriority", "ioprio_set"),
    *("sched_setscheduler", "sched_setattr", "sched_setparam", "migrate_pages", "move_pages"),
    # Memory that does not count as the process's own.
    *("memfd_create", 447, "shmget", "msgget", "semget", "mq_open"),
    # What Landlock leaves open about files: owners, rights, times, attributes.
    *("chmod", "fchmod", "fchmodat", 452, "chown", "fchown", "lchown", "fchownat"),
    *("utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", 463),
    *("removexattr", "lremovexattr", "fremovexattr", 466),
    # Rarely used parts of the kernel.
    *("unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "open_by_handle_at"),
    *("bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "personality"),
)
"""System calls that fail with EPERM; those that libseccomp may be too old to know by number, the same on every architecture."""
OF_ITSELF_ONLY = ("prlimit64", "sched_setaffinity")
"""Those that take a process first, which may be 0: the caller."""
CLONE3 = 435
"""Fails as on kernels that lack it; libraries then use clone, whose flags a filter can read."""


def why_not() -> str | None:
    """What this machine lacks for a confined process; None if nothing."""
    if sys.platform != "linux":
        return f"this is {sys.platform}, not Linux"
    version = _libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)
    if version < LEAST_LANDLOCK:
        return f"the kernel has version {max(version, 0)} of Landlock, not {LEAST_LANDLOCK} (Linux 6.2) or newer"
    try:
        import pyseccomp  # noqa: F401 (whether it is there, with its library)
    except (ImportError, OSError, RuntimeError) as error:
        return f"the Python package pyseccomp or the library libseccomp is missing ({error}): pip install 'compworld[verify]'"
    return None


def confine_files(rights: dict[str, int]) -> None:
    """From now on files can be used only as the rights of a folder above them say; paths that do not exist are left out.

    Raises:
        OSError: the kernel refuses.
    """
    libc = _libc()
    handled = ctypes.c_uint64(ALL_RIGHTS)
    ruleset = _done(libc.syscall(CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8), 0))
    for path, allowed in rights.items():
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            allowed &= OF_FILES
        beneath = allowed.to_bytes(8, sys.byteorder) + place.to_bytes(4, sys.byteorder)
        _done(libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, beneath, 0))
        os.close(place)
    _done(libc.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def confine_calls() -> None:
    """From now on the system calls above fail, and no process can be made."""
    import pyseccomp as seccomp

    allowed = seccomp.SyscallFilter(seccomp.ALLOW)
    refused = seccomp.ERRNO(errno.EPERM)
    for name in DENIED:
        allowed.add_rule(refused, name)
    for name in OF_ITSELF_ONLY:
        allowed.add_rule(refused, name, seccomp.Arg(0, seccomp.NE, 0))
    allowed.add_rule(refused, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, THREAD, 0))
    allowed.add_rule(seccomp.ERRNO(errno.ENOSYS), CLONE3)
    allowed.load()


def limit(memory: int, file: int, seconds: int) -> None:
    """Bounds for this process: bytes of address space and of each file, seconds of processor time; no core files."""
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def become(settings: dict[str, Any], command: list[str]) -> None:
    """Give up rights as the settings say, then run the command in place of this program; does not return."""
    if sys.platform == "linux":
        _libc().prctl(SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != settings["parent"]:
            os._exit(1)
    limit(settings["memory"], settings["file"], settings["seconds"])
    if settings["protected"]:
        for capability in range(CAPABILITIES):  # root's, which has some
            _libc().prctl(DROP_BOUNDING, capability, 0, 0, 0)
        _done(_libc().prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        confine_files(settings["rights"])
        confine_calls()
    os.execv(command[0], command)


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _done(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"the kernel refuses to confine a process: {os.strerror(number)}")
    return result


if __name__ == "__main__":
    become(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[2:])
