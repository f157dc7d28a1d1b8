"""What the engine starts as the plugin `pulumi-resource-NAME`: it asks the provider host for a gRPC server, tells the
engine its port, and stays as long as the engine wants it.

Arguments: NAME, the host's Unix socket, then the engine's own. Standard library only: it starts several times in each
update, in a third of the time that Node needs.
"""

import json
import os
import signal
import socket
import sys

# The engine may be killed without a chance to end its plugins; then this process has another parent.
LOOK_AT_PARENT_SECONDS = 0.5

# Who calls AWS is whoever runs the engine.
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def engine_address(arguments: list[str]) -> str:
    """The first argument that is neither an option nor the value of `--tracing`."""
    before = ""
    for argument in arguments:
        if not argument.startswith("-") and before != "--tracing":
            return argument
        before = argument
    return ""


def lines_until_closed(connection: socket.socket):
    """Each line that the host writes; ends when host or engine is gone."""
    parent = os.getppid()
    connection.settimeout(LOOK_AT_PARENT_SECONDS)
    text = b""
    while os.getppid() == parent:
        try:
            part = connection.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            return
        if not part:
            return
        text += part
        while b"\n" in text:
            line, _, text = text.partition(b"\n")
            yield line


def main() -> None:
    # The engine ends a plugin with SIGINT and waits five seconds for it. When the terminal's Ctrl-C could reach it too
    # (same process group as the engine), the engine still needs it for the operations that are under way.
    own_group = os.getpgrp() == os.getpid()
    signal.signal(signal.SIGINT, (lambda *_: os._exit(0)) if own_group else signal.SIG_IGN)

    name, socket_path, *arguments = sys.argv[1:]

    def fail(message: str) -> None:
        sys.exit(f"pulumi-resource-{name}: {message}")

    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(socket_path)
        keys = {name: os.environ[name] for name in CREDENTIALS if os.environ.get(name)}
        request = {"name": name, "engineAddress": engine_address(arguments), "credentials": keys}
        connection.sendall(json.dumps(request).encode() + b"\n")
    except OSError as error:
        fail(
            f"the sandbox's provider host does not answer at {socket_path} ({error}). "
            "Is the sandbox up? Try: eks-blue-green sandbox status"
        )
    answered = False
    for line in lines_until_closed(connection):
        if answered:
            continue
        answered = True
        answer = json.loads(line)
        if answer.get("error"):
            fail(answer["error"])
        print(answer["port"], flush=True)


main()
