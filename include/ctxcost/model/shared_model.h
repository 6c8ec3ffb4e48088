// A model with shared ownership.
#pragma once

#include <memory>
#include <utility>

#include "ctxcost/model/model.h"

namespace ctxcost {

/// Keeps a model alive for the values that use it (an `Estimator`, a `Setup`, a `Grid`), so that none of them can
/// outlive it: `Estimator(load_model("llama-3.1-8b"), {})` is safe. Copies refer to the same immutable model.
class SharedModel {
 public:
  /// Refers to no model. Assign one before use.
  SharedModel() = default;
  /// Takes a model by move.
  SharedModel(Model&& model)  // NOLINT(google-explicit-constructor)
      : model_(std::make_shared<const Model>(std::move(model))) {}
  /// Takes a copy of a model.
  SharedModel(const Model& model)  // NOLINT(google-explicit-constructor)
      : model_(std::make_shared<const Model>(model)) {}
  /// Refers to an already shared model.
  SharedModel(std::shared_ptr<const Model> model)  // NOLINT(google-explicit-constructor)
      : model_(std::move(model)) {}

  const Model& operator*() const { return *model_; }
  const Model* operator->() const { return model_.get(); }
  /// Returns whether it refers to a model.
  explicit operator bool() const { return model_ != nullptr; }

 private:
  std::shared_ptr<const Model> model_;
};

}  // namespace ctxcost
