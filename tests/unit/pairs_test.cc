#include "ctxcost/mechanism/pairs.h"

#include <doctest/doctest.h>

using namespace ctxcost;

TEST_CASE("closed forms give the vectors of docs/cost-model.md section 3") {
  struct Row {
    const char* name;
    Count found;
    Count expected;
  };
  const Row rows[] = {
      {"P_causal(4096)", pairs::causal(4096), 8390656},
      {"P_causal(131072)", pairs::causal(131072), 8590000128},
      {"P_swa(16384,4096)", pairs::sliding(16384, 4096), 58722304},
      {"P_swa(32768,4096)", pairs::sliding(32768, 4096), 125831168},
      {"P_swa(131072,1024)", pairs::sliding(131072, 1024), 133693952},
      {"P_swa(131072,128)", pairs::sliding(131072, 128), 16769088},
      {"P_chunk(131072,8192)", pairs::chunked(131072, 8192), 536936448},
      {"P_chunk(100000,8192)", pairs::chunked(100000, 8192), 404141392},
      {"P_win(4096,256)", pairs::band(4096, 256), 2035456},
      {"P_dil(4096,256,4)", pairs::dilated(4096, 256, 4), 918016},
      {"P_str1(12288,128)", pairs::sliding(12288, 129), 1576896},
      {"P_str2(12288,128)", pairs::strided(12288, 128), 595968},
      {"P_chunk(12288,128)", pairs::chunked(12288, 128), 792576},
      {"P_fix2(12288,128,8)", pairs::fixed(12288, 128, 8), 4672896},
      {"P_xl(4096,512,512)", pairs::segment_memory(4096, 512, 512), 2885632},
      {"P_xl(4096,512,2048)", pairs::segment_memory(4096, 512, 2048), 6817792},
      {"P_xl(3840,384,384)", pairs::segment_memory(3840, 384, 384), 2066304},
      {"P_sink(65536,4,2044)", pairs::sliding(65536, 2048), 132121600},
      {"P_cmp(65536,32,16)", pairs::compressed(65536, 32, 16), 134123535},
      {"P_sel(65536,64,16)", pairs::selected(65536, 64, 16), 64552960},
      {"P_vs(131072, 1000 columns, 6096 offsets)", pairs::vertical_slash(131072, 1000, 6096), 904913852},
      {"P_lf(4096,256,1)", pairs::longformer(4096, 256, 1), 2043134},
      {"P_lf(4096,256,16)", pairs::longformer(4096, 256, 16), 2158064},
      {"BigBird 4096", pairs::bigbird(4096, 64, 3), 2547712},
      {"generation of 256 after 4096", pairs::extend(4096, 256), 1081472},
  };
  for (const Row& row : rows) CHECK_MESSAGE(row.found == row.expected, row.name, " gave ", to_string(row.found));
}
