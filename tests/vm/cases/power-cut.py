# what: the power goes away at chosen points of a plan; the node converges by itself when it comes back
# deadline: 600
DEVICES = "$(dirname $(readlink -f /sys/bus/pci/devices/$pf))"
# What the agent is about to do when the power goes, and what is there then.
POINTS = [
    ("put its note of what it found in place", "rename", "$owned_record.new", "equals VFs 0 $(sysfs $pf/sriov_numvfs)"),
    ("write the number of VFs", "write", DEVICES + "/$pf/sriov_numvfs",
     "equals VFs 0 $(sysfs $pf/sriov_numvfs); test -e $interrupted_note; equals autoprobe 0 $(sysfs $pf/sriov_drivers_autoprobe)"),
    ("bind the first VF", "write", "/sys/bus/pci/drivers_probe", "has_vfs 2; equals driver none $(driver_of $(vf 0))"),
    ("forget that it was at work", "unlink", "$interrupted_note", "has_vfs 2; test -e $interrupted_note"),
]
REFERENCE = "/root/reference"


def run(node):
    node.check(f"""
        modprobe -a vfio-pci igbvf
        printf 'vfio-pci\\nigbvf\\n' >/etc/modules-load.d/case.conf
        two_told_vfs
        agent_started
        nicctl wait --timeout 60
        picture >{REFERENCE}
        given_back_and_stopped""", deadline=150)
    for what, call, path, state in POINTS:
        print(f"== the power goes when it is about to {what}")
        # What is not synced is lost with the power: nothing is from here on but what the agent does.
        node.check(f"""
            two_told_vfs
            sync
            dies_at {call} 1 {path} || fail "it did not come to that"
            {state}""", deadline=150)
        node.power_cut()
        node.start()
        node.check(f"""
            nicctl wait --timeout 120
            equals "the machine after the power came back" "$(cat {REFERENCE})" "$(picture)"
            agent_never_crashed
            given_back_and_stopped""", deadline=200)
