"""What systemd is to a service of Type=notify: a datagram socket at the given path; prints what comes, a line each."""
import array
import os
import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("ready", file=sys.stderr, flush=True)
while True:
    data, ancillary, _, _ = receiver.recvmsg(65536, socket.CMSG_SPACE(4 * 16))
    # BARRIER=1 comes with a descriptor: who sent it waits until that is closed.
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            for descriptor in array.array("i", content):
                os.close(descriptor)
    for line in data.decode().splitlines():
        if line != "BARRIER=1":
            print(line, flush=True)
