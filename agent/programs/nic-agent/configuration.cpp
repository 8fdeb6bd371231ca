#include "nic-agent/configuration.hpp"

#include "config/layers.hpp"
#include "config/load.hpp"
#include "config/parse_toml.hpp"

#include <sys/inotify.h>

#include <algorithm>
#include <utility>

namespace nic::daemon {
namespace {

using model::Error;

constexpr auto kQuiet = std::chrono::milliseconds{200};
constexpr auto kMost = std::chrono::seconds{2};

}  // namespace

Configuration::Configuration(sd_event* event, loop::Mailbox::Post post, model::Roots roots,
                             std::function<void(Result)> loaded)
    : event_{event},
      post_{std::move(post)},
      roots_{std::move(roots)},
      loaded_{std::move(loaded)},
      debounce_{event, kQuiet, kMost, [this] { reload([](const auto&) {}); }} {
  watch();
}

void Configuration::watch() {
  watches_.clear();
  for (const auto& folder : config::watch_directories(roots_, files_)) {
    auto watch = std::make_unique<loop::DirectoryWatch>(
        event_, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_DELETE_SELF,
        [this](const char*, std::uint32_t) { debounce_.touch(); });
    // A folder that is not there yet is seen when it is made, by the watch on the one above it.
    if (watch->opened()) watches_.push_back(std::move(watch));
  }
}

void Configuration::reload(Done done) {
  queue_.push_back({{}, std::move(done)});
  next();
}

void Configuration::set_layer(const std::string& name, const std::string& text, Done done) {
  queue_.push_back({[roots = roots_, name, text]() -> std::expected<void, Error> {
                      auto layers = config::load_layers(roots);
                      if (!layers) return std::unexpected(layers.error());
                      std::erase_if(*layers, [&](const auto& layer) { return layer.name == name; });
                      layers->push_back({name, text});
                      if (const auto whole = config::load(roots, *layers); !whole)
                        return std::unexpected(whole.error().front());
                      return config::store_layer(roots, {name, text});
                    },
                    std::move(done)});
  next();
}

void Configuration::remove_layer(const std::string& name, Done done) {
  queue_.push_back({[roots = roots_, name] { return config::remove_layer(roots, name); }, std::move(done)});
  next();
}

std::expected<std::string, Error> Configuration::layer(const std::string& name) const {
  const auto found = std::ranges::find(layers_, name, &config::Layer::name);
  if (found != layers_.end()) return found->text;
  return std::unexpected(Error{model::Code::not_found, 0, "find the layer", name, "nobody has set it"});
}

struct Configuration::Outcome {
  std::expected<void, Error> first;
  Result read;
  std::vector<config::Layer> layers;
};

// One piece of work at a time, in the order of asking: what the last one wrote is what the next one reads.
void Configuration::next() {
  if (busy_ || queue_.empty()) return;
  busy_ = true;
  auto wanted = std::make_shared<Wanted>(std::move(queue_.front()));
  queue_.erase(queue_.begin());
  auto outcome = std::make_shared<Outcome>();
  reading_ = std::make_unique<apply::Task>(
      post_,
      [roots = roots_, before = plugin_files_, wanted, outcome] {
        if (wanted->first) outcome->first = wanted->first();
        if (!outcome->first) return;
        if (auto layers = config::load_layers(roots)) {
          outcome->layers = std::move(*layers);
          outcome->read = config::load(roots, outcome->layers, before);
        } else {
          outcome->read = std::unexpected(std::vector<Error>{layers.error()});
        }
      },
      [this, wanted, outcome] {
        busy_ = false;
        bool unwatched = false;
        if (outcome->first && outcome->read) {
          auto files = config::files_named(*outcome->read);
          unwatched = files != files_ && !files.empty();
          files_ = std::move(files);
          plugin_files_ = outcome->read->plugin_files;
        }
        watch();  // folders may have come or gone
        // What was written to a file between its reading and the first watch on it nobody has seen.
        if (unwatched) debounce_.touch();
        std::expected<void, Error> answer = outcome->first;
        if (answer) {
          layers_ = std::move(outcome->layers);
          if (!outcome->read)
            answer = std::unexpected(outcome->read.error().front());
          else if (!wanted->first && !outcome->read->problems.empty())
            answer = std::unexpected(outcome->read->problems.front());
          loaded_(std::move(outcome->read));
        }
        wanted->done(answer);
        next();
      });
}

}  // namespace nic::daemon
