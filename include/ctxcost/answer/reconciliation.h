// What an engine's start-up log prints, beside what the engine's rules give: the answer of `reconcile`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/core/signed_count.h"
#include "ctxcost/deployment/accelerator.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/input/engine_log.h"
#include "ctxcost/model/shared_model.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost {

/// A log, the models to hold it against, and the settings that the log may not print. Settings that it prints must not
/// be contradicted.
struct ReconcileQuestion {
  EngineLog log;
  std::vector<SharedModel> models;     ///< at least one
  std::optional<EngineChoice> engine;  ///< its settings come on top of those of the log
  std::optional<Count> context;
  std::optional<Count> batch;
  std::optional<Count> kv_memory;  ///< bytes of each device for the cache
  std::optional<KvPrecision> kv;
  std::optional<WeightScheme> weights;
  std::optional<Parallelism> parallelism;
  std::optional<Accelerator> gpu;
  std::optional<Count> gpus;  ///< split as the engine does
  std::optional<Fraction> utilization;
};

/// The words of a verdict on one figure.
inline constexpr std::string_view kAgreementWords[] = {"agrees", "differs", "no rule"};
enum class Agreement { agrees, differs, no_rule };

/// One figure of the log, and the same by the engine's rules.
struct ReconciledFigure {
  LogFinding printed;
  std::optional<Count> ours;    ///< exact; empty if it is a ratio, or nothing is known
  std::optional<double> ratio;  ///< of a concurrency or a percentage
  Agreement verdict = Agreement::no_rule;

  /// Returns ours less what is printed, where both are integers: 0 within the printed precision, else the distance to
  /// the nearest integer that is printed so.
  std::optional<SignedCount> difference() const;
};

/// A setting that was used.
struct ReconciledSetting {
  std::string name;  ///< "context", "engine block"
  std::string value;
  std::size_t line = 0;     ///< of the log; 0 = see `origin`
  std::string_view origin;  ///< "log", "release", "asked"
};

/// One model beside the log.
struct Reconciliation {
  SharedModel model;
  EngineChoice engine;  ///< with the settings of the log
  KvPrecision kv;
  Parallelism parallelism;
  std::optional<Count> context;
  std::optional<Count> batch;
  std::vector<ReconciledSetting> settings;
  std::vector<ReconciledFigure> figures;  ///< in the order of the log's lines

  std::optional<Count> weights;      ///< bytes of a device
  std::optional<Count> activations;  ///< bytes of a device, as `fit` counts them
  /// Bytes that a device takes beside weights and cache. Empty if the log does not tell.
  std::optional<Count> beside;
  /// The same less the activations that `fit` counts on its own: for `--overhead`. Empty if there is less than those.
  std::optional<Count> overhead;
  std::vector<std::string> notes;

  /// Returns whether no figure that has a rule differs.
  bool agrees() const;
};

struct ReconcileAnswer {
  EngineLog log;
  std::vector<Reconciliation> models;  ///< in the order of the question

  /// Returns whether every model agrees.
  bool agrees() const;
};

/// Holds the log against each model. Allocations (llama.cpp, SGLang, TensorRT-LLM) are those of the tokens that the log
/// prints; for vLLM the memory for the cache is given, and tokens, blocks and concurrency follow from it: they agree if
/// they follow from one number of bytes that is printed like the log's. Throws InputError if ctxcost has no rules for
/// that engine, if the log does not give what a rule needs and the question does not either, or if a setting
/// contradicts the log.
ReconcileAnswer reconcile(const ReconcileQuestion& question);

}  // namespace ctxcost
