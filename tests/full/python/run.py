"""Runs modules of Python's own regression tests, and prints a line a test: its name, and what came of it.

Tests that would need a thread, a socket, a pipe, a terminal, a child or another clock are skipped where they ask for it, and
those of `LEFT_OUT` are not run: for what the kernel does not have, as it says itself.
"""

import fnmatch
import os
import posix
import socket
import subprocess
import sys
import threading
import time
import unittest

from test import support
from test.support import socket_helper

LEFT_OUT = [
    # eventfd2, pselect6
    "test_os.EventfdTests.*",
    "test_select.*",
    # The scheduler: sched_* but for yielding and asking for processors.
    "test_posix.*sched*",
    # fcntl: F_NOTIFY
    "test_fcntl.TestFcntl.test_fcntl_64_bit",
    # mknod: FIFOs
    "*fifo*",
    "*named_pipe*",
    # setxattr and kin
    "test_os.ExtendedAttributeTests.*",
    "*copy*xattr*",
    # pidfd_open, pidfd_send_signal
    "*pidfd*",
    # setrlimit: others than RLIMIT_NOFILE
    "test_resource.ResourceTest.test_prlimit_refcount",
    "test_resource.ResourceTest.test_setrusage_refcount",
    # The guest's /etc/passwd has one user.
    "test_os.ChownFileTests.test_chown_with_root",
    # They need a child to begin with, and then fail as they are taken down.
    "test_json.test_tool.*",
    # It needs a thread, and then fails as it waits for that.
    "test_signal.StressTest.test_stress_modifying_handlers",
    # The same again in Python, which takes long.
    "test_io.Py*",
]


def refuse(what, names, *owners):
    """Lets these functions end the test that calls one."""

    def refused(*_args, **_named):
        raise unittest.SkipTest("needs " + what)

    for owner in owners:
        for name in names.split():
            setattr(owner, name, refused)


class Verdicts(unittest.TestResult):
    def say(self, test, verdict, error=None):
        print(getattr(test, "test_case", test).id(), verdict, flush=True)
        if error is not None:
            print(self._exc_info_to_string(error, test), file=sys.stderr, flush=True)

    def addSuccess(self, test):
        self.say(test, "ok")

    def addSkip(self, test, reason):
        self.say(test, "skipped")

    def addExpectedFailure(self, test, error):
        self.say(test, "failed as expected")

    def addUnexpectedSuccess(self, test):
        self.say(test, "passed against expectation")

    def addError(self, test, error):
        self.say(test, "ERROR", error)

    def addFailure(self, test, error):
        self.say(test, "FAIL", error)

    def addSubTest(self, test, part, error):
        if error is not None:
            self.say(part, "FAIL", error)


def kept(suite):
    """The suite without what is left out."""
    for it in suite:
        if isinstance(it, unittest.TestSuite):
            yield unittest.TestSuite(kept(it))
        elif not any(fnmatch.fnmatchcase(it.id(), "test." + name) for name in LEFT_OUT):
            yield it


refuse("a thread", "_start_new_thread", threading)
refuse("a socket", "__init__", socket.socket)
refuse("a socket", "socketpair", socket)
refuse("a pipe", "pipe pipe2", os, posix)
refuse("a terminal", "openpty forkpty", os, posix)
refuse("a child", "fork posix_spawn posix_spawnp system", os, posix)
refuse("a child", "__init__", subprocess.Popen)
refuse("another clock", "clock_settime", time)
socket_helper._bind_nix_socket_error = OSError("needs a socket")
# What the tests that are skipped leave behind complains with addresses, which differ.
sys.unraisablehook = lambda _unraisable: None
support.unix_shell = None
support.use_resources = []
support.verbose = 0
os.mkdir("work/here")
os.chdir("work/here")
result = Verdicts()
for name in sys.argv[1:]:
    suite = unittest.defaultTestLoader.loadTestsFromName("test." + name)
    unittest.TestSuite(kept(suite)).run(result)
print(result.testsRun, "tests")
