#include "ctxcost/deployment/requests.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"

namespace ctxcost {
namespace {

/// No search tries more neighbours one by one.
constexpr Count kMostRipple = 10'000;
/// Kinds of layers at every length, for as many numbers of users as there are lengths: under a second.
constexpr std::uint64_t kMostEvaluations = 4'000'000;

/// The share's parts of `whole`, which all shares divide.
Count parts_of(const Fraction& share, Count whole) { return share.numerator * (whole / share.denominator); }

/// The smallest number that all denominators divide.
Count common_denominator(const std::vector<RequestLength>& lengths) {
  std::uint64_t common = 1;
  for (const RequestLength& length : lengths) {
    const std::uint64_t own = length.share.denominator.u64();
    common = (Count{common} * (own / std::gcd(common, own))).u64();
  }
  return common;
}

}  // namespace

Count RequestMix::longest() const {
  Count most = one_more.value_or(0);
  for (const RequestLength& length : lengths) most = max(most, length.tokens);
  return most;
}

Count RequestMix::shortest() const {
  Count fewest = one_more.value_or(lengths.front().tokens);
  for (const RequestLength& length : lengths) fewest = min(fewest, length.tokens);
  return fewest;
}

SequenceMix RequestMix::of(Count users, Count context) const {
  const Count shortest_asked = lengths.empty() ? context : shortest();
  if (shared_prefix > shortest_asked) {
    throw InputError(setting_fault("shared_prefix",
                                   "expected at most the " + with_separators(shortest_asked) +
                                       " tokens of the shortest request, found " + with_separators(shared_prefix),
                                   "a request is its prefix, the rest of its prompt and its answer"));
  }
  SequenceMix mix{{}, shared_prefix};
  if (lengths.empty()) {
    mix.groups.push_back({context, users});
    return mix;
  }
  if (context != longest()) {
    throw InputError(setting_fault(
        "lengths", "they say how long requests are: a context of " + with_separators(context) + " cannot be asked for",
        "leave out either of them"));
  }
  struct Share {
    Count tokens, users, remainder;
  };
  const Count whole = common_denominator(lengths);
  std::vector<Share> shares;
  Count left = users;
  for (const RequestLength& length : lengths) {
    const Count parts = users * parts_of(length.share, whole);
    left -= parts / whole;
    shares.push_back({length.tokens, parts / whole, parts % whole});
  }
  std::stable_sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) {
    return a.remainder != b.remainder ? b.remainder < a.remainder : b.tokens < a.tokens;
  });
  for (Share& share : shares) {
    if (left == 0) break;
    share.users += 1;
    left -= 1;
  }
  if (one_more) shares.push_back({*one_more, 1, 0});
  std::stable_sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) { return b.tokens < a.tokens; });
  for (const Share& share : shares) {
    if (share.users == 0) continue;
    const bool same = !mix.groups.empty() && mix.groups.back().tokens == share.tokens;
    if (same) {
      mix.groups.back().sequences += share.users;
    } else {
      mix.groups.push_back({share.tokens, share.users});
    }
  }
  return mix;
}

/// A length has its exact share of the users within less than one user. So the tokens of N users differ from N means by
/// less than the sum of all lengths, and those of N + k are more where k means are twice that sum. After a common
/// denominator of users the same repeats.
Count RequestMix::ripple() const {
  constexpr std::size_t kMayFall = 3;
  if (lengths.size() < kMayFall) return 0;
  const Count whole = common_denominator(lengths);
  Count sum, mean_parts;
  for (const RequestLength& length : lengths) {
    sum += length.tokens;
    mean_parts += length.tokens * parts_of(length.share, whole);
  }
  return min(kMostRipple, min(whole, ceil_div(2 * sum * whole, mean_parts)));
}

std::string RequestMix::name() const {
  if (one_more) return to_string(lengths.front().tokens) + ":" + to_string(*one_more);
  std::string text;
  for (const RequestLength& length : lengths) {
    if (!text.empty()) text += ", ";
    text += to_string(length.tokens);
    text += ' ';
    text += percent_text(length.share);
  }
  return text;
}

Count most_lengths(std::size_t kinds) {
  const std::uint64_t squared = kMostEvaluations / std::max<std::uint64_t>(kinds, 1);
  auto most = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(squared)));
  while (most * most > squared) --most;
  return most;
}

void check_requests(const RequestMix& requests, const Model& model) {
  const std::size_t kinds = model.groups.size();
  const std::size_t lengths = requests.lengths.size();
  const Count most = most_lengths(kinds);
  if (Count{lengths} <= most) return;
  throw InputError(setting_fault("lengths",
                                 "expected at most " + with_separators(most) + " lengths for the " +
                                     with_separators(kinds) + " kinds of layers of " + model.name + ", found " +
                                     with_separators(lengths),
                                 "round them, so that fewer differ"));
}

void check_shares(const std::vector<RequestLength>& lengths) {
  const Count whole = common_denominator(lengths);
  Count sum;
  for (const RequestLength& length : lengths) sum += parts_of(length.share, whole);
  if (sum == whole) return;
  const Count divisor = std::gcd(sum.u64(), whole.u64());
  const Fraction found{sum / divisor, whole / divisor};
  throw InputError(setting_fault("lengths",
                                 "expected shares that add up to 1, found " + to_string(found.numerator) + "/" +
                                     to_string(found.denominator) + " (" + percent_text(found) + ")",
                                 ""));
}

}  // namespace ctxcost
