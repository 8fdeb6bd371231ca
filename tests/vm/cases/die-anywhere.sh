# what: killed at each write, fsync, rename and unlink of a plan, and before its VFs are told of, the agent converges at the next start
# deadline: 600
modprobe -a vfio-pci igbvf
devices=$(dirname "$(readlink -f /sys/bus/pci/devices/$pf)")
sysfs_files=("$devices/$pf/sriov_numvfs" "$devices/$pf/sriov_drivers_autoprobe" /sys/bus/pci/drivers_probe
    "$devices/0000:01:10.0/driver_override")
notes=("$owned_record" "$owned_record.new" "$interrupted_note" "$interrupted_note.new" "$udev_rules" "$udev_rules.new")

step "what it comes to when nobody dies"
two_told_vfs
agent_started
nicctl wait --timeout 60
reference=$(picture)
echo "$reference"
contains "the plan" "Nothing to do." "$reference"
given_back_and_stopped

# converges WHERE: a plain start ends where the undisturbed one did, and gives everything back.
converges() {
    systemctl reset-failed nic-agent.service
    systemctl start nic-agent.service
    nicctl wait --timeout 60 >/dev/null
    equals "the machine after dying at $1" "$reference" "$(picture)"
    agent_never_crashed
    given_back_and_stopped
}

deaths=0
# dies_everywhere CALL PATH...: at the first, the second, ... until the plan runs through.
dies_everywhere() {
    local call=$1 number=1
    shift
    two_told_vfs
    while dies_at "$call" $number "$@"; do
        converges "$call $number"
        number=$((number + 1))
        deaths=$((deaths + 1))
        [ $number -le 40 ] || fail "the plan does not end: $call"
        two_told_vfs
    done
    converges "no $call at all"
    [ $number -gt 1 ] || fail "strace saw no $call"
}

step "writes to sysfs"
dies_everywhere write "${sysfs_files[@]}"
step "before and after the number of VFs is read and written: none of them is told of yet"
dies_everywhere close "$devices/$pf/sriov_numvfs"
step "notes and rules on disk"
dies_everywhere fsync "${notes[@]}"
dies_everywhere rename "${notes[@]}"
dies_everywhere unlink "${notes[@]}"
echo "it died $deaths times"
[ $deaths -ge 15 ] || fail "it died only $deaths times"
