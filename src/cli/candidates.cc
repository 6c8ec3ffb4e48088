#include "candidates.h"

#include <utility>

#include "command.h"
#include "core/character.h"
#include "core/choices.h"
#include "core/format.h"
#include "ctxcost/answer/evaluation_grid.h"
#include "ctxcost/answer/listing.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/weights/weight_scheme.h"
#include "input/json/file_key.h"
#include "render/schema.h"
#include "render/solve_document.h"
#include "shells.h"
#include "targets.h"
#include "topics.h"

namespace ctxcost::cli {
namespace {

std::string_view last_part(std::string_view id) { return id.substr(id.rfind('/') + 1); }

/// Collects what begins with the word.
class Offer {
 public:
  explicit Offer(std::string_view word) : word_(word) {}

  void add(std::string_view text, std::string_view meaning = {}) {
    if (text.size() < word_.size() || !text.starts_with(word_)) return;
    offered_.all.push_back({before_ + std::string(text), std::string(meaning)});
  }
  void add_files() { offered_.files = true; }

  /// What stands before the word and is kept: "--gpu=", "h100-sxm-80gb,".
  void keep(std::size_t size) {
    before_ += word_.substr(0, size);
    word_.remove_prefix(size);
  }
  std::string_view word() const { return word_; }
  Candidates take() { return std::move(offered_); }

 private:
  std::string_view word_;
  std::string before_;
  Candidates offered_;
};

void add_models(Offer& offer) {
  const bool whole = offer.word().find('/') != std::string_view::npos;
  const std::span<const CatalogueEntry> entries = catalogue();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string_view name = whole ? entries[i].id : last_part(entries[i].id);
    // Names are found whatever their case; shells offer what continues the word as it is typed.
    if (name.starts_with(offer.word())) {
      offer.add(name, listed_models()[i].family);
    } else {
      offer.add(lower_case(name), listed_models()[i].family);
    }
  }
  offer.add_files();
}

void add_gpus(Offer& offer) {
  for (const CatalogueEntry& entry : accelerator_catalogue()) offer.add(entry.id);
  offer.add_files();
}

void add_precisions(Offer& offer, bool Format::*stores) {
  for (const Format& format : formats()) {
    if (format.*stores) offer.add(format.name);
  }
}

void add_metrics(Offer& offer) {
  for (const std::span<const MetricInfo> some : {metrics(), device_metrics()}) {
    for (const MetricInfo& metric : some) offer.add(metric.name, metric.meaning);
  }
}

/// Of "vllm:block=32,draft=": a setting, or its value.
void add_settings(Offer& offer, const Engine& engine) {
  const std::string_view word = offer.word();
  const std::size_t comma = word.rfind(',');
  if (comma != std::string_view::npos) offer.keep(comma + 1);
  const std::string_view last = offer.word();
  const std::size_t equals = last.find('=');
  for (const EngineSetting& setting : engine.settings) {
    if (equals == std::string_view::npos) {
      offer.add(std::string(setting.name) + "=", setting.meaning);
    } else if (last.substr(0, equals) == setting.name) {
      offer.keep(equals + 1);
      if (setting.form == SettingForm::draft_model || setting.form == SettingForm::projector) return add_models(offer);
      for (const std::string_view choice : split_choices(setting.choices)) offer.add(choice);
      return;
    }
  }
}

void add_engines(Offer& offer) {
  const std::size_t colon = offer.word().find(':');
  const std::string_view name = offer.word().substr(0, colon);
  for (const Engine* const engine : engines()) {
    if (colon == std::string_view::npos) {
      offer.add(engine->name, engine->summary);
      if (!engine->settings.empty() && engine->name == name) offer.add(std::string(name) + ":", "with settings");
    } else if (engine->name == name) {
      offer.keep(colon + 1);
      return add_settings(offer, *engine);
    }
  }
}

/// The values of an option, or what the words of a command name.
void add_kind(Offer& offer, Completion kind, const Command& command) {
  switch (kind) {
    case Completion::none:
    case Completion::words:
    case Completion::length: break;
    case Completion::file: offer.add_files(); break;
    case Completion::model: add_models(offer); break;
    case Completion::gpu: add_gpus(offer); break;
    case Completion::kv_precision: add_precisions(offer, &Format::cache); break;
    case Completion::weights:
      add_precisions(offer, &Format::weights);
      for (const std::string_view name : gguf_file_type_names()) offer.add(name);
      break;
    case Completion::engine: add_engines(offer); break;
    case Completion::convention:
      for (const std::string_view name : {"article", "standard", "causal"}) offer.add(name);
      break;
    case Completion::format:
      if (command.formats == nullptr) break;
      for (const TargetFormat& format : command.formats()) offer.add(format.name);
      break;
    case Completion::metric: add_metrics(offer); break;
    case Completion::listing:
      for (const ListingKind& listing : listing_kinds()) offer.add(listing.name);
      break;
    case Completion::schema:
      for (const SchemaKind& schema : schema_kinds()) offer.add(schema.name);
      break;
    case Completion::question:
      for (const SolveQuestion& question : solve_questions()) offer.add(question.name);
      break;
    case Completion::test:
      for (const std::string_view name : kEvaluationTestNames) offer.add(name);
      break;
    case Completion::shell:
      for (const Shell& shell : shells()) offer.add(shell.name);
      break;
    case Completion::entry:
      add_models(offer);
      add_gpus(offer);
      for (const Mechanism* const mechanism : mechanisms()) {
        if (!mechanism->reader_only) offer.add(mechanism->kind, mechanism->summary);
      }
      for (const Engine* const engine : engines()) offer.add(engine->name, engine->summary);
      for (const Format& format : formats()) offer.add(format.name);
      add_metrics(offer);
      break;
    case Completion::help:
      add_kind(offer, Completion::command, command);
      for (const Topic& topic : topics()) offer.add(topic.name, topic.summary);
      break;
    case Completion::command:
      for (const Command* const one : commands()) offer.add(one->name, one->summary);
      break;
  }
}

/// Whether values of that kind are lists of names.
bool is_list(Completion kind) {
  return kind == Completion::gpu || kind == Completion::kv_precision || kind == Completion::weights ||
         kind == Completion::metric;
}

void add_values(Offer& offer, const Option& option, const Command& command) {
  for (const std::string_view word : words_of(option)) offer.add(word);
  if (is_list(option.completion)) {
    // The cards of one machine are joined by '+'.
    const std::size_t comma = offer.word().find_last_of(option.completion == Completion::gpu ? ",+" : ",");
    if (comma != std::string_view::npos) offer.keep(comma + 1);
  }
  add_kind(offer, option.completion, command);
}

void add_options(Offer& offer, const Command& command) {
  for (const Option& option : options_of(command)) {
    if (option.letter != 0 && offer.word() == "-") offer.add(std::string{'-', option.letter}, option.meaning);
    offer.add(option.name, option.meaning);
  }
}

}  // namespace

Candidates candidates(std::span<const std::string> words) {
  if (words.empty()) return {};
  Offer offer(words.back());
  words = words.first(words.size() - 1);
  const Command* command = words.empty() ? nullptr : find_command(words.front());
  if (command != nullptr) words = words.subspan(1);
  const bool first_of_all = command == nullptr && words.empty();
  if (command == nullptr) command = find_command("scale");

  // The words before this one that are no options and no values of options.
  std::size_t told = 0;
  bool marked = false;
  const Option* open = nullptr;  // its value is next
  for (const std::string& word : words) {
    if (open != nullptr) {
      open = nullptr;
    } else if (!marked && word == "--") {
      marked = true;
    } else if (!marked && word.size() > 1 && word[0] == '-') {
      const Option* const found = find_option(word);
      if (found != nullptr && !found->is_flag()) open = found;
    } else {
      ++told;
    }
  }
  if (open != nullptr) {
    add_values(offer, option_of(open->id, command->name), *command);
    return offer.take();
  }
  if (!marked && offer.word().starts_with('-')) {
    const std::size_t equals = offer.word().find('=');
    const Option* const named =
        equals == std::string_view::npos ? nullptr : find_option(offer.word().substr(0, equals));
    if (named != nullptr && !named->is_flag()) {
      offer.keep(equals + 1);
      add_values(offer, option_of(named->id, command->name), *command);
    } else {
      add_options(offer, *command);
    }
    return offer.take();
  }
  if (first_of_all) {
    add_kind(offer, Completion::command, *command);
    if (offer.word().empty()) return offer.take();  // a model is a word that has begun
  }
  const bool first = told == 0 && command->first_word != Completion::none;
  add_kind(offer, first ? command->first_word : command->words, *command);
  return offer.take();
}

}  // namespace ctxcost::cli
