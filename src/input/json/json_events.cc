#include "json_events.h"

// Readers work on text in memory and have their own messages.
#define JSON_NO_IO 1
#define JSON_DIAGNOSTICS 0
#include <nlohmann/json.hpp>

namespace ctxcost {
namespace {

/// nlohmann's names for the calls of `JsonEvents`.
class Sax {
 public:
  using Json = nlohmann::json;

  explicit Sax(JsonEvents& events) : events_(events) {}

  bool null() { return events_.null(); }
  bool boolean(bool value) { return events_.boolean(value); }
  bool number_integer(std::int64_t value) { return events_.number(value); }
  bool number_unsigned(std::uint64_t value) { return events_.number(value); }
  bool number_float(double, const std::string& text) { return events_.number(std::string_view(text)); }
  bool string(std::string& text) { return events_.string(text); }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return events_.start_object(); }
  bool key(std::string& name) { return events_.key(name); }
  bool end_object() { return events_.end_object(); }
  bool start_array(std::size_t) { return events_.start_array(); }
  bool end_array() { return events_.end_array(); }
  bool parse_error(std::size_t position, const std::string&, const Json::exception&) {
    events_.fault(position);
    return false;
  }

 private:
  JsonEvents& events_;
};

}  // namespace

bool read_json_events(std::string_view text, JsonEvents& events) {
  Sax sax(events);
  return nlohmann::json::sax_parse(text.data(), text.data() + text.size(), &sax);
}

}  // namespace ctxcost
