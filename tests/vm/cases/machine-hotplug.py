# what: a second card comes and goes while the machine runs
# node: bare


def run(node):
    node.attach_card("card2", "rp2")
    node.check("""udevadm wait --timeout=20 /sys/class/net/enp2s0
        echo 2 >/sys/bus/pci/devices/0000:02:00.0/sriov_numvfs
        wait_for 10 "the VF of the new card is bound" is_bound "$(vf 1 0000:02:00.0)" igbvf""")
    node.detach_card("card2")
    node.check("udevadm wait --timeout=20 --removed /sys/class/net/enp2s0; test ! -e /sys/bus/pci/devices/0000:02:00.0")
    node.attach_card("card2", "rp2")
    node.check("udevadm wait --timeout=20 /sys/class/net/enp2s0")
