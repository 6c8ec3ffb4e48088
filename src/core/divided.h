// The parts of a text between separators, one after another, without a copy: "a,b" has two, "a," has two, "" has one.
#pragma once

#include <cstddef>
#include <string_view>

namespace ctxcost {

class Divided {
 public:
  struct End {};

  class Part {
   public:
    Part(std::string_view text, char separator) : rest_(text), separator_(separator) { take(); }

    std::string_view operator*() const { return part_; }
    Part& operator++() {
      if (last_) {
        over_ = true;
      } else {
        take();
      }
      return *this;
    }
    bool operator!=(End /*end*/) const { return !over_; }

   private:
    void take() {
      const std::size_t at = rest_.find(separator_);
      part_ = rest_.substr(0, at);
      last_ = at == std::string_view::npos;
      if (!last_) rest_.remove_prefix(at + 1);
    }

    std::string_view rest_;
    std::string_view part_;
    char separator_;
    bool last_ = false;
    bool over_ = false;
  };

  Divided(std::string_view text, char separator) : text_(text), separator_(separator) {}

  [[nodiscard]] Part begin() const { return {text_, separator_}; }
  [[nodiscard]] static End end() { return {}; }

 private:
  std::string_view text_;
  char separator_;
};

/// The parts of `text` between separators, each a view into it; never none. For a range-based `for`.
inline Divided divided(std::string_view text, char separator) { return {text, separator}; }

}  // namespace ctxcost
