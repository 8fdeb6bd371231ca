"""The disks that nodes start from: a machine saved just after its boot, and the same with the package installed. Going on from
one takes two seconds where a boot takes twenty."""
import fcntl
import hashlib
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

import node

HERE = pathlib.Path(__file__).resolve().parent
SNAPSHOT = "ready"


def accelerator(guest):
    """kvm where it really runs guests (a /dev/kvm that opens may still not), otherwise tcg."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    line = ["qemu-system-x86_64", "-machine", "q35,kernel-irqchip=split", "-accel", "kvm", "-cpu", "host", "-m", "256",
            "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
            "-kernel", str(guest / "vmlinuz"), "-append", "console=ttyS0 earlyprintk=ttyS0 panic=-1"]
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          preexec_fn=node.die_with_parent) as process:
        seen, end = b"", time.monotonic() + 5
        while b"Linux version" not in seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                break
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                break
            seen += data
        process.kill()
    return "kvm" if b"Linux version" in seen else "tcg"


def _digest(*parts):
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, pathlib.Path):
            digest.update(part.name.encode() + b"\0" + part.read_bytes())
        else:
            digest.update(str(part).encode() + b"\0")
    return digest.hexdigest()[:16]


class Images:
    """The saved machines beside one built guest. Each is made once, under a lock, in a temporary file that is renamed when whole."""

    def __init__(self, guest, say=print):
        self.guest, self.say = pathlib.Path(guest), say
        self.accelerator = accelerator(self.guest)
        qemu = subprocess.run(["qemu-system-x86_64", "--version"], check=True, capture_output=True, text=True).stdout
        self.machine_key = _digest(qemu, self.accelerator, HERE / "node.py", HERE / "images.py")

    def node(self, image, work, kind=node.Node):
        """A node on a disk of its own, a copy of the image, ready to be started from SNAPSHOT."""
        work = pathlib.Path(work)
        work.mkdir(parents=True, exist_ok=True)
        disk = work / "disk.qcow2"
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", image, disk], check=True)
        return kind(self.guest, disk, work, self.accelerator)

    def bare(self):
        """The image of the machine after its boot, with nothing of ours in it."""
        def make(disk, work):
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", self.guest / "root.ext4", disk], check=True)
            machine = node.Node(self.guest, disk, work, self.accelerator)
            try:
                machine.start()
                # The share is mounted after each start from here; its modules are the slow part of that.
                machine.run("modprobe 9p && modprobe 9pnet_virtio && modprobe igb && sync")
                machine.save(SNAPSHOT)
            finally:
                machine.stop()
        return self._made(f"bare-{self.machine_key}", f"booting the node for the first time ({self.accelerator})", make)

    def installed(self, package, programs):
        """The image with the .deb installed, its service not running, and the test programs in /opt/nic-tests."""
        package = pathlib.Path(package)
        files = sorted(path for path in pathlib.Path(programs).iterdir() if path.is_file()) if programs else []
        bare = self.bare()

        def make(disk, work):
            shutil.copyfile(bare, disk)
            machine = node.Node(self.guest, disk, work, self.accelerator)
            try:
                machine.start(SNAPSHOT)
                machine.share.mkdir(parents=True, exist_ok=True)
                shutil.copy(package, machine.share / package.name)
                for program in files:
                    shutil.copy(program, machine.share / program.name)
                machine.mount_share()
                machine.run(INSTALL.format(package=package.name), 300)
                machine.save(SNAPSHOT)
            finally:
                machine.stop()
        return self._made(f"installed-{self.machine_key}-{_digest(package, *files)}", f"installing {package.name} in the node", make)

    def _made(self, name, what, make):
        image = self.guest / f"{name}.qcow2"
        with open(self.guest / "images.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not image.exists():
                # Other working trees have images of their own beside ours; only the newest few are kept.
                kind = name.split("-")[0]
                made = sorted(self.guest.glob(f"{kind}-*.qcow2"), key=lambda path: path.stat().st_mtime, reverse=True)
                for old in [*made[2:], *self.guest.glob("new-*.qcow2")]:
                    old.unlink()
                self.say(f"emulated node: {what}")
                work = pathlib.Path(tempfile.mkdtemp(prefix="nic-node-work."))
                new = self.guest / f"new-{os.getpid()}.qcow2"
                make(new, work)
                new.rename(image)
                shutil.rmtree(work)
        return image


# Installs with dpkg alone, as an administrator without a network would. The share is unmounted again: see Node.mount_share.
INSTALL = """set -eu
mkdir -p /opt/nic-tests
for file in /host/*; do case $file in *.deb) ;; *) install -m 755 "$file" /opt/nic-tests/ ;; esac; done
dpkg -i "/host/{package}"
systemctl disable --now nic-agent.service || true
umount /host
sync
"""
