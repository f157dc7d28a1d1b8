"""Put before a Python program by PYTHONPATH: writes down every address that it connects to or looks up, and lets only 127.0.0.0/8 through."""
import os
import socket

_connect, _connect_ex, _lookup = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


def _note(kind, host):
    with open(os.environ["RECORD_CONNECTIONS"], "a") as out:
        out.write(f"{kind} {host}\n")
    if not str(host).startswith("127."):
        raise OSError(f"the test lets nothing out: {kind} {host}")


def _guarded(original):
    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _note("connect", address[0])
        return original(self, address)
    return connect


def _getaddrinfo(host, *args, **kwargs):
    _note("lookup", host)
    return _lookup(host, *args, **kwargs)


socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = _guarded(_connect), _guarded(_connect_ex), _getaddrinfo
