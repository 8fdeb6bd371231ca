#!/usr/bin/env python3
"""The manual page org.nicagent1(5) from the interface XML, which is the contract.

Usage: make_man.py OUT.5 INTERFACE.xml...

Fails, naming the place, when an interface, a member or an argument has no documentation (the comment that stands first
in it), when a property has no explicit EmitsChangedSignal annotation, or when a property can be written.
"""
import sys
import xml.etree.ElementTree as ET

EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"
PREFIX = "org.nicagent1."
ORDER = ["Manager", "Device", "PhysicalFunction", "VirtualFunction", "Rdma", "Module", "Resource", "Job"]
ERRORS = [
    ("InvalidConfiguration", "the configuration makes no sense; the message names the place"),
    ("InvalidArgument", "an argument makes no sense"),
    ("NotFound", "the object is not, or no longer, there"),
    ("Protected", "the function carries the default route or is in use; force would do it"),
    ("Busy", "somebody else is at it; try again later"),
    ("NotSupported", "this kernel, driver, device or agent cannot"),
    ("NotAuthorized", "polkit or the kernel said no"),
    ("Stuck", "an earlier kernel call has not come back"),
    ("TimedOut", "a deadline passed"),
    ("Failed", "anything else; the message says what"),
    ("Module.KeyRejected", "EKEYREJECTED: it is not signed, or not by a key that this kernel trusts, and signatures are required"),
    ("Module.KeyUnknown", "ENOKEY: it is signed by a key that this kernel does not have"),
    ("Module.SignatureDamaged", "EBADMSG: its signature cannot be read"),
    ("Module.WrongKernel", "ENOEXEC: it is not a module for this kernel"),
    ("Module.DoesNotFit", "EINVAL: a parameter of it, or the versions of the symbols it uses, do not fit"),
    ("Module.SymbolMissing", "ENOENT: it uses a symbol that nothing in this kernel provides"),
    ("Module.NotPermitted", "EPERM: modules_disabled, lockdown, module_blacklist= or a missing capability"),
    ("Module.Forbidden", "EACCES: a security module forbids it"),
    ("Module.NoDevice", "ENODEV, ENXIO: its driver found no hardware"),
    ("Module.NoMemory", "ENOMEM: the kernel has no memory for it"),
    ("Module.Busy", "EBUSY: it, or something that it needs, is just starting, stopping or held"),
    ("Module.StartTimedOut", "ETIMEDOUT: its start took longer than the kernel waits for"),
    ("Module.AlreadyRegistered", "EEXIST: something else registered what it provides"),
    ("Module.NoModuleSupport", "ENOSYS: this kernel has no loadable modules"),
    ("Module.ParametersTooLong", "E2BIG: its options lines in modprobe.d are too long"),
    ("Module.NotSupported", "EOPNOTSUPP: its driver cannot work on this machine or kernel"),
    ("Module.FileUnreadable", "EBADF: its file could not be opened"),
    ("Module.Failed", "another error of the kernel; the message has it"),
    ("Module.Blacklisted", "modprobe.d(5) or the kernel command line blacklists it; the message names the file"),
    ("Module.InstallCommand", "modprobe.d(5) has an install command for it, which is never run"),
    ("Module.NotFound", "the running kernel has no such module"),
]
problems = []


def doc(element, place):
    """The first comment inside an element, as one paragraph."""
    for child in element:
        if child.tag is ET.Comment:
            text = " ".join(child.text.split())
            if text:
                return text
        break
    problems.append(f"{place}: is not documented")
    return ""


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + text if text.startswith(".") else text


def arguments(member, place):
    lines = []
    for arg in member.findall("arg"):
        name, kind = arg.get("name"), arg.get("type")
        if not name:
            problems.append(f"{place}: an argument has no name")
            continue
        way = arg.get("direction", "out") if member.tag == "method" else ""
        text = doc(arg, f"{place}({name})")
        lines += [".RS", ".TP", f"\\fI{roff(name)}\\fR ({roff((way + ' ' + kind).strip())})", roff(text), ".RE"]
    return lines


def page(interface):
    name = interface.get("name")
    lines = [f".SH INTERFACE {roff(name)}", roff(doc(interface, name))]
    for tag, title in (("property", "Properties"), ("method", "Methods"), ("signal", "Signals")):
        members = interface.findall(tag)
        if members:
            lines.append(f".SS {title}")
        for member in members:
            place = f"{name}.{member.get('name')}"
            text = doc(member, place)
            lines.append(".TP")
            if tag == "property":
                emits = [a.get("value") for a in member.findall("annotation") if a.get("name") == EMITS]
                if emits not in (["true"], ["false"], ["const"], ["invalidates"]):
                    problems.append(f"{place}: says nothing about EmitsChangedSignal")
                if member.get("access") != "read":
                    problems.append(f"{place}: can be written; changes are methods")
                tail = " (constant)" if emits == ["const"] else ""
                lines.append(f"\\fB{roff(member.get('name'))}\\fR ({roff(member.get('type'))}){tail}")
                lines.append(roff(text))
            else:
                lines.append(f"\\fB{roff(member.get('name'))}\\fR")
                lines.append(roff(text))
                lines += arguments(member, place)
    return lines


def main():
    out, sources = sys.argv[1], sys.argv[2:]
    interfaces = [i for source in sources for i in read(source).findall("interface")]
    rank = {PREFIX + name: number for number, name in enumerate(ORDER)}
    interfaces.sort(key=lambda i: (rank.get(i.get("name"), len(rank)), i.get("name")))
    lines = [
        '.TH ORG.NICAGENT1 5 "" "nic\\-agent" "D\\-Bus interfaces"',
        ".SH NAME",
        "org.nicagent1 \\- the D\\-Bus interface of nic\\-agent(8)",
        ".SH DESCRIPTION",
        "nic\\-agent owns the name org.nicagent1 on the system bus. Its objects stand under /org/nicagent1, which has",
        "org.freedesktop.DBus.ObjectManager: functions below device/, kernel modules below module/, resources of the",
        "kubelet below resource/, work below job/. Paths are opaque: read the properties. There are no writable",
        "properties: every change is a method. Everything can be read by every local user; changes ask polkit. One",
        "PropertiesChanged is sent for each interface of an object at each change.",
    ]
    for interface in interfaces:
        lines += page(interface)
    lines += [".SH ERRORS", "All names begin with org.nicagent1.Error.",
              "Those that begin with Module are about a module that was not loaded; in the errors of jobs and modules they",
              "stand as the code."]
    for name, text in ERRORS:
        lines += [".TP", f"\\fB{name}\\fR", roff(text)]
    lines += [".SH SEE ALSO", "nicctl(1), nic\\-agent(8), busctl(1), polkit(8)"]
    if problems:
        sys.exit("\n".join(problems))
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def read(source):
    try:
        return ET.parse(source, parser=ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))).getroot()
    except ET.ParseError as error:
        sys.exit(f"{source}: {error}")


if __name__ == "__main__":
    main()
