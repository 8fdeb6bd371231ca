#include "dbus/describe.hpp"

#include "dbus/properties.hpp"
#include "dbus/text.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace nic::dbus {
namespace {

using Json = nlohmann::ordered_json;

Json json(const std::string& text) { return text; }
Json json(const Path& path) { return path.text; }
template <class Number>
  requires std::is_arithmetic_v<Number>
Json json(Number number) {
  return number;
}
template <class Item>
Json json(const std::vector<Item>& items);
template <class... Kinds>
Json json(const std::variant<Kinds...>& value) {
  return std::visit([](const auto& held) { return json(held); }, value);
}
template <class... Kinds>
Json json(const std::map<std::string, std::variant<Kinds...>>& dictionary) {
  Json object = Json::object();
  for (const auto& [key, value] : dictionary) object[key] = json(value);
  return object;
}
template <class Row>
  requires requires { Fields<Row>::fields; }
Json json(const Row& row) {
  Json object = Json::object();
  std::apply([&](const auto&... field) { ((object[field.name] = json(row.*field.member)), ...); }, Fields<Row>::fields);
  return object;
}
template <class Item>
Json json(const std::vector<Item>& items) {
  Json array = Json::array();
  for (const auto& item : items) array.push_back(json(item));
  return array;
}
template <class View>
  requires requires { Interface<View>::name; }
Json json(const View& view) {
  Json object = Json::object();
  each_property<View>([&](const auto& property) { object[property.name] = json(view.*property.member); });
  return object;
}

template <class View>
Json objects(const std::map<std::string, View>& views) {
  Json array = Json::array();
  for (const auto& [path, view] : views) {
    Json object{{"Path", path}};
    object.update(json(view));
    array.push_back(std::move(object));
  }
  return array;
}

Json devices(const std::map<std::string, DeviceObject>& views) {
  Json array = Json::array();
  for (const auto& [path, view] : views) {
    Json object{{"Path", path}};
    object.update(json(view.device));
    if (view.physical_function) object["PhysicalFunction"] = json(*view.physical_function);
    if (view.virtual_function) object["VirtualFunction"] = json(*view.virtual_function);
    if (view.rdma) object["Rdma"] = json(*view.rdma);
    array.push_back(std::move(object));
  }
  return array;
}

PlanStep step_of(const model::Step& step) {
  PlanStep dictionary{{"Target", utf8(model::target(step.action))},
                      {"Action", utf8(model::describe(step.action))},
                      {"Why", utf8(step.why)},
                      {"Disruption", std::string{word(step.disruption)}}};
  std::vector<std::string> hits;
  for (const auto& hit : step.hits) hits.push_back(hit.text());
  dictionary["Hits"] = std::move(hits);
  if (step.waits_for) dictionary["WaitsFor"] = utf8(*step.waits_for);
  return dictionary;
}

PlanStep step_of(const model::PciAddress& pf, const model::Refusal& refusal) {
  model::Error bare = refusal.error;
  bare.advice.clear();
  return {{"Target", pf.text()},
          {"Action", utf8(refusal.error.operation)},
          {"Why", utf8(bare.text())},
          {"Advice", utf8(refusal.error.advice)},
          {"Hits", std::vector<std::string>{}},
          {"Refused", true},
          {"Forceable", refusal.forceable}};
}

}  // namespace

std::vector<PlanStep> steps(const model::Plan& plan) {
  std::vector<PlanStep> steps;
  for (const auto* all : {&plan.modules, &plan.rdma})
    for (const auto& step : *all) steps.push_back(step_of(step));
  for (const auto& pf : plan.pfs) {
    for (const auto& step : pf.steps) steps.push_back(step_of(step));
    for (const auto& refusal : pf.refusals) steps.push_back(step_of(pf.pf, refusal));
  }
  return steps;
}

std::string plan_text(const model::Plan& plan) {
  std::string text;
  unsigned number = 0;
  const auto say = [&](const model::Step& step) {
    text += fmt::format("{}. {}\n   why: {}\n   disruption: {}\n", ++number, model::describe(step.action), step.why,
                        word(step.disruption));
    if (!step.hits.empty()) {
      text += "   hits:";
      for (const auto& hit : step.hits) text += " " + hit.text();
      text += "\n";
    }
    if (step.waits_for) text += fmt::format("   waits for {}\n", *step.waits_for);
  };
  for (const auto* all : {&plan.modules, &plan.rdma})
    for (const auto& step : *all) say(step);
  for (const auto& pf : plan.pfs)
    for (const auto& step : pf.steps) say(step);
  for (const auto& pf : plan.pfs)
    for (const auto& refusal : pf.refusals)
      text += fmt::format("Not done on {}: {}{}\n", pf.pf.text(), refusal.error.text(),
                          refusal.forceable ? " (force would do it)" : "");
  if (number == 0) text = "Nothing to do.\n" + text;
  return utf8(text);
}

PlanStep reload_plan(const model::ReloadPlan& plan) {
  const auto clean = [](const std::vector<std::string>& names) {
    std::vector<std::string> all;
    for (const auto& name : names) all.push_back(utf8(name));
    return all;
  };
  std::vector<std::string> devices, obstacles, refusals;
  for (const auto& function : plan.functions) devices.push_back(function.text());
  for (const auto& obstacle : plan.obstacles)
    (obstacle.forceable ? obstacles : refusals).push_back(utf8(obstacle.text));
  return {{"Unload", clean(plan.unload)},
          {"Load", clean(plan.load)},
          {"Devices", std::move(devices)},
          {"Interfaces", clean(plan.interface_names)},
          {"RdmaDevices", clean(plan.rdma_devices)},
          {"Obstacles", std::move(obstacles)},
          {"Refusals", std::move(refusals)}};
}

std::string reload_plan_text(const model::ReloadPlan& plan) {
  constexpr std::array kLines{std::pair{"Unload", "Unload:"}, std::pair{"Load", "Load:"},
                              std::pair{"Devices", "Functions that lose their driver:"},
                              std::pair{"Interfaces", "Interfaces that go and come back:"},
                              std::pair{"RdmaDevices", "RDMA devices that go and come back:"}};
  const auto all = reload_plan(plan);
  const auto names = [&](const char* key) { return std::get<std::vector<std::string>>(all.at(key)); };
  std::string text;
  for (const auto& [key, title] : kLines) {
    if (names(key).empty()) continue;
    text += title;
    for (const auto& name : names(key)) text += " " + name;
    text += "\n";
  }
  for (const auto& refusal : names("Refusals")) text += "In the way, and force does not help: " + refusal + "\n";
  for (const auto& obstacle : names("Obstacles")) text += "In the way (force would do it): " + obstacle + "\n";
  if (plan.obstacles.empty()) text += "Nothing stands in the way.\n";
  return text;
}

std::string describe(const View& view, const model::Plan& plan) {
  Json root;
  root["Manager"] = json(view.manager);
  root["Problems"] = json(view.manager.problem_details);
  root["Devices"] = devices(view.devices);
  root["Modules"] = objects(view.modules);
  root["Resources"] = objects(view.resources);
  root["Jobs"] = objects(view.jobs);
  root["Plan"] = json(steps(plan));
  return root.dump();
}

}  // namespace nic::dbus
