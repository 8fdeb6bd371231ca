"""The emulated node, seen from the host: starts and stops QEMU, talks QMP, runs scripts in the guest.

Everything waits on sockets and on the process itself, with a deadline; nothing polls. QEMU connects to sockets that listen before
it starts, and dies with the process that started it."""
import base64
import collections
import ctypes
import itertools
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

Result = collections.namedtuple("Result", "status output")

PORTS = tuple(f"rp{number}" for number in range(1, 9))  # pcie-root-ports; the first carries the card that is there at boot
FIRST_CARD = "card1"
HUB = 0
LONG_BOOT = 120  # seconds; under software emulation a boot takes 20 to 60


class NodeError(Exception):
    """The node did not do what was asked of it; the message says what and where to look."""


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class _Lines:
    """Lines from a socket, each waited for with a deadline while the process at the other end lives."""

    def __init__(self, connection, process_fd, what):
        self.connection, self.process_fd, self.what = connection, process_fd, what
        self.pending = b""

    def next(self, deadline):
        while b"\n" not in self.pending:
            left = deadline - time.monotonic()
            ready = select.select([self.connection, self.process_fd], [], [], max(left, 0))[0]
            if self.connection in ready:
                data = self.connection.recv(1 << 20)
                if not data:
                    raise NodeError(f"QEMU closed its {self.what}")
                self.pending += data
            elif ready:
                raise NodeError("QEMU ended")
            elif left <= 0:
                raise NodeError(f"nothing more came from the {self.what} before the deadline")
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode(errors="replace")

    def send(self, text):
        self.connection.sendall(text.encode() + b"\n")


def _mac(number):
    return f"52:54:00:0a:0b:{number:02x}"


class Node:
    """One emulated node on one disk. `guest` is the folder that build-guest made; `work` gets logs and the shared folder."""

    def __init__(self, guest, disk, work, accelerator):
        self.guest, self.disk, self.work = pathlib.Path(guest), pathlib.Path(disk), pathlib.Path(work)
        self.accelerator = accelerator
        self.share = self.work / "share"
        self.process = None
        self.ids = itertools.count(1)
        self.cards = itertools.count(2)
        self.boot_id = None
        self.extra = []  # more words of QEMU's command line, from the next boot on: a snapshot is of the machine without them
        self.events = []
        self.sockets = None

    # Life ---------------------------------------------------------------------------------------------------------------

    def start(self, snapshot=None, wait_for_boot=True):
        """Boots from the disk, or goes on from a snapshot in it, and returns when the guest answers."""
        self.share.mkdir(parents=True, exist_ok=True)
        self.sockets = tempfile.mkdtemp(prefix="nic-node.")  # short: the path of a unix socket has 107 bytes
        listeners = {name: self._listen(name) for name in ("qmp", "command")}
        log = open(self.work / "qemu.log", "ab")
        self.process = subprocess.Popen(self.command_line(snapshot), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        preexec_fn=die_with_parent)
        log.close()
        self.process_fd = os.pidfd_open(self.process.pid)
        try:
            self.command = self._accept(listeners["command"], "command channel")
            self.qmp = self._accept(listeners["qmp"], "QMP socket")
        finally:
            for listener in listeners.values():
                listener.close()
        self.qmp.next(time.monotonic() + 60)  # the greeting
        self.ask("qmp_capabilities")
        if snapshot:
            self.run(f"date -s @{int(time.time())} >/dev/null", 60)
        elif wait_for_boot:
            self.wait_ready()

    def command_line(self, snapshot):
        kvm = self.accelerator == "kvm"
        append = ("console=ttyS0 panic=-1 quiet loglevel=4 systemd.show_status=0 mitigations=off nokaslr random.trust_cpu=on "
                  "intel_iommu=on no_timer_check")  # the check counts ticks, which a loaded host delivers late: it would panic
        line = ["qemu-system-x86_64", "-machine", "q35,kernel-irqchip=split" if kvm else "q35",
                "-accel", "kvm" if kvm else "tcg,thread=multi,tb-size=1024", "-cpu", "host" if kvm else "max",
                "-smp", "2", "-m", "2G", "-nodefaults", "-no-user-config", "-display", "none",
                "-device", "intel-iommu,intremap=on,caching-mode=on",
                "-kernel", self.guest / "vmlinuz", "-initrd", self.guest / "initrd", "-append", append,
                "-drive", f"file={self.disk},format=qcow2,if=none,id=disk,cache=unsafe", "-device", "virtio-blk-pci,drive=disk",
                "-chardev", f"socket,id=qmp,path={self.sockets}/qmp", "-mon", "chardev=qmp,mode=control",
                "-chardev", f"socket,id=command,path={self.sockets}/command", "-device", "virtio-serial-pci",
                "-device", "virtserialport,chardev=command,name=nic-agent.node",
                "-chardev", f"socket,id=console,path={self.sockets}/console,server=on,wait=off,"
                            f"logfile={self.work}/console.log,logappend=on", "-serial", "chardev:console",
                "-fsdev", f"local,id=share,path={self.share},security_model=none,multidevs=remap",
                "-device", "virtio-9p-pci,fsdev=share,mount_tag=host"]
        for number, port in enumerate(PORTS, 1):
            line += ["-device", f"pcie-root-port,id={port},chassis={number},slot={number}"]
        line += ["-netdev", f"hubport,id=net-{FIRST_CARD},hubid={HUB}",
                 "-device", f"igb,id={FIRST_CARD},bus={PORTS[0]},netdev=net-{FIRST_CARD},mac={_mac(1)}"]
        line += self.extra
        if snapshot:
            line += ["-loadvm", snapshot]
        return [str(word) for word in line]

    def _listen(self, name):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{self.sockets}/{name}")
        listener.listen(1)
        return listener

    def _accept(self, listener, what):
        ready = select.select([listener, self.process_fd], [], [], 60)[0]
        if listener not in ready:
            raise NodeError(f"QEMU did not start: {(self.work / 'qemu.log').read_text(errors='replace').strip()[-2000:]}")
        return _Lines(listener.accept()[0], self.process_fd, what)

    def wait_ready(self, deadline=300):
        """Waits until a newly booted guest answers, systemd has started what it starts and udev has seen the machine."""
        end = time.monotonic() + deadline
        try:
            self._wait_booted(time.monotonic() + min(deadline, LONG_BOOT))
        except NodeError:
            if not self._lost_a_timer():
                self._wait_booted(end)
            else:
                print("the emulator lost the timer of one of its processors during the boot: reset", flush=True)
                self.ask("system_reset")
                end = time.monotonic() + deadline
                self._wait_booted(end)
        self.run("systemctl is-system-running --wait >/dev/null || true; udevadm settle", max(end - time.monotonic(), 1))

    def _wait_booted(self, end):
        while True:
            words = self.command.next(end).split()
            if len(words) == 2 and words[0] == "READY" and words[1] != self.boot_id:
                self.boot_id = words[1]
                return

    def _lost_a_timer(self):
        """Under software emulation, on a loaded host, now and then: the second processor's timer stops in the first second, the
        kernel says so and goes no further. Nothing of ours has run then."""
        console = self.work / "console.log"
        return console.exists() and "Possible timer handling issue on cpu" in console.read_text(errors="replace")[-8192:]

    def power_cut(self):
        """Takes the power away. The disk keeps what the guest had written; start() boots from it again."""
        if self.process:
            self.process.kill()
            self.process.wait()
            os.close(self.process_fd)
            self.command.connection.close()
            self.qmp.connection.close()
            shutil.rmtree(self.sockets, ignore_errors=True)
            self.process = None
            self.boot_id = None

    stop = power_cut

    def reboot(self, deadline=300):
        """An orderly reboot of the guest, to the end of the next boot."""
        self.boot_id = self.run("cat /proc/sys/kernel/random/boot_id").output.strip()
        self.run("systemctl reboot --no-block")
        self.wait_ready(deadline)

    # The guest ----------------------------------------------------------------------------------------------------------

    def run(self, script, deadline=60, check=True):
        """Runs a bash script in the guest as root; its status and output. With check, any status but 0 is an error."""
        number = next(self.ids)
        self.command.send(f"RUN {number} {max(int(deadline), 1)} {base64.b64encode(script.encode()).decode()}")
        end = time.monotonic() + deadline + 30
        while True:
            words = self.command.next(end).split()
            if words and words[0] == "DONE" and words[1] == str(number):
                break
        output = base64.b64decode(words[3]).decode(errors="replace") if len(words) > 3 else ""
        result = Result(int(words[2]), output)
        if check and result.status != 0:
            late = " (its deadline passed)" if result.status in (124, 137) else ""
            raise NodeError(f"in the guest, status {result.status}{late}: {script.strip()}\n{output}")
        return result

    def mount_share(self):
        """Mounts the shared folder at /host. A snapshot cannot be taken after this: QEMU refuses while 9p is mounted."""
        self.run("mountpoint -q /host || mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none host /host")

    # The machine --------------------------------------------------------------------------------------------------------

    def ask(self, command, deadline=60, **arguments):
        """One QMP command and what it returns. Events that come meanwhile are kept for wait_event."""
        self.qmp.send(json.dumps({"execute": command, "arguments": arguments}))
        end = time.monotonic() + deadline
        while True:
            message = json.loads(self.qmp.next(end))
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                raise NodeError(f"QMP {command}: {message['error']['desc']}")
            else:
                return message["return"]

    def wait_event(self, name, deadline=60, **data):
        """Waits for a QMP event whose data has these values."""
        end = time.monotonic() + deadline
        while True:
            for event in self.events:
                if event["event"] == name and data.items() <= event.get("data", {}).items():
                    self.events.remove(event)
                    return event
            message = json.loads(self.qmp.next(end))
            if "event" in message:
                self.events.append(message)

    def save(self, snapshot):
        """Keeps the whole machine, memory and disk, in the disk file, to be gone on from by start(snapshot)."""
        answer = self.ask("human-monitor-command", 120, **{"command-line": f"savevm {snapshot}"})
        if answer.strip():
            raise NodeError(f"savevm: {answer.strip()}")

    def attach_card(self, name, port):
        """Hot-adds an SR-IOV card (igb) on a root port that is free."""
        self.ask("netdev_add", type="hubport", id=f"net-{name}", hubid=HUB)
        self.ask("device_add", driver="igb", id=name, bus=port, netdev=f"net-{name}", mac=_mac(next(self.cards)))

    def detach_card(self, name, deadline=60):
        """Asks the guest to let the card go, as the button beside a slot does, and waits until it is gone (5 s and more)."""
        self.ask("device_del", id=name)
        self.wait_event("DEVICE_DELETED", deadline, device=name)
        self.ask("netdev_del", id=f"net-{name}")
