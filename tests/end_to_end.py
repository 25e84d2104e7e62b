"""Supervisor's own end-to-end tests, against the programs in the folder argv[1].

They are those of the installed package (supervisor.tests.test_end_to_end), which is left as it is:
`python -m supervisor.x` is answered by our program of that name, and the fixed places below /tmp
that the tests name are moved into the folder argv[2], so that several runs can go on at once.
Arguments after these are names of tests; without any, all are run.
"""
import os
import pathlib
import shutil
import stat
import sys
import types
import unittest

programs, folder = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
os.environ["END_TO_END"] = "1"
os.chdir(folder)
# automatic logs: a daemon removes those of others with its name
os.environ["TMPDIR"] = str(folder)

import supervisor.tests as package

source = pathlib.Path(package.__file__).parent
fixtures = folder / "fixtures"
shutil.copytree(source / "fixtures", fixtures)


def moved(text):
    return text.replace("/tmp/", "%s/" % folder)


# the package lacks this one
hello = fixtures / "hello.sh"
if not hello.exists():
    hello.write_text(
        "for n in 1 2 3 4 5; do echo \"The Øresund bridge ends in Malmö - $n\"; sleep 1; done\n"
        "exec sleep 1000\n",
        "utf-8",
    )

for conf in fixtures.glob("*.conf"):
    conf.write_text(moved(conf.read_text("utf-8")), "utf-8")

# in place of the interpreter that the tests start
python = folder / "python"
python.write_text(
    """#!/bin/sh
case "$1 $2" in
"-m supervisor."*) program=${2#supervisor.}; shift 2; exec "%s/$program" "$@" ;;
"-c from supervisor import confecho"*) exec "%s/echo_supervisord_conf" ;;
esac
exec "%s" "$@"
"""
    % (programs, programs, sys.executable)
)
python.chmod(python.stat().st_mode | stat.S_IXUSR)
# the programs of the fixtures are started as `python`
os.environ["PATH"] = "%s:%s" % (folder, os.environ["PATH"])
interpreter = sys.executable

path = source / "test_end_to_end.py"
module = types.ModuleType("supervisor.tests.test_end_to_end")
module.__package__ = "supervisor.tests"
module.__file__ = str(path)
sys.modules[module.__name__] = module
exec(compile(moved(path.read_text("utf-8")), str(path), "exec"), module.__dict__)
module.resource_filename = lambda _package, name: str(folder / name)
sys.executable = str(python)

names = sys.argv[3:]
loader = unittest.TestLoader()
suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
outcome = unittest.TextTestRunner(verbosity=2).run(suite)
print("%d run" % outcome.testsRun)
sys.exit(not outcome.wasSuccessful())
