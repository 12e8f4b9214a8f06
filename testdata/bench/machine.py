"""Processes, the server and the kernel counters that a measurement uses."""

import ctypes
import os
import re
import resource
import select
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
libc = ctypes.CDLL(None, use_errno=True)
TICK = os.sysconf("SC_CLK_TCK")

running = {}  # pid → program, of every process that was started and not yet waited for


def finish():
    """Ends every process that is still running, by its pid."""
    for pid in list(running):
        end(pid)


def end(pid):
    """Ends one process that was started here and waits for it."""
    try:
        fd = os.pidfd_open(pid)
        for sig in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(fd, sig)
            if select.select([fd], [], [], 5)[0]:
                break
        os.close(fd)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
    running.pop(pid, None)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


@dataclass
class Spent:
    """The cost of a process from start to exit."""

    status: int
    seconds: float
    user: float
    system: float
    rss: int  # bytes, at the peak
    out: str
    err: str


def run(argv, cpu, scratch, patience):
    """Runs a program on one CPU until it exits.

    A process inherits the peak RSS of its parent, and Python's is higher than that
    of some tools. So a small shell forks it and leaves it to this process, its
    subreaper."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    out, err = f"{scratch}/out", f"{scratch}/err"
    shell = ["/bin/sh", "-c", 'o=$1 e=$2; shift 2; "$@" </dev/null >"$o" 2>"$e" & echo $!', "sh", out, err, *argv]
    started = subprocess.run(shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True,
                             preexec_fn=lambda: cpu is None or os.sched_setaffinity(0, {cpu}))
    begin = time.monotonic()
    pid = int(started.stdout)
    running[pid] = argv[0]
    fd = os.pidfd_open(pid)
    late = not select.select([fd], [], [], patience)[0]
    os.close(fd)
    if late:
        end(pid)
        raise TimeoutError(f"still running after {patience:.0f} s")
    _, status, used = os.wait4(pid, 0)
    seconds = time.monotonic() - begin
    del running[pid]
    return Spent(os.waitstatus_to_exitcode(status), seconds, used.ru_utime, used.ru_stime,
                 used.ru_maxrss * 1024, read(out), read(err))


CONF = """
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log stderr;
events {{ worker_connections {connections}; }}
http {{
	access_log off;
	keepalive_requests 1000000000;
	keepalive_timeout 1h;
	default_type text/plain;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	server {{
		listen 127.0.0.1:{port} backlog=65535;
		listen 127.0.0.1:{tls} ssl backlog=65535;
		ssl_certificate {dir}/cert.pem;
		ssl_certificate_key {dir}/key.pem;
		ssl_protocols TLSv1.2 TLSv1.3;
		location / {{ return 200 "hello, world\\n"; }}
	}}
	server {{
		listen unix:{dir}/status;
		location / {{ stub_status; }}
	}}
}}
"""


class Nginx:
    """One nginx with one process on one CPU."""

    def __init__(self, scratch, cpu):
        self.dir = f"{scratch}/nginx"
        os.mkdir(self.dir)
        port = free_port()
        tls = free_port(port + 1)
        self.url, self.tls = f"http://127.0.0.1:{port}/", f"https://127.0.0.1:{tls}/"
        certify(self.dir)
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        with open(f"{self.dir}/conf", "w", encoding="utf-8") as f:
            f.write(CONF.format(dir=self.dir, port=port, tls=tls, connections=min(files - 50, 65536)))

        def prepare():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            os.sched_setaffinity(0, {cpu})

        with open(f"{self.dir}/log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(["nginx", "-e", "stderr", "-c", f"{self.dir}/conf", "-p", self.dir],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=prepare)
        self.pid = self.process.pid
        running[self.pid] = "nginx"
        deadline = time.monotonic() + 10
        while True:
            try:
                self.status()
                return
            except OSError as e:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError(f"nginx does not respond: {read(f'{self.dir}/log')}") from e
                time.sleep(0.05)

    def status(self):
        """Open connections, and accepted connections and requests so far.

        Each call is itself a connection and a request."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(f"{self.dir}/status")
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            response = b""
            while part := s.recv(4096):
                response += part
        n = list(map(int, re.findall(rb"\d+", response.partition(b"Active connections:")[2])))
        return n[0] - 1, n[1], n[3]

    def idle(self):
        """Waits until no connection is open."""
        deadline = time.monotonic() + 10
        while self.status()[0] and time.monotonic() < deadline:
            time.sleep(0.02)

    def cpu(self):
        """CPU time so far, in seconds."""
        fields = read(f"/proc/{self.pid}/stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK


def certify(directory):
    """Makes a certificate as most servers have today, with a P-256 key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", f"{directory}/key.pem", "-out", f"{directory}/cert.pem"],
                   check=True, capture_output=True)


def free_port(least=10000):
    """A port below the ephemeral range: above, a connection could connect to itself."""
    low = int(read("/proc/sys/net/ipv4/ip_local_port_range").split()[0])
    for port in range(least, min(low, 32768)):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    raise RuntimeError("no free port below the ephemeral range")


def busy(cpus):
    """CPU seconds that these CPUs worked and that the hypervisor took, in total."""
    worked = stolen = 0
    for line in read("/proc/stat").splitlines():
        name, *n = line.split()
        if name in {f"cpu{c}" for c in cpus}:
            user, nice, system, _, _, irq, softirq, steal = map(int, n[:8])
            worked += user + nice + system + irq + softirq
            stolen += steal
    return worked / TICK, stolen / TICK


def dropped():
    """Connections that the kernel dropped because a queue was full."""
    names, values = [line.split() for line in read("/proc/net/netstat").splitlines() if line.startswith("TcpExt:")]
    counts = dict(zip(names, values))
    return int(counts["ListenDrops"])


def describe():
    """What a reader needs to know about the machine."""
    model = re.search(r"(?m)^(?:model name|Model)\s*: (.*)", read("/proc/cpuinfo"))
    nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
    return {
        "cpu": model[1] if model else os.uname().machine,
        "cores": os.cpu_count(),
        "kernel": os.uname().release,
        "nginx": nginx.strip().rpartition("/")[2],
        "load": os.getloadavg()[0],
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "ports": "-".join(read("/proc/sys/net/ipv4/ip_local_port_range").split()),
    }


def own_network():
    """Widens the port range and the queues of our own network namespace."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name, value in {
        "ipv4/ip_local_port_range": "16384 65535",
        "core/somaxconn": "65535",
        "ipv4/tcp_max_syn_backlog": "65535",
    }.items():
        with open(f"/proc/sys/net/{name}", "w", encoding="utf-8") as f:
            f.write(value)
