# Words for cases that run in the emulated node. Sourced there before each case.
# shellcheck shell=bash
set -euo pipefail
trap 'echo "failed at line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND" >&2' ERR
set -o errtrace

pf=0000:01:00.0  # the card that is there at boot: igb, 7 VFs
pf_name=enp1s0
config=/etc/nic-agent/nic-agent.toml
export pf pf_name config

step() { echo "== $*"; }

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# equals WHAT WANTED GOT
equals() { [ "$2" = "$3" ] || fail "$1 is '$3', not '$2'"; }

# contains WHAT WANTED TEXT: TEXT has WANTED in it, as a plain string.
contains() { case $3 in *"$2"*) ;; *) fail "$1 does not say '$2': $3" ;; esac; }

lacks() { case $3 in *"$2"*) fail "$1 says '$2': $3" ;; *) ;; esac; }

# says TEXT: standard input has it, as a plain string. Reads to the end: grep -q would not, and what writes would die of SIGPIPE.
says() { grep -F -- "$1" >/dev/null; }

# refuses COMMAND...: it must not succeed. Prints what it said.
refuses() {
    local said
    if said=$("$@" 2>&1); then fail "this should have been refused: $*"; fi
    printf '%s\n' "$said"
}

# wait_for SECONDS WHAT COMMAND...: the one place that asks again and again, for what announces itself by no event that a shell
# could wait for. The product never does this.
wait_for() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000)) what=$2 idle
    shift 2
    exec {idle}<> <(:)
    until "$@" >/dev/null 2>&1; do
        [ "${EPOCHREALTIME/./}" -lt "$end" ] || fail "not within the time given: $what ($*)"
        read -r -t 0.1 -u "$idle" || true
    done
    exec {idle}>&-
}

sysfs() { cat "/sys/bus/pci/devices/$1"; }
driver_of() { basename "$(readlink "/sys/bus/pci/devices/$1/driver" || echo none)"; }

# vf N [PF]: the PCI address of the Nth VF.
vf() { basename "$(readlink "/sys/bus/pci/devices/${2:-$pf}/virtfn$1")"; }

# vf_line N: what the kernel says of the Nth VF of the card; vf_says N TEXT: that has it.
vf_line() { ip link show "$pf_name" | grep -E "^ *vf $1 "; }
vf_says() { vf_line "$1" | says "$2"; }

# The agent -------------------------------------------------------------------------------------------------------------

write_config() {
    mkdir -p "$(dirname "$config")"
    cat >"$config"
}

four_vfs() {
    write_config <<'TOML'
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 4
[[sriov.policy.group]]
vfs = "0-1"
device_type = "vfio-pci"
[kernel_modules]
required = ["vfio-pci"]
TOML
}

agent_started() { systemctl enable --now nic-agent.service; }

has_vfs() { [ "$(sysfs "${2:-$pf}/sriov_numvfs")" = "$1" ]; }
is_bound() { [ "$(driver_of "$1")" = "$2" ]; }

# The agent's process has been the same, without a restart or a crash.
agent_pid() { systemctl show -P MainPID nic-agent.service; }
agent_never_crashed() {
    equals "restarts of the agent" 0 "$(systemctl show -P NRestarts nic-agent.service)"
    systemctl is-active --quiet nic-agent.service || fail "the agent is not running"
    if coredumpctl --no-pager -q list nic-agent >/dev/null 2>&1; then fail "the agent left a core dump"; fi
}

# device_path ADDRESS: its object on D-Bus.
device_path() {
    local name=${1//:/_}
    echo "/org/nicagent1/device/${name//./_}"
}
on_bus() { busctl introspect org.nicagent1 "$1" >/dev/null 2>&1; }
gone_from_bus() { ! on_bus "$1"; }

# property OBJECT INTERFACE NAME: a D-Bus property as JSON; interface without the prefix org.nicagent1.
property() { busctl --json=short get-property org.nicagent1 "$1" "org.nicagent1.$2" "$3" | jq -c .data; }
property_is() { [ "$(property "$1" "$2" "$3")" = "$4" ]; }

# journal_mark; ... ; journal_says TEXT: what the agent has said since the mark. By lines: journalctl --after-cursor with a unit
# loses the first entry behind a cursor that is another unit's.
journal_lines=0
journal_of_agent() { journalctl --no-pager -o cat -u nic-agent.service; }
journal_mark() { journal_lines=$(journal_of_agent | wc -l); }
agent_journal() { journal_of_agent | tail -n +$((journal_lines + 1)); }
journal_says() { agent_journal | says "$1"; }

# nicctl says by its exit status that the node is not ready; here only its words count.
status_says() { { nicctl status 2>&1 || true; } | says "$1"; }
manager_says() { busctl --json=short call org.nicagent1 /org/nicagent1 org.freedesktop.DBus.Properties GetAll s org.nicagent1.Manager |
    says "$1"; }

# reported TEXT: the same words in nicctl status, in the journal and on D-Bus, soon.
reported() {
    wait_for 5 "nicctl status says '$1'" status_says "$1"
    wait_for 5 "the journal says '$1'" journal_says "$1"
    wait_for 5 "D-Bus says '$1'" any_object_says "$1"
}
any_object_says() {
    busctl --json=short call org.nicagent1 /org/nicagent1 org.freedesktop.DBus.ObjectManager GetManagedObjects 2>/dev/null |
        says "$1" || manager_says "$1"
}

# The kubelet stand-in ----------------------------------------------------------------------------------------------------
# One JSON line per event in /run/kubelet.events; its standard input is the fifo /run/kubelet.commands.

# kubelet_started [ARGUMENT...]: in kubelet_root, or where kubelets have it.
kubelet_started() {
    rm -f /run/kubelet.commands
    mkfifo /run/kubelet.commands
    : >/run/kubelet.events
    systemd-run --quiet --collect --unit=kubelet-standin --property=StandardOutput=append:/run/kubelet.events \
        bash -c 'exec /opt/nic-tests/nic-kubelet-standin --root "$@" 0<>/run/kubelet.commands' standin "${kubelet_root:-/var/lib/kubelet}" "$@"
}
# It takes Register, and has looked into the folder once and would now hear of a new socket.
kubelet_listens() { kubelet_heard '"event":"listening"'; }
kubelet_stopped() { systemctl stop kubelet-standin.service; }
kubelet_heard() { grep -qF -- "$1" /run/kubelet.events; }

# kubelet_count RESOURCE: how many healthy devices the last ListAndWatch answer had.
kubelet_count() {
    jq -r --arg resource "$1" 'select(.event == "devices" and .resource == $resource) | .healthy' /run/kubelet.events | tail -n 1
}
kubelet_has() { [ "$(kubelet_count "$1")" = "$2" ]; }
allocate() { printf 'allocate %s\n' "$*" >/run/kubelet.commands; }
allocations() { jq -c 'select(.event == "allocated")' /run/kubelet.events; }
allocations_are() { [ "$(allocations | wc -l)" -eq "$1" ]; }
last_allocation() { allocations | tail -n 1; }

# Dying in the middle -----------------------------------------------------------------------------------------------------
# A plan with a note of every kind on disk, writes to sysfs and messages to the PF, and where it may be cut off.

owned_record=/var/lib/nic-agent/owned/0000_01_00_0.json
interrupted_note=/var/lib/nic-agent/in-progress/0000_01_00_0.json
udev_rules=/run/udev/rules.d/70-nic-agent-$pf.rules

# Untrusted ones: a trusted one whose driver begins while the card comes up makes its own address, which is then as good as any.
two_told_vfs() {
    write_config <<'TOML'
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 2
vlan = 7
spoofchk = false
[[sriov.policy.group]]
vfs = "0"
device_type = "vfio-pci"
TOML
}
two_vfs_are_right() {
    has_vfs 2 && is_bound "$(vf 0)" vfio-pci && is_bound "$(vf 1)" igbvf && [ ! -e $interrupted_note ]
}

# dies_at CALL N PATH...: the agent, started by hand, is killed where it is about to do the Nth CALL on one of these paths.
# False when it does not come to that and carries everything out; it is ended then.
dies_at() {
    local call=$1 number=$2 path paths=() tracer
    shift 2
    for path in "$@"; do paths+=(-P "$path"); done
    strace -f -qq -o /run/dies.trace "${paths[@]}" -e "trace=$call" -e "inject=$call:signal=KILL:when=$number" \
        "$(agent_program)" >/dev/null 2>&1 &
    tracer=$!
    wait_for 90 "it has died, or carried everything out" is_dead_or_done $tracer
    if [ -d /proc/$tracer ] && two_vfs_are_right; then
        pkill -TERM -x nic-agent
        wait $tracer || true
        return 1
    fi
    wait $tracer || true
    echo "killed at $call $number: $(tail -n 2 /run/dies.trace | head -n 1 | cut -c 1-120)"
}
agent_program() { systemctl show -P ExecStart nic-agent.service | sed 's/.* path=\([^ ;]*\).*/\1/'; }
is_dead_or_done() { [ ! -d "/proc/$1" ] || two_vfs_are_right; }

# Everything that the agent made of the card and noted of it; two pictures can be compared.
picture() {
    local n
    echo "$(sysfs $pf/sriov_numvfs) VFs, autoprobe $(sysfs $pf/sriov_drivers_autoprobe), up $(cat /sys/class/net/$pf_name/flags)"
    for n in 0 1; do
        echo "$(vf $n) on $(driver_of "$(vf $n)"), override $(sysfs "$(vf $n)/driver_override")"
        vf_line $n
    done
    jq -S 'del(.boot)' $owned_record
    ls /var/lib/nic-agent/in-progress /var/lib/nic-agent/owned
    cat "$udev_rules"
    nicctl plan
}
is_pristine() { has_vfs 0 && [ ! -e $owned_record ] && [ ! -e "$udev_rules" ]; }
# The card is given back by the agent, which stops then.
given_back_and_stopped() {
    echo '# nothing is asked for' >$config
    wait_for 30 "the card is given back" is_pristine
    equals sriov_drivers_autoprobe 1 "$(sysfs $pf/sriov_drivers_autoprobe)"
    systemctl stop nic-agent.service
}
