# Installs the build tree into a scratch prefix, then configures, builds and runs the consumer against it, as found by CMake
# and by pkg-config. tests/packages/run holds what is in the packages.
# Needs BUILD_DIR, SOURCE_DIR, WORK_DIR, CXX, CXX_FLAGS, LINK_FLAGS, BUILD_TYPE.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV} failed: ${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${WORK_DIR}/prefix)
foreach(file man/man1/ctxcost.1 bash-completion/completions/ctxcost zsh/site-functions/_ctxcost
        fish/vendor_completions.d/ctxcost.fish)
  if(NOT EXISTS ${WORK_DIR}/prefix/share/${file})
    message(FATAL_ERROR "share/${file} is not installed")
  endif()
endforeach()
run(${CMAKE_COMMAND} -S ${SOURCE_DIR} -B ${WORK_DIR}/build -G Ninja -DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix
    -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_FLAGS=${CXX_FLAGS} -DCMAKE_EXE_LINKER_FLAGS=${LINK_FLAGS}
    -DCMAKE_BUILD_TYPE=${BUILD_TYPE})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${WORK_DIR}/build/consumer)

file(GLOB directory ${WORK_DIR}/prefix/*/pkgconfig ${WORK_DIR}/prefix/*/*/pkgconfig)
execute_process(COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${directory} pkg-config --cflags --libs ctxcost
  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
separate_arguments(more UNIX_COMMAND "${CXX_FLAGS} ${LINK_FLAGS}")
run(${CXX} -std=c++20 ${SOURCE_DIR}/main.cc ${flags} ${more} -o ${WORK_DIR}/by_pkg_config)
run(${WORK_DIR}/by_pkg_config)
