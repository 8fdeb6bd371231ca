"""What tests/demo shows: the way of an administrator from the .deb to a second card that configures itself."""
import os
import shutil
import sys
import time

BOLD, DIM, PLAIN = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")

CONFIG = """[[sriov.policy]]
name = "workers"
selectors = { vendors = ["8086"], devices = ["10c9"] }
num_vfs = 4
group = [{ vfs = "0-1", device_type = "vfio-pci" }]
[[resource]]
name = "example.com/vfs"
kind = "exclusive"
selectors = { drivers = ["vfio-pci"] }
"""
WORDS = ". /host/guest-lib.sh\n"


def show(node, programs):
    started = time.monotonic()

    def title(text):
        print(f"\n{BOLD}[{time.monotonic() - started:5.1f} s] {text}{PLAIN}", flush=True)

    def root(command, deadline=60):
        """A command as the administrator types it, and what it says."""
        print(f"{DIM}root@node:~#{PLAIN} {command}", flush=True)
        script = f"cd /root; export COLUMNS={shutil.get_terminal_size().columns}\n{command}"
        # The exit status of nicctl tells what it found; here people read it.
        output = node.run(script, deadline, check=not command.startswith("nicctl")).output.rstrip()
        print(output + ("\n" if output else ""), end="", flush=True)

    def quietly(script):
        node.run(WORDS + script, 90)

    (node.share / "nic-agent.toml").write_text(CONFIG)
    os.makedirs(node.share / "programs", exist_ok=True)
    for program in programs.iterdir():
        shutil.copy(program, node.share / "programs")
    quietly("mkdir -p /opt/nic-tests; cp /host/programs/* /opt/nic-tests/; kubelet_started")

    title("A node with one card that can do SR-IOV (and a kubelet that waits for device plugins)")
    root("lspci -nn | grep -i ethernet")
    root("cat /sys/bus/pci/devices/0000:01:00.0/sriov_totalvfs /sys/bus/pci/devices/0000:01:00.0/sriov_numvfs")

    title("Install the package; nothing on the machine changes by it")
    root("dpkg -i /host/nic-agent.deb", 120)
    root("systemctl enable --now nic-agent")
    root("nicctl status")

    title("Ten lines of configuration; the agent sees the file change")
    root("cp /host/nic-agent.toml /etc/nic-agent/nic-agent.toml")
    root("cat /etc/nic-agent/nic-agent.toml")
    quietly('wait_for 30 "the card is ok" property_is "$(device_path $pf)" Device State \'"ok"\'; has_vfs 4\n'
            'wait_for 30 "the kubelet has two" kubelet_has example.com/vfs 2')
    root("nicctl status")
    root("nicctl devices")
    root("nicctl resources")
    root("busctl tree org.nicagent1")

    title("Plug in a second card; nobody touches anything")
    node.attach_card("card2", "rp2")
    quietly('wait_for 30 "it is on D-Bus" on_bus "$(device_path 0000:02:00.0)"\n'
            'wait_for 30 "it is ok" property_is "$(device_path 0000:02:00.0)" Device State \'"ok"\'\n'
            'wait_for 30 "the kubelet has four" kubelet_has example.com/vfs 4')
    root("nicctl devices")
    root("nicctl resources")
    root("nicctl plan")
    root("journalctl --no-pager -o cat -u nic-agent | tail -n 15")
    print(f"\nThat is all. {BOLD}tests/vm/run --shell{PLAIN} gives a shell in such a node, the package installed.")
