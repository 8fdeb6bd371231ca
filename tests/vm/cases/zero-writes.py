# what: a satisfied policy is applied twice, read again and started on without one write, counted by system calls; a mend is all that is written
# deadline: 300
"""The agent's system calls under strace: those that could change something beyond its own sockets are named, one line each."""
import re

CALLS = ("open,openat,creat,write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg,rename,renameat,renameat2,unlink,unlinkat,"
         "mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,chmod,fchmod,fchmodat,chown,fchown,fchownat,truncate,ftruncate,"
         "fallocate,setxattr,fsetxattr,utimensat,mknod,mknodat,mount,umount2,init_module,finit_module,delete_module,execve,ioctl")
# Commands of devlink that only ask: DEVLINK_CMD_GET, _PORT_GET, _ESWITCH_GET, _PARAM_GET, _INFO_GET, _HEALTH_REPORTER_GET.
DEVLINK_ASKS = {1, 5, 29, 38, 51, 52}
# RDMA_NLDEV_CMD_GET, _PORT_GET, _SYS_GET of client RDMA_NL_NLDEV (5).
RDMA_ASKS = {5 << 10 | operation for operation in (1, 5, 6)}

WORDS = f"""
# traced NAME COMMAND...: the agent's calls while COMMAND runs, in /host/out/NAME, one file for each thread.
traced() {{
    local name=$1
    shift
    mkdir -p "/run/trace/$name"
    strace -ff -yy -s 256 -o "/run/trace/$name/thread" -e trace={CALLS} -p "$(agent_pid)" 2>"/run/trace/$name.said" &
    local tracer=$!
    wait_for 20 "strace has attached" grep -q attached "/run/trace/$name.said"
    "$@"
    kill -TERM $tracer
    wait $tracer || true
    mkdir -p /host/out
    cp -r "/run/trace/$name" /host/out/
}}
settled_again() {{ nicctl wait --timeout 60 >/dev/null; }}
generation() {{ property /org/nicagent1 Manager ConfigGeneration; }}
is_read_again() {{ [ "$(generation)" -gt "$1" ]; }}
"""

POLICY = """
write_config <<END
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["$pf_name"] }
num_vfs = 3
mtu = 2000
vlan = 7
trust = true
[[sriov.policy.group]]
vfs = "0"
device_type = "vfio-pci"
[kernel_modules]
required = ["vfio-pci"]
END
"""


def netlink(rest):
    """What a message to the kernel changes."""
    family = re.match(r"\d+<NETLINK:\[(\w+)", rest).group(1)
    types = re.findall(r"nlmsg_type=(\w+)", rest)
    if family == "ROUTE":
        return " ".join(word for word in types if not word.startswith("RTM_GET"))
    if family == "RDMA":
        return "" if all(int(word, 0) in RDMA_ASKS for word in types) else rest[:120]
    if family == "GENERIC":
        if "CTRL_CMD_GETFAMILY" in rest or "nlmsg_type=nlctrl" in rest:
            return ""
        payload = re.search(r'\}, "((?:[^"\\]|\\.)*)"', rest)
        first = payload and payload.group(1).encode().decode("unicode_escape")[:1]
        return "" if first and ord(first) in DEVLINK_ASKS else rest[:120]
    return rest[:120]


def change(line):
    """What one call changes, "" for nothing."""
    match = re.match(r"(\w+)\((.*)", line)
    if not match or "= -1 E" in line or "= ? " in line:
        return ""
    call, rest = match.groups()
    if call in ("open", "openat", "creat"):
        writes = call == "creat" or re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", rest)
        path = re.search(r"= \d+<(.*)>$", rest)
        return f"open {path.group(1) if path else rest}" if writes else ""
    target = re.match(r"\d+<(.*?)>(?=[,)])", rest)
    target = target.group(1) if target else ""
    if re.match(r"(anon_inode:|pipe:|UNIX|socket:|/dev/null|/memfd:)", target):
        return ""
    if call in ("write", "writev", "pwrite64", "pwritev"):
        return f"write {target}"
    if call in ("sendto", "sendmsg", "sendmmsg"):
        told = netlink(rest) if target.startswith("NETLINK") else rest[:120]
        return f"tell {told}" if told else ""
    if call == "ioctl" and re.search(r"TCGETS|FIONREAD|FIONBIO", rest):
        return ""
    return line[:160]


def changes(node, name):
    folder = node.share / "out" / name
    lines = [line for path in sorted(folder.iterdir()) for line in path.read_text(errors="replace").splitlines()]
    if not any(line.startswith("sendmsg(") for line in lines):
        raise AssertionError(f"strace saw nothing of the agent: {len(lines)} lines")
    found = [change(line) for line in lines]
    print(f"{name}: {len(lines)} calls were looked at; they change: {[one for one in found if one]}")
    return [one for one in found if one]


def expect(what, found, wanted):
    if found != wanted:
        raise AssertionError(f"{what}: the agent's calls change {found}, not {wanted}")


def run(node):
    node.check("modprobe -a vfio-pci igbvf" + POLICY + """
        agent_started
        nicctl wait --timeout 60""")
    check = lambda script: node.check(WORDS + script, deadline=120)

    check("""
        satisfied() {
            nicctl apply --wait
            nicctl apply --wait
            before=$(generation)
            systemctl reload nic-agent.service
            wait_for 20 "the file is read again" is_read_again "$before"
            settled_again
            for module in vfio-pci vfio_pci; do
                busctl call org.nicagent1 /org/nicagent1 org.nicagent1.Manager LoadModules "asa{sv}" 1 $module 0
                settled_again
            done
            nicctl rescan --wait
        }
        traced satisfied satisfied""")
    expect("applied twice, read again, and told to load what is loaded", changes(node, "satisfied"), [])

    # The same counting finds what is put right after others.
    check("""
        vlan_by_hand() {
            ip link set $pf_name vf 2 vlan 9
            wait_for 20 "the VLAN is back" vf_says 2 "vlan 7"
            settled_again
        }
        traced vlan vlan_by_hand""")
    expect("a VLAN was changed by hand", changes(node, "vlan"), ["tell RTM_SETLINK"])
    check("""
        has_mtu() { grep -qx "$1" /sys/bus/pci/devices/"$(vf 1)"/net/*/mtu; } # udev renames the new interface
        driver_by_hand() {
            echo "$(vf 1)" >"/sys/bus/pci/devices/$(vf 1)/driver/unbind"
            wait_for 20 "VF 1 is on igbvf again" is_bound "$(vf 1)" igbvf
            wait_for 20 "it has its MTU" has_mtu 2000
            settled_again
        }
        traced driver driver_by_hand""")
    found = changes(node, "driver")
    expect("a driver was unbound by hand", [one for one in found if not one.endswith("/mtu")],
           ["open /sys/bus/pci/drivers_probe", "write /sys/bus/pci/drivers_probe"])
    expect("its new interface", [one.split()[0] for one in found if one.endswith("/mtu")], ["open", "write"])

    # And a start on a machine that is right.
    check("""
        systemctl stop nic-agent.service
        mkdir -p /run/trace/start
        strace -ff -yy -s 256 -o /run/trace/start/thread -e trace=""" + CALLS + """ "$(agent_program)" >/dev/null 2>&1 &
        tracer=$!
        has_name() { busctl --no-pager --acquired list | says org.nicagent1; }
        wait_for 60 "it has its name" has_name
        settled_again
        kill -TERM "$(pgrep -x nic-agent)"
        wait $tracer || true
        cp -r /run/trace/start /host/out/""")
    expect("a start", [one for one in changes(node, "start") if not one.startswith("execve(")], [])
