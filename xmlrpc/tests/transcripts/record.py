"""Runs the original, sends it every case and writes down what it answers."""

import http.client
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import xmlrpc.client

import cases

HERE = pathlib.Path(__file__).parent
PORT = 9251

PLUGIN = '''
class Echo:
    def show(self, *arguments):
        return [_plain(argument) for argument in arguments]

def _plain(value):
    if value is None:
        return "<nil>"
    if isinstance(value, int) and abs(value) >= 2**31 and value != -2**31:
        return "int:%d" % value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value

def make(supervisord, **config):
    return Echo()
'''

CONFIG = """
[inet_http_server]
port=127.0.0.1:{port}
[supervisord]
logfile={folder}/main.log
pidfile={folder}/main.pid
childlogdir={folder}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[rpcinterface:echo]
supervisor.rpcinterface_factory = echoplugin:make
[program:cat]
command=/bin/cat
stdout_logfile=/tmp/visord-transcript-cat.log
redirect_stderr=true
[program:p1]
command=/bin/cat
autostart=false
startsecs=0
[program:p2]
command=/bin/cat
autostart=false
startsecs=0
[group:grp]
programs=p1,p2
"""


def post(body):
    client = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    try:
        client.request("POST", "/RPC2", body)
        response = client.getresponse()
        return response.status, response.read()
    finally:
        client.close()


def escape(raw):
    text = raw.decode("latin-1")
    for plain, escaped in ("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"):
        text = text.replace(plain, escaped)
    return "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in text)


def record(name, documents):
    lines = []
    for case, document in documents.items():
        body = document.encode()
        status, answer = post(body)
        lines += [f"case {case}", f"send {escape(body)}"]
        lines.append(f"got {status} {escape(answer)}" if status == 200 else f"got {status}")
        if case in cases.OURS:
            status, answer, reason = cases.OURS[case]
            shown = f" {escape(answer.encode())}" if answer else ""
            lines.append(f"ours {status}{shown} -- {reason}")
        lines.append("")
    (HERE / name).write_text("\n".join(lines))


def call(parameters):
    name = "<methodName>echo.show</methodName>"
    return f"<methodCall>{name}{parameters}</methodCall>"


def record_all():
    arguments = {
        case: call(f"<params><param><value>{value}</value></param></params>")
        for case, value in cases.ARGUMENTS.items()
    }
    record("arguments.txt", arguments)
    envelope = {case: call(rest) for case, rest in cases.PARAMS.items()}
    record("envelope.txt", envelope | cases.DOCUMENTS)
    methods = {
        method: xmlrpc.client.dumps(arguments, "supervisor." + method.split(" ")[0])
        for method, arguments in cases.METHODS.items()
    }
    inner = [
        {"methodName": "supervisor.getState", "params": []},
        {"methodName": "supervisor.nope", "params": []},
        {"methodName": "supervisor.getProcessInfo", "params": ["p1"]},
        {"methodName": "system.multicall", "params": []},
    ]
    methods["multicall"] = xmlrpc.client.dumps((inner,), "system.multicall")
    for method in "listMethods", "nope":
        methods["system " + method] = xmlrpc.client.dumps((), "system." + method)
    record("methods.txt", methods)


def main():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "echoplugin.py").write_text(PLUGIN)
        config = pathlib.Path(folder, "main.conf")
        config.write_text(CONFIG.format(port=PORT, folder=folder))
        daemon = subprocess.Popen(
            [sys.argv[1], "-n", "-c", str(config)],
            cwd=folder,
            env={"PYTHONPATH": folder, "PATH": "/usr/bin:/bin", "TZ": "UTC"},
            stdout=subprocess.DEVNULL,
        )
        try:
            for _ in range(100):
                try:
                    post(xmlrpc.client.dumps((), "supervisor.getState"))
                    break
                except OSError:
                    time.sleep(0.1)
            time.sleep(1.5)  # cat is RUNNING after a second
            record_all()
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
            pathlib.Path("/tmp/visord-transcript-cat.log").unlink(missing_ok=True)


main()
