#!/usr/bin/env python3
"""Peak memory of nodrop against nginx with one worker, kept-alive connections.

Usage: memory.py NODROP. Exits 1 when a limit is exceeded. Needs GNU time: the
peak of a child of this interpreter would begin with the interpreter's own.
"""

import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TIME = "/usr/bin/time"
PORT = 18099
CONF = """
worker_processes 1; daemon off; pid {dir}/pid; error_log {dir}/error.log;
worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port} backlog=16384; location / {{ return 200 "hello, world\\n"; }} }}
}}
"""


def peak(nodrop, *flags):
    argv = [TIME, "-f", "%M", nodrop, *flags, f"http://127.0.0.1:{PORT}/"]
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"nodrop {' '.join(flags)}: {done.stderr}")
    size = int(done.stderr.split()[-1]) / 1024
    print(f"  {size:6.1f} MB  nodrop {' '.join(flags)}", flush=True)
    return size


def measure(nodrop):
    short = statistics.median(peak(nodrop, "-c", "200", "-n", "50000") for _ in range(5))
    long = peak(nodrop, "-c", "200", "-n", "5000000")
    many = peak(nodrop, "-c", "10000", "-n", "200000")
    pool = peak(nodrop, "-c", "200", "-n", "50000", "--engine", "pool")
    peak(nodrop, "-c", "10000", "-n", "200000", "--engine", "pool")
    return [
        ("n = 5,000,000 over n = 50,000", 100 * (long / short - 1), 5, "%"),
        ("c = 200", max(short, long), 20, "MB"),
        ("c = 200, pool", pool, 20, "MB"),
        ("c = 10,000", many, 64, "MB"),
    ]


def await_port():
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("nginx does not listen")


def main():
    if not os.path.exists(TIME):
        sys.exit(f"{TIME} is missing (Debian: apt-get install time)")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    directory = tempfile.mkdtemp()
    with open(f"{directory}/nginx.conf", "w", encoding="ascii") as f:
        f.write(CONF.format(dir=directory, port=PORT, files=12000))
    nginx = subprocess.Popen(["nginx", "-c", f"{directory}/nginx.conf"])
    try:
        await_port()
        exceeded = False
        for name, got, limit, unit in measure(sys.argv[1]):
            print(f"{name}: {got:.1f} {unit}, limit {limit} {unit}")
            exceeded = exceeded or got > limit
    finally:
        nginx.terminate()
        nginx.wait()
        shutil.rmtree(directory)
    sys.exit(exceeded)


main()
