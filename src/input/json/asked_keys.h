// Which keys a reader asks objects of JSON for. What it does not ask for does not change what it reads.
#pragma once

#include <bitset>
#include <cstddef>
#include <string_view>

namespace ctxcost {

/// A set of keys. It may hold more than were put in, and never fewer.
class AskedKeys {
 public:
  bool may_hold(std::string_view key) const { return keys_.test(place_of(key)); }

  /// Puts every key that is asked for in this thread into a set, for as long as it lives.
  class Watch {
   public:
    explicit Watch(AskedKeys& asked) : before_(watched_) { watched_ = &asked; }
    ~Watch() { watched_ = before_; }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    AskedKeys* before_;
  };

  /// Of a reader that looks for a key.
  static void ask(std::string_view key) {
    if (watched_ != nullptr) watched_->keys_.set(place_of(key));
  }

 private:
  static constexpr std::size_t kPlaces = 4096;
  static std::size_t place_of(std::string_view key) {
    std::size_t hash = key.size();
    for (const char c : key) hash = hash * 31 + static_cast<unsigned char>(c);
    return hash % kPlaces;
  }

  static constinit inline thread_local AskedKeys* watched_ = nullptr;
  std::bitset<kPlaces> keys_;
};

}  // namespace ctxcost
