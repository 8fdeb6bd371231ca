#include "kmod/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace nic::kmod {
namespace {

using model::Finding;
using model::ModuleReport;
using model::ModuleState;
using model::Verdict;

// One question each; appends nothing where the question does not arise.
using Question = void (*)(const ModuleReport&, const Circumstances&, std::vector<Finding>&);

// What is wrong with a required module is a failure, with another one a warning.
Verdict bad(const ModuleReport& report) { return report.wanted ? Verdict::fail : Verdict::warn; }

std::string no_such_module(const ModuleReport& m, const Circumstances& known) {
  return fmt::format(
      "There is no module {} for kernel {}: install the package that brings it (linux-modules, the "
      "vendor's driver), or build it for this kernel.",
      m.name, known.release);
}

void on_disk(const ModuleReport& m, const Circumstances& known, std::vector<Finding>& to) {
  if (!known.resolved)
    to.push_back(
        {bad(m), fmt::format("{} is not found: the modules of kernel {} cannot be looked up.", m.name, known.release)});
  else if (!known.exists)
    to.push_back({bad(m), no_such_module(m, known)});
}

void presence(const ModuleReport& m, const Circumstances& known, std::vector<Finding>& to) {
  switch (m.state) {
    case ModuleState::builtin:
      to.push_back({Verdict::pass, fmt::format("{} is built into kernel {}.", m.name, known.release)});
      return;
    case ModuleState::live: to.push_back({Verdict::pass, fmt::format("{} is loaded.", m.name)}); return;
    case ModuleState::coming:
      to.push_back({Verdict::unknown,
                    fmt::format("{} has not finished starting, or is built in without standing in modules.builtin; if "
                                "this lasts, look at the kernel log.",
                                m.name)});
      return;
    case ModuleState::going:
      to.push_back({bad(m), fmt::format("{} is being removed from the kernel.", m.name)});
      return;
    case ModuleState::absent: break;
  }
  if (!known.behind_alias.empty())
    to.push_back({bad(m), fmt::format("{} is an alias, not a module: require {} instead.", m.name,
                                      fmt::join(known.behind_alias, " or "))});
  else if (!known.resolved)
    to.push_back(
        {m.wanted ? Verdict::fail : Verdict::unknown,
         fmt::format("{} is not loaded, and the modules of kernel {} cannot be looked up.", m.name, known.release)});
  else if (!known.exists)
    to.push_back({bad(m), no_such_module(m, known)});
  else
    to.push_back({bad(m), fmt::format("{} is not loaded.", m.name)});
}

void index(const ModuleReport& m, const Circumstances& known, std::vector<Finding>& to) {
  if (known.file_missing)
    to.push_back({bad(m), fmt::format("The index names {} for {}, but that file is not there: run depmod -a {}.",
                                      m.file, m.name, known.release)});
  else if (m.state == ModuleState::live && !known.resolved)
    to.push_back({Verdict::unknown, fmt::format("Whether the running {} is the one on disk cannot be told: the modules "
                                                "of kernel {} cannot be looked up.",
                                                m.name, known.release)});
  else if (m.state == ModuleState::live && !known.exists)
    to.push_back({Verdict::warn, fmt::format("{} runs, but kernel {} has no file for it any more: it will be missing "
                                             "after the next boot.",
                                             m.name, known.release)});
  else if (!m.file.empty() && !known.file_read)
    to.push_back({Verdict::unknown, fmt::format("{} could not be read, so nothing of it could be checked.", m.file)});
}

void blacklist(const ModuleReport& m, const Circumstances& known, std::vector<Finding>& to) {
  if (known.kernel_refuses)
    to.push_back({bad(m), fmt::format("The kernel refuses {}: remove it from module_blacklist= on the kernel's command "
                                      "line.",
                                      m.name)});
  if (!m.blacklisted_by.empty()) {
    if (m.loaded())
      to.push_back({Verdict::warn, fmt::format("{} is loaded, but blacklisted by {}: it will not load by itself at the "
                                               "next boot.",
                                               m.name, m.blacklisted_by)});
    else
      to.push_back({bad(m), fmt::format("{} is blacklisted by {}, which is respected: remove that line, or do not "
                                        "require the module.",
                                        m.name, m.blacklisted_by)});
  }
  if (!known.install_command.empty())
    to.push_back({m.loaded() ? Verdict::warn : bad(m),
                  fmt::format("{} has an install command in {} ({}), which is never run: remove that line, or load the "
                              "module by hand.",
                              m.name, known.install_file, known.install_command)});
}

void vermagic(const ModuleReport& m, const Circumstances& known, std::vector<Finding>& to) {
  if (!known.file_read) return;
  if (m.vermagic.empty()) {
    to.push_back({Verdict::unknown, fmt::format("{} does not say for which kernel it was built.", m.file)});
  } else if (m.vermagic_matches && !known.weak_update) {
    to.push_back({Verdict::pass, fmt::format("{} was built for kernel {}.", m.file, known.release)});
  } else if (m.vermagic_matches) {
    to.push_back({Verdict::pass, fmt::format("{} was built for kernel {} and is linked here as compatible with {}.",
                                             m.file, m.vermagic.substr(0, m.vermagic.find(' ')), known.release)});
  } else {
    to.push_back(
        {m.loaded() ? Verdict::warn : bad(m),
         fmt::format("{} was built for kernel {}, but {} runs, which will refuse it: build it for this kernel.", m.file,
                     m.vermagic.substr(0, m.vermagic.find(' ')), known.release)});
  }
}

// Build ids are of one build; srcversions only of the sources, so the same ones may be in another build.
void build(const ModuleReport& m, const Circumstances& known, std::vector<Finding>& to) {
  if (m.state != ModuleState::live || m.file.empty() || known.file_missing) return;
  const bool sources_known = !m.srcversion_file.empty() && !m.srcversion_running.empty();
  if (sources_known && m.srcversion_file != m.srcversion_running)
    to.push_back({bad(m), fmt::format("The running {0} was made from other sources (srcversion {1}) than the one in "
                                      "{2} (srcversion {3}): reload it or reboot; if it comes back after a reboot, the "
                                      "initramfs is out of date.",
                                      m.name, m.srcversion_running, m.file, m.srcversion_file)});
  else if (m.build_id_file.empty() || m.build_id_running.empty())
    to.push_back({Verdict::unknown, fmt::format("Whether the running {0} is the one in {1} cannot be told: the {2} has "
                                                "no build id{3}.",
                                                m.name, m.file, m.build_id_file.empty() ? "file" : "running one",
                                                sources_known ? ", and equal sources may be in another build" : "")});
  else if (m.build_id_file == m.build_id_running)
    to.push_back({Verdict::pass, fmt::format("The running {} is the one in {}.", m.name, m.file)});
  else if (sources_known)
    to.push_back({Verdict::warn, fmt::format("{} was built again from the same sources since it was loaded (running "
                                             "build id {}, in {} {}): the new build runs after a reload or a reboot.",
                                             m.name, m.build_id_running, m.file, m.build_id_file)});
  else
    to.push_back(
        {bad(m), fmt::format("The running {} (build id {}) is not the one in {} (build id {}): reload it or reboot; if "
                             "it comes back after a reboot, the initramfs is out of date.",
                             m.name, m.build_id_running, m.file, m.build_id_file)});
}

void signature(const ModuleReport& m, const Circumstances& known, std::vector<Finding>& to) {
  if (!known.file_read || m.loaded() || known.file_signed) return;
  if (!known.signature_enforced)
    to.push_back({Verdict::unknown, fmt::format("{} is not signed, and whether this kernel insists on signatures "
                                                "cannot be told.",
                                                m.file)});
  else if (*known.signature_enforced)
    to.push_back({bad(m), fmt::format("{} is not signed, and this kernel takes signed modules only: sign it with an "
                                      "enrolled key, or turn Secure Boot off.",
                                      m.file)});
}

void loading(const ModuleReport& m, const Circumstances& known, std::vector<Finding>& to) {
  if (known.loading_disabled && !m.loaded())
    to.push_back({bad(m), "The kernel.modules_disabled switch is set: no module can be loaded until the next boot."});
}

void taint(const ModuleReport& m, const Circumstances&, std::vector<Finding>& to) {
  if (m.taint.find('F') != std::string::npos)
    to.push_back({Verdict::fail, fmt::format("{} was forced into the kernel against its version check: nothing about "
                                             "its behaviour is certain.",
                                             m.name)});
}

void parameters(const ModuleReport& m, const Circumstances&, std::vector<Finding>& to) {
  if (!m.loaded()) return;
  for (const auto& parameter : m.parameters) {
    if (!parameter.running)
      to.push_back({Verdict::unknown, fmt::format("Whether {} runs with {}={}, as modprobe.d asks, cannot be told: the "
                                                  "kernel does not show it.",
                                                  m.name, parameter.name, parameter.wanted)});
    else if (!parameter.differs)
      to.push_back({Verdict::unknown, fmt::format("{} runs with {} = \"{}\" where modprobe.d asks for \"{}\"; whether "
                                                  "that is the same cannot be told.",
                                                  m.name, parameter.name, *parameter.running, parameter.wanted)});
    else if (*parameter.differs)
      to.push_back({Verdict::warn, fmt::format("{} runs with {}={}, but modprobe.d asks for {}: it was loaded before "
                                               "that line was written, or by an initramfs without it.",
                                               m.name, parameter.name, *parameter.running, parameter.wanted)});
  }
}

// One is enough to see what is wrong; a rebuilt neighbour changes hundreds.
void symbols(const ModuleReport& m, const Circumstances& known, std::vector<Finding>& to) {
  if (known.clashes.empty()) return;
  const auto& first = known.clashes.front();
  to.push_back({bad(m), fmt::format("{} was built against another {}: the version of {} is {:#010x} where it wants "
                                    "{:#010x}{}. The kernel will refuse it; build it again for what is installed.",
                                    m.file, first.provider, first.symbol, first.offered, first.wanted,
                                    known.clashes.size() == 1
                                        ? ""
                                        : fmt::format(", and {} more symbols differ", known.clashes.size() - 1))});
}

constexpr std::array<Question, 10> kQuestions{&presence,  &index,   &blacklist, &vermagic,   &build,
                                              &signature, &loading, &taint,     &parameters, &symbols};

constexpr std::array<Question, 7> kOfLoading{&on_disk, &index, &blacklist, &vermagic, &signature, &loading, &symbols};

std::vector<Finding> ask(std::span<const Question> questions, const ModuleReport& report, const Circumstances& known) {
  std::vector<Finding> findings;
  for (const auto question : questions) question(report, known, findings);
  return findings;
}

}  // namespace

std::vector<Finding> judge(const ModuleReport& report, const Circumstances& known) {
  return ask(kQuestions, report, known);
}

std::vector<Finding> judge_loading(const ModuleReport& report, const Circumstances& known) {
  return ask(kOfLoading, report, known);
}

}  // namespace nic::kmod
