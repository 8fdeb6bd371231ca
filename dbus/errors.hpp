// Errors as D-Bus knows them, and the one wrapper that every adaptor body goes through.
// sdbus-c++ ends the process when anything but sdbus::Error leaves a callback.
#pragma once

#include "dbus/compat.hpp"
#include "dbus/text.hpp"
#include "model/error.hpp"

#include <array>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace nic::dbus {

struct ErrorName {
  model::Code code;
  const char* name;
};

// One name for one condition, for good. InvalidConfiguration is `invalid` where the input is a configuration.
inline constexpr std::array kErrorNames{
    ErrorName{model::Code::not_found, "org.nicagent1.Error.NotFound"},
    ErrorName{model::Code::denied, "org.nicagent1.Error.NotAuthorized"},
    ErrorName{model::Code::busy, "org.nicagent1.Error.Busy"},
    ErrorName{model::Code::no_space, "org.nicagent1.Error.Failed"},
    ErrorName{model::Code::unsupported, "org.nicagent1.Error.NotSupported"},
    ErrorName{model::Code::invalid, "org.nicagent1.Error.InvalidArgument"},
    ErrorName{model::Code::protected_, "org.nicagent1.Error.Protected"},
    ErrorName{model::Code::timed_out, "org.nicagent1.Error.TimedOut"},
    ErrorName{model::Code::stuck, "org.nicagent1.Error.Stuck"},
    ErrorName{model::Code::internal, "org.nicagent1.Error.Failed"},
};
inline constexpr std::string_view kErrorPrefix{"org.nicagent1.Error."};
inline constexpr const char* kInvalidConfiguration = "org.nicagent1.Error.InvalidConfiguration";

[[nodiscard]] constexpr const char* error_name(model::Code code) {
  for (const auto& entry : kErrorNames)
    if (entry.code == code) return entry.name;
  return "org.nicagent1.Error.Failed";
}

// Of modules that are not loaded there are more: org.nicagent1.Error.Module.KeyRejected ...
[[nodiscard]] inline std::string error_name(const model::Error& error) {
  if (error.module_reason == model::ModuleReason::none) return error_name(error.code);
  return std::string{kErrorPrefix} + std::string{word(error.module_reason)};
}

enum class About { call, configuration };

[[nodiscard]] inline sdbus::Error bus_error(const model::Error& error, About about = About::call) {
  const bool configuration = about == About::configuration && error.code == model::Code::invalid;
  return compat::error(configuration ? std::string{kInvalidConfiguration} : error_name(error), utf8(error.text()));
}

// Runs the body of an adaptor's member: whatever it throws becomes an error on the bus.
template <class F>
auto answer(F&& body) -> decltype(body()) {
  try {
    return std::forward<F>(body)();
  } catch (const sdbus::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw compat::error(error_name(model::Code::internal), utf8(error.what()));
  }
}

}  // namespace nic::dbus
