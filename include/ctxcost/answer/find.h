// The answer of `find`: which models of the catalogue fit devices, in how wide types, and how far.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/deployment_question.h"
#include "ctxcost/core/count.h"

namespace ctxcost {

/// What is looked for, and which models are tried.
struct FindQuestion {
  /// The devices, the engine, the context and the batch: the first of each list. Its models are replaced by those of
  /// the catalogue. Its types of weights and cache are tried, widest first. Without types of weights: the model's own
  /// and the usual narrower ones of the engine. Without types of the cache: the model's own and the narrower ones that
  /// engines keep on the GPU.
  DeploymentQuestion devices;
  /// Beginnings of the families to try ("qwen3" for "qwen3_moe", too); empty: all.
  std::vector<std::string> families;
  std::optional<Count> least_parameters;
  std::optional<Count> most_parameters;
};

/// A model that fits.
struct FoundModel {
  std::string name;
  std::string id;
  std::string family;
  Count parameters;
  std::optional<Count> active_parameters;
  std::string weights;       ///< the widest type of those tried under which it fits
  std::string kv_precision;  ///< under it, the widest type of the cache
  Count context;
  Count batch;
  bool tight = false;
  bool takes_defaults = false;  ///< its figures take something for granted (`Model::assumptions`)
  std::optional<std::string_view> window_status;
  Count device_bytes;  ///< on the fullest device
  Count weights_bytes;
  Count device_kv_bytes;
  std::optional<Count> headroom_bytes;
  std::optional<Count> max_context;  ///< for the same sequences and types; empty: nothing bounds it
  std::string_view bound;            ///< what ends it: "memory", "window" or empty
  std::optional<double> decode_seconds_per_token;
  std::optional<double> decode_tokens_per_second;  ///< of all sequences
  std::optional<double> usd_per_million_prefill_tokens;
  std::optional<double> usd_per_million_decode_tokens;
  std::optional<double> joules_per_decode_token;

  /// "fits" or "tight".
  std::string_view verdict() const { return fit_verdict(true, tight); }
};

/// A model that has no answer, and why.
struct UnansweredModel {
  std::string name;
  std::string reason;
};

struct FindAnswer {
  std::string gpu;                 ///< "rtx-3090-24gb"; "rtx-3090-24gb+rtx-4090-24gb" of unequal cards
  std::string place;               ///< "rtx-3090-24gb:2"
  Placement placement;             ///< the devices
  std::optional<Count> context;    ///< as asked
  std::vector<FoundModel> models;  ///< most parameters first
  Count tried;                     ///< models that the filters leave
  Count beyond_window;             ///< of these, models with a shorter window than the context
  Count too_large;                 ///< of these, models that do not fit even in the narrowest types
  std::vector<UnansweredModel> unanswered;
  std::vector<std::string> notes;  ///< assumptions about the devices that all found models share
  /// Which of the found models take something for granted: class defaults, a context beyond the window.
  std::vector<std::string> assumptions;
};

/// Tries every model of the catalogue. Throws InputError if the question has no GPU, or if no model of the catalogue
/// has a family that begins so.
FindAnswer find_models(const FindQuestion& question);

}  // namespace ctxcost
