#!/usr/bin/env python3
"""Tell the stories of this folder to the original, under simulated time, and compare.

    /opt/ref/bin/python model/traces/original.py [FILE...]

Needs Supervisor 4.3.0 with its tests installed. Differences are expected where a decision
says so: 13 and 16 (difference Q15), 15 (difference C30, a stop in UNKNOWN), 17 and 21 (a spawn takes no time there),
20 (stopwaitsecs=0), 22 (restarts and a stop of EXITED, docs/decisions/0013-process-lifecycle.md).
"""

import difflib
import errno
import os
import signal
import sys
import time
from pathlib import Path

from supervisor import events, process, rpcinterface, states
from supervisor.datatypes import RestartUnconditionally, RestartWhenExitUnexpected
from supervisor.options import ProcessException
from supervisor.tests.base import DummyOptions, DummyPConfig, PopulatedDummySupervisor

EPOCH = 1_000_000_000
# The original compares strictly: a deadline has passed a little after it.
LATE = 1e-6
DEFAULTS = {
    "autostart": "true",
    "startsecs": "1",
    "startretries": "3",
    "autorestart": "unexpected",
    "exitcodes": "0",
    "stopsignal": "TERM",
    "stopwaitsecs": "10",
    "stopasgroup": "false",
    "killasgroup": "false",
}
RESTART = {"true": RestartUnconditionally, "false": False}
S = states.ProcessStates


class Clock:
    """Stands in for the module `time`."""

    now: float = EPOCH

    def time(self):
        return self.now

    def __getattr__(self, name):
        return getattr(time, name)


class Logger:
    def __init__(self, see):
        self.see = see

    def _line(level):
        def write(self, text, **values):
            text = text % values if values else text
            before, trace, after = text.partition("Traceback")
            if trace:  # keep only what the system said
                text = before + after.strip().splitlines()[-1].partition(": ")[2]
            self.see(f"{level}   {text}")

        return write

    debug, info, warn, critical = map(_line, ("DEBG", "INFO", "WARN", "CRIT"))

    def blather(self, *_args, **_values):
        pass

    trace = blather


class World:
    def __init__(self, options):
        self.lines = []
        self.pid = 100
        self.spawn_trouble = self.kill_trouble = None
        self.clock = process.time = rpcinterface.time = Clock()
        self.options = DummyOptions()
        self.options.logger = Logger(self.see)
        self.options.mood = states.SupervisorStates.RUNNING
        self.options.fork = self.fork
        self.options.kill = self.kill
        self.config = self.configure({**DEFAULTS, **options})
        self.daemon = PopulatedDummySupervisor(self.options, "x", self.config)
        self.process = process.Subprocess(self.config)
        self.process.group = self.daemon.process_groups["x"]
        self.process.group.processes["x"] = self.process
        self.process.get_execv_args = self.resolve
        events.clear()
        events.subscribe(events.ProcessStateEvent, self.event)

    def configure(self, options):
        config = DummyPConfig(self.options, "x", "/bin/x")
        self.autostart = options["autostart"] == "true"
        config.autostart = False  # see tell()
        for key in ("startsecs", "startretries", "stopwaitsecs"):
            setattr(config, key, int(options[key]))
        for key in ("stopasgroup", "killasgroup"):
            setattr(config, key, options[key] == "true")
        config.autorestart = RESTART.get(
            options["autorestart"], RestartWhenExitUnexpected
        )
        config.exitcodes = [int(code) for code in options["exitcodes"].split(",")]
        config.stopsignal = number(options["stopsignal"])
        return config

    def see(self, text):
        self.lines.append(f"{self.clock.now - EPOCH:7.3f}  {text}")

    def event(self, event):
        words = [w for w in event.payload().split() if "name:" not in w]
        name = events.getEventNameByType(event.__class__)
        self.see(" ".join([f"event  {name}", *words]))

    def resolve(self):
        self.see("fork")
        trouble, self.spawn_trouble = self.spawn_trouble, None
        if trouble:
            raise ProcessException(trouble)
        return "/bin/x", ["x"]

    def fork(self):
        self.pid += 1
        return self.pid

    def kill(self, pid, sig):
        whom = "process group " if pid < 0 else ""
        self.see(f"kill   {whom}{abs(pid)} {signal.Signals(sig).name}")
        trouble, self.kill_trouble = self.kill_trouble, None
        if trouble:
            code = errno.ESRCH if "No such process" in trouble else errno.EPERM
            raise OSError(code, os.strerror(code))

    def settle(self):
        """Some turns of the main loop: what is due happens, one thing a turn."""
        for _ in range(1 if self.config.stopwaitsecs == 0 else 6):
            before = len(self.lines)
            self.clock.now += LATE
            self.process.transition()
            if len(self.lines) == before:
                break

    def wait(self, seconds):
        end = self.clock.now + seconds
        while (due := self.due()) is not None and due < end + 100 * LATE:
            before = len(self.lines)
            self.clock.now = max(self.clock.now, due)
            self.settle()
            if self.config.stopwaitsecs == 0 or len(self.lines) == before:
                break
        self.clock.now = max(self.clock.now, end)

    def due(self):
        closing = self.options.mood <= states.SupervisorStates.RESTARTING
        return {
            S.STARTING: self.process.laststart + self.config.startsecs,
            S.BACKOFF: None if closing else self.process.delay,
            S.STOPPING: self.process.delay,
        }.get(self.process.state)

    def status(self):
        rpc = rpcinterface.SupervisorNamespaceRPCInterface(self.daemon)
        rpc._update = lambda _method: None
        info = rpc.getProcessInfo("x:x")
        text = info["description"]
        if info["statename"] in ("STOPPED", "EXITED"):
            stop = info["stop"]
            text = f"ended at {stop - EPOCH}" if stop else "Not started"
        return f"x {info['statename']:<10}{text}".rstrip()

    def refusal(self, command):
        """The checks of the RPC interface."""
        state = self.process.state
        if command == "start":
            if self.options.mood <= states.SupervisorStates.RESTARTING:
                return "SHUTDOWN_STATE"
            if state in states.RUNNING_STATES:
                return "ALREADY_STARTED"
            if state == S.UNKNOWN:
                return "FAILED, x is in an unknown process state"
        if command == "stop" and state not in states.RUNNING_STATES:
            return "NOT_RUNNING"
        if command == "signal" and state not in states.SIGNALLABLE_STATES:
            return "NOT_RUNNING"
        return None

    def tell(self, command):
        verb, _, last = command.rpartition(" ")
        refusal = self.refusal("signal" if verb == "signal" else command)
        if refusal:
            self.see(f"refused: {refusal}")
        elif command.startswith("next spawn fails: "):
            self.spawn_trouble = command.partition(": ")[2]
        elif command.startswith("next signal fails: "):
            self.kill_trouble = command.partition(": ")[2]
        elif command == "start":
            self.process.spawn()
        elif command == "stop":
            self.process.stop()
        elif command == "give up":
            if self.process.state == S.BACKOFF:
                self.process.give_up()
            elif self.process.state in (S.STARTING, S.RUNNING):
                self.process.stop()
        elif command == "closing":
            self.options.mood = states.SupervisorStates.SHUTDOWN
        elif command == "autostart":
            self.config.autostart = self.autostart
            self.process.transition()
            self.config.autostart = False
        elif verb == "signal":
            self.process.signal(number(last))
        elif verb == "wait":
            self.wait(float(last))
            return
        elif verb == "child exits":
            self.process.finish(self.pid, int(last) << 8)
        elif verb == "child is killed by":
            self.process.finish(self.pid, number(last))
        else:
            raise NotImplementedError(command)
        self.settle()


def number(name):
    return int(getattr(signal, f"SIG{name}"))


def retell(told):
    world, out, skipping = None, [], False
    for line in told.splitlines():
        if skipping and line:
            continue
        skipping = False
        out.append(line)
        try:
            if line.startswith("---"):
                out += [*world.lines, world.status()]
                world.lines.clear()
                skipping = True
            elif line.startswith("program"):
                world = World(dict(word.split("=") for word in line.split()[1:]))
            elif line and not line.startswith("#"):
                world.tell(line)
        except (AssertionError, NotImplementedError) as error:
            return [*out, f"({error!r})"]
    return out


def main(names):
    here = Path(__file__).parent
    paths = [Path(name) for name in names] or sorted(here.glob("[0-9]*.txt"))
    for path in paths:
        told = path.read_text().splitlines()
        happened = retell(path.read_text())
        change = difflib.unified_diff(
            told, happened, "visord", "original", n=0, lineterm=""
        )
        change = list(change)
        print("differs" if change else "same   ", path.name)
        for line in change:
            print("   ", line)


if __name__ == "__main__":
    main(sys.argv[1:])
