# what: the machine reboots and keeps its disk
# node: bare
# deadline: 300


def run(node):
    node.check("echo kept >/root/kept; echo 2 >/sys/bus/pci/devices/$pf/sriov_numvfs")
    node.reboot()
    node.check("equals 'the file' kept \"$(cat /root/kept)\"; equals 'VFs after a reboot' 0 \"$(sysfs $pf/sriov_numvfs)\"")
