# what: the power goes away and comes back; what was synced is there
# node: bare
# deadline: 300


def run(node):
    node.check("echo kept >/root/kept; sync; echo 2 >/sys/bus/pci/devices/$pf/sriov_numvfs")
    node.power_cut()
    node.start()
    node.check("equals 'the file' kept \"$(cat /root/kept)\"; equals 'VFs after a power cut' 0 \"$(sysfs $pf/sriov_numvfs)\"")
