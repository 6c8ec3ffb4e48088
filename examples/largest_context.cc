// The longest context of a model on one device, by the exact search that `ctxcost solve context` makes.
//
//   largest_context [MODEL [GPU]]
#include <cstdio>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

int main(int argc, char** argv) {
  try {
    const ctxcost::Model model = ctxcost::load_model(argc > 1 ? argv[1] : "llama-3.1-8b");
    ctxcost::Setup setup{.model = model, .workload = {}, .engine = ctxcost::ideal_engine(), .settings = {}};
    setup.settings.gpu = ctxcost::load_accelerator(argc > 2 ? argv[2] : "rtx-4090-24gb");

    const ctxcost::Deployment deployment(setup);
    for (const int batch : {1, 2, 4}) {
      const ctxcost::LargestFit most = ctxcost::max_context(deployment, batch);
      std::printf("batch %d: %s\n", batch,
                  most.value ? (to_string(*most.value) + " tokens each").c_str() : "does not fit");
    }
  } catch (const ctxcost::InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
