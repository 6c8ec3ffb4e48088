# Build step: writes the parts of a report's page that are no C++ as string tables, so that the program needs no file.
#
#   cmake -DOUTPUT=FILE -DSOURCE_DIR=DIR -P embed.cmake
set(parts
  kPageStyle src/render/report_page/page.css
  kPageScript src/render/report_page/page.js
  kChartLicense third_party/uplot/LICENSE
  kChartStyle third_party/uplot/uPlot.min.css
  kChartScript third_party/uplot/uPlot.iife.min.js)
set(text "// Made by src/render/report_page/embed.cmake.\n#include \"render/report_page/parts.h\"\n\nnamespace ctxcost {\n\n")
while(parts)
  list(POP_FRONT parts name file)
  file(READ "${SOURCE_DIR}/${file}" part)
  # The end of a literal, and what would end the element that the part stands in.
  if(part MATCHES "\\)part\"|</[Ss][Cc][Rr][Ii][Pp][Tt]|</[Ss][Tt][Yy][Ll][Ee]|<!--")
    message(FATAL_ERROR "${file}: it cannot stand in a page")
  endif()
  # Compilers take 64 KB of a literal for granted.
  string(LENGTH "${part}" size)
  if(size GREATER 65535)
    message(FATAL_ERROR "${file}: expected at most 65,535 characters, found ${size}")
  endif()
  string(APPEND text "const std::string_view ${name} = R\"part(${part})part\";\n\n")
endwhile()
string(APPEND text "}  // namespace ctxcost\n")
file(WRITE "${OUTPUT}" "${text}")
