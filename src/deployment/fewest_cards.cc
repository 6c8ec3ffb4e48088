#include "ctxcost/deployment/solve.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"

namespace ctxcost {
namespace {

/// A set counts again for every so many kinds of layers.
constexpr std::size_t kKindsOfSet = 32;

/// The sets of cards of one size, those of most memory first.
class CardSets {
 public:
  explicit CardSets(const Machine& stock) : stock_(stock), order_(stock.groups.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return stock.groups[b].gpu.memory() < stock.groups[a].gpu.memory();
    });
  }

  /// Starts with as many cards as possible of each kind in turn.
  void start(Count cards) {
    taken_.assign(order_.size(), 0);
    fill(0, cards);
  }

  /// Goes on to the next set. Returns false after the last one.
  bool next() {
    // The last place from which one card can move to the places behind it.
    Count behind, room;
    for (std::size_t i = order_.size(); i-- > 0;) {
      if (taken_[i] > 0 && behind + 1 <= room) {
        taken_[i] = taken_[i] - 1;
        fill(i + 1, behind + 1);
        return true;
      }
      behind += taken_[i];
      room += stock_.groups[order_[i]].count;
    }
    return false;
  }

  /// The set, in the order of the stock.
  Machine machine() const {
    std::vector<Count> counts(order_.size());
    for (std::size_t i = 0; i < order_.size(); ++i) counts[order_[i]] = taken_[i];
    Machine machine;
    for (std::size_t g = 0; g < counts.size(); ++g) {
      if (counts[g] == 0) continue;
      machine.groups.push_back(stock_.groups[g]);
      machine.groups.back().count = counts[g];
    }
    return machine;
  }

 private:
  void fill(std::size_t from, Count cards) {
    for (std::size_t i = from; i < order_.size(); ++i) {
      taken_[i] = min(cards, stock_.groups[order_[i]].count);
      cards = cards - taken_[i];
    }
  }

  const Machine& stock_;
  std::vector<std::size_t> order_;  // of the groups, by memory
  std::vector<Count> taken_;        // of each, in that order
};

/// A set of cards is a deployment of its own: with the kinds of layers it costs more.
void check_sets(const Machine& stock, const Model& model) {
  const std::size_t kinds = std::max<std::size_t>(model.groups.size(), 1);
  const Count most = kMostCardSets / ceil_div(kinds, kKindsOfSet);
  Count sets = 1;
  for (const CardGroup& group : stock.groups) sets = min(sets, most) * (group.count + 1);
  if (sets <= most) return;
  const bool few = kinds <= kKindsOfSet;
  throw InputError(setting_fault("gpu",
                                 "expected a stock of at most " + with_separators(most) + " sets of cards" +
                                     (few ? "" : " for a model of " + with_separators(kinds) + " kinds of layers") +
                                     ", found more",
                                 "name fewer cards"));
}

}  // namespace

Machine largest_cards(const Machine& machine, Count cards) {
  CardSets sets(machine);
  sets.start(cards);
  return sets.machine();
}

FewestGpus fewest_cards(const Setup& setup, Count context, Count batch) {
  const Machine& stock = *setup.settings.machine;
  check_sets(stock, *setup.model);
  const auto degree = spread_degree(*setup.engine.engine);
  const Count all = stock.cards();
  const Count most = most_ranks(setup);
  FewestGpus fewest;
  std::optional<InputError> fault;
  CardSets sets(stock);
  for (Count ranks = 1; ranks <= most; ranks += 1) {
    Setup candidate = setup;
    Parallelism& parallelism = candidate.settings.parallelism;
    parallelism.*degree = ranks;
    const Count cards = parallelism.devices();
    if (cards > all) break;
    if (ranks > 1 && !divides_evenly(*setup.model, parallelism.tensor)) {
      fewest.refused.push_back(cards);
      continue;
    }
    sets.start(cards);
    bool more = true;
    for (bool first = true; more; first = false, more = sets.next()) {
      const Machine machine = sets.machine();
      set_cards(candidate.settings, machine);
      std::optional<Deployment> deployment;
      try {
        deployment.emplace(candidate);
      } catch (const InputError& error) {
        // The model or the engine refuses that number of cards, whichever they are.
        if (!fault) fault = error;
        fewest.refused.push_back(cards);
        break;
      }
      if (first) {
        fewest.parallelism = parallelism;
        fewest.cards = machine;
      }
      if (!deployment->within_window(context)) return fewest;
      if (!deployment->fits(context, batch)) continue;
      fewest.cards = machine;
      fewest.gpus = cards;
      return fewest;
    }
  }
  if (!fewest.cards) {
    if (fault) throw InputError(*fault);
    throw InputError(
        setting_fault("gpu", setup.settings.machine->name() + " has fewer cards than the split needs", ""));
  }
  return fewest;
}

}  // namespace ctxcost
